/** `mirrorctl tui --export FILE`: a picture of what the dashboard would show, without a terminal. */
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { readDefinition } from '../registry/definition-file.ts';
import { whoActivated } from '../registry/mirror-lock.ts';
import type { TerminalTraits } from '../tui/terminal-traits.ts';
import type { Source } from '../watch/mirror-watch.ts';
import type { Flag } from './command.ts';
import type { Flags } from './given.ts';
import { readLogInput } from './log-words.ts';
import { offlineFacts, offlineStatus } from './offline-status.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

export const PICTURE_FLAGS = {
  export: {
    value: 'required',
    metavar: 'FILE',
    completes: 'file',
    help: 'write what would be on the screen to FILE.svg, .png or .txt, which must not exist yet, and leave',
  },
  'screen-size': {
    value: 'required',
    metavar: 'COLSxROWS',
    help: 'of the picture; default 160x48',
  },
  at: { value: 'required', metavar: 'SECS', help: 'of --replay, that moment; default its end' },
} as const satisfies Readonly<Record<string, Flag>>;

const SIZE_DEFAULT = '160x48';
/** Long enough for a log, in which nothing ever happens, to be looked at more than once. */
const LOG_SECONDS = 3;
/** The status is looked at about once a second, also for the last time. */
const LAST_LOOK_SECONDS = 1;
const ALL_COLOURS = 16_777_216;

/** Throws USAGE where a flag would be ignored. */
export function refusePictureFlags(flags: Flags): void {
  const given = ['screen-size', 'at'].find((name) => flags.has(name));
  if (given === undefined) return;
  throw new MirrorError('USAGE', `--${given} is about pictures`, {}, 'add --export FILE');
}

/** `open`: what to look at, on a clock in seconds. Throws USAGE, CANNOT_CREATE, and what `open` does. */
export async function exportPicture(
  outside: Outside,
  flags: Flags,
  open: (now: () => number) => Promise<{ readonly source: Source }>,
): Promise<void> {
  const { exportLive, exportPast, parseScreenSize } = await import('../tui/export-view.ts');
  const { VirtualTime } = await import('../watch/virtual-time.ts');
  const word = flags.value('export') ?? '';
  const options = {
    file: path.resolve(outside.cwd, word),
    ...parseScreenSize(flags.value('screen-size') ?? SIZE_DEFAULT),
    traits: traitsFor(outside, flags),
    themeName: flags.value('theme'),
  };
  const time = new VirtualTime();
  const opened = await open(time.now);
  const source = isAsleep(outside, flags, opened.source)
    ? await logOf(outside, flags, opened.source.name)
    : opened.source;
  const moment = momentOf(flags, source);
  if (source.kind === 'live') await exportLive(source, options);
  else await exportPast(source, time, moment, options);
  outside.print(
    flags.has('json') ? `${JSON.stringify({ written: word })}\n` : `written: ${word}\n`,
  );
}

/** A file has all colours, whatever the terminal that the command was typed on. */
function traitsFor({ env }: Outside, flags: Flags): TerminalTraits {
  const { NO_COLOR = '' } = env;
  const isPlain = flags.has('no-color') || NO_COLOR !== '';
  return { depth: isPlain ? 0 : ALL_COLOURS, ascii: flags.has('ascii') };
}

function isAsleep(outside: Outside, flags: Flags, { kind, name }: Source): boolean {
  return kind === 'live' && whoActivated(placesFor(outside, flags), name) === 'nobody';
}

/** What can be said of a mirror without its engine, and its regions as its log has them. */
async function logOf(outside: Outside, flags: Flags, name: string): Promise<Source> {
  const { dumpLog } = await import('../forensics/log-dump.ts');
  const { logSource } = await import('../watch/log-source.ts');
  const places = placesFor(outside, flags);
  const { excerpt, facts } = await readLogInput(outside, name, flags);
  const status = offlineStatus(offlineFacts(places, readDefinition(places, name)));
  return logSource(dumpLog(excerpt, facts), status);
}

function momentOf(flags: Flags, source: Source): number {
  const given = flags.value('at');
  if (given !== null && source.kind !== 'replay') {
    throw new MirrorError('USAGE', '--at is about recordings', {}, 'add --replay FILE');
  }
  if (source.kind !== 'replay') return LOG_SECONDS;
  const { seconds: end = 0 } = source;
  if (given === null) return end + LAST_LOOK_SECONDS;
  const seconds = /^\d{1,7}(\.\d+)?$/.test(given) ? Number(given) : Number.NaN;
  if (seconds <= end) return seconds;
  throw new MirrorError('USAGE', `--at cannot be ${given}`, {}, `the recording lasts ${end} s`);
}
