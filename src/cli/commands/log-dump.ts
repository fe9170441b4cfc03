/** `mirrorctl log dump LOG`: what a dirty log says, whoever wrote it. */
import { EXIT } from '../../errors/mirror-error.ts';
import { dumpLog } from '../../forensics/log-dump.ts';
import { describeDump } from '../../forensics/log-dump-text.ts';
import type { Command } from '../command.ts';
import { LOG_ARGUMENT, MIRROR_FACT_FLAGS, readLogInput } from '../log-words.ts';

/** As many as a person would read; a script takes --json. */
const RUNS_SHOWN_MAX = 20;

export const command: Command = {
  args: [LOG_ARGUMENT],
  flags: { ...MIRROR_FACT_FLAGS },
  changes: false,
  examples: [
    { words: 'mirrorctl log dump m0', does: 'the log of the mirror m0, also while it is active' },
    { words: 'mirrorctl log dump /dev/vg/lv_mlog --size 6m', does: 'a log that LVM keeps' },
    { words: 'mirrorctl log dump pv.img@1048576 --json', does: 'a log inside a disk image' },
  ],
  notes: [
    'Opens the log for reading only and changes nothing, no time stamp either.',
    'A log does not record its region size, the mirror’s length or its legs. Where the length is known (--size), the region size follows from it, and the report says so.',
    'The report says what a kernel and what mirrorctl would do if the mirror were activated on this log now.',
  ],

  async run(outside, input, flags) {
    const { excerpt, facts } = readLogInput(outside, input.one('LOG'), flags);
    const dump = dumpLog(excerpt, facts);
    const lines = flags.has('json') ? [JSON.stringify(dump)] : describeDump(dump, RUNS_SHOWN_MAX);
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};
