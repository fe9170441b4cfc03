/** `mirrorctl log dump LOG`: what a dirty log says, whoever wrote it. */
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { dumpLog } from '../../forensics/log-dump.ts';
import { describeMdBitmap } from '../../forensics/md-bitmap-text.ts';
import type { Command } from '../command.ts';
import { DUMP_FORMATS, formatDump } from '../dump-formats.ts';
import type { Flags } from '../given.ts';
import { AT_FLAG, readThen } from '../history-log.ts';
import { LIVE_FLAG, LOG_UNLESS_LIVE, readLogOrLive } from '../live-log.ts';
import type { LogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import { writeNewFile } from '../new-output.ts';

export const command: Command = {
  args: [LOG_UNLESS_LIVE],
  flags: {
    ...LIVE_FLAG,
    ...AT_FLAG,
    ...MIRROR_FACT_FLAGS,
    format: {
      value: 'required',
      metavar: 'FORMAT',
      choices: DUMP_FORMATS,
      help: `text; json, from which log restore makes the log again; map as nbdinfo --map; csv; a ddrescue mapfile; an annotated hexdump; dm, the table line; the pictures pbm, svg, png`,
    },
    map: { value: 'none', help: 'a picture for the terminal, as --format picture' },
    output: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'write there instead; the file must not exist yet',
    },
  },
  changes: false,
  examples: [
    { words: 'mirrorctl log dump m0', does: 'the log of the mirror m0, also while it is active' },
    { words: 'mirrorctl log dump /dev/vg/lv_mlog --size 6m', does: 'a log that LVM keeps' },
    { words: 'mirrorctl log dump pv.img@1048576 --json', does: 'a log inside a disk image' },
    { words: 'mirrorctl log dump --live m0', does: 'what its engine has in memory now' },
    { words: 'mirrorctl log dump m0 --at -2h', does: 'what it said two hours ago' },
    { words: 'mirrorctl log dump m0 --format png --output m0.png', does: 'a picture of it' },
  ],
  notes: [
    'Opens the log for reading only and changes nothing, no time stamp either.',
    'A log does not record its region size, the mirror’s length or its legs. Where the length is known (--size), the region size follows from it, and the report says so.',
    'The report says what a kernel and what mirrorctl would do if the mirror were activated on this log now.',
    'An md write-intent bitmap, in a file or inside a member of an array, is shown too, as mdadm -X does. There 1 is dirty.',
    'In pictures a cell is one region, or several where there are too many; a cell with any dirty region in it shows.',
  ],

  async run(outside, input, flags) {
    const format = formatFrom(flags);
    const word = input.optional('LOG');
    const log =
      (await readThen(outside, word, flags)) ?? (await readLogOrLive(outside, word, flags));
    const formatted = inFormat(log, format, outside.columns());
    const output = flags.value('output');
    if (output !== null) writeNewFile(outside, output, formatted);
    else if (typeof formatted === 'string') outside.print(formatted);
    else throw new MirrorError('USAGE', `${format} is not text`, {}, 'write it with --output FILE');
    return EXIT.ok;
  },
};

function inFormat(log: LogInput, format: string, columns: number): Uint8Array | string {
  if (log.mdBitmap === null) {
    return formatDump(format, dumpLog(log.excerpt, log.facts), log, columns);
  }
  if (format === 'json') return `${JSON.stringify(log.mdBitmap)}\n`;
  if (format === 'text') return `${describeMdBitmap(log.mdBitmap).join('\n')}\n`;
  const message = `${log.place.shown} is an md bitmap, which is shown as text or json only`;
  throw new MirrorError('USAGE', message, {}, 'leave --format out, or add --json');
}

function formatFrom(flags: Flags): string {
  const asked = [
    ...(flags.has('json') ? ['json'] : []),
    ...(flags.has('map') ? ['picture'] : []),
    ...(flags.value('format') === null ? [] : [flags.value('format') ?? '']),
  ];
  const [format = 'text', ...others] = new Set(asked);
  if (others.length === 0) return format;
  const message = `one format at a time, not ${[format, ...others].join(' and ')}`;
  throw new MirrorError('USAGE', message, {}, 'name one of them');
}
