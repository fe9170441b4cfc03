/** `mirrorctl tui [NAME]`: the live dashboard. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { listMirrors, readDefinition } from '../../registry/definition-file.ts';
import { whoActivated } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import { controlSocketPath } from '../../registry/places.ts';
import type { Source } from '../../watch/mirror-watch.ts';
import { chooseMirror } from '../choose-mirror.ts';
import type { Command } from '../command.ts';
import type { Flags, Input } from '../given.ts';
import { readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import { openScreen } from '../open-screen.ts';
import type { Outside } from '../outside.ts';
import { exportPicture, PICTURE_FLAGS, refusePictureFlags } from '../picture.ts';
import { placesFor } from '../state-places.ts';
import { hasScreenReader, refuseWithoutTerminal } from '../terminal-needed.ts';

const THEME_NAMES = ['dark', 'light', 'safe'] as const;

export const command: Command = {
  args: [
    {
      name: 'NAME',
      help: 'the mirror; default the only one, or a list to choose from',
      min: 0,
      max: 1,
      completes: 'mirror',
    },
  ],
  flags: {
    'read-only': { value: 'none', help: 'look only: no key changes the mirror' },
    theme: {
      value: 'required',
      choices: THEME_NAMES,
      help: 'colours for a dark or a light background, or safe for the colour-blind',
    },
    record: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'keep what is shown, for --replay; the file must not exist yet',
    },
    replay: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'show what --record has kept; needs no engine',
    },
    log: {
      value: 'required',
      metavar: 'LOG',
      completes: 'file',
      help: 'show the regions of a dirty log; needs no engine',
    },
    ...MIRROR_FACT_FLAGS,
    ascii: { value: 'none', help: 'plain ASCII: no blocks, no braille, no lines' },
    slow: { value: 'none', help: 'two frames a second, for a slow line' },
    'screen-reader': {
      value: 'none',
      help: 'lines of words instead of a screen, as with $MIRRORCTL_SCREEN_READER; commands are typed as lines',
    },
    'no-mouse': { value: 'none', help: 'leave the mouse to the terminal' },
    ...PICTURE_FLAGS,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl tui m0', does: 'watch m0, and act on it' },
    { words: 'mirrorctl tui --log m0.log', does: 'look at the regions of a log on disk' },
    { words: 'mirrorctl tui m0 --read-only', does: 'watch it without being able to change it' },
    { words: 'mirrorctl tui m0 --export m0.svg', does: 'a picture of it; needs no terminal' },
  ],
  notes: [
    'Keys are explained on the screen: press `?`. Without a terminal it refuses; `status --watch` and `status --json` are for pipes.',
    'Colours follow $COLORTERM, $TERM and $NO_COLOR. Everything shown is what `status --json` says.',
  ],

  async run(outside, input, flags, table) {
    if (flags.has('export')) {
      await exportPicture(outside, flags, (now) => sourceFor(outside, input, flags, now));
      return EXIT.ok;
    }
    refusePictureFlags(flags);
    const spoken = flags.has('screen-reader') || hasScreenReader(outside);
    if (!spoken) refuseWithoutTerminal(outside, 'mirrorctl status');
    const { source, choosing } = await sourceFor(outside, input, flags, secondsOfProcess);
    await openScreen(outside, flags, source, {
      table,
      stateDir: flags.value('state-dir'),
      themeName: flags.value('theme'),
      ascii: flags.has('ascii'),
      readOnly: flags.has('read-only'),
      slow: flags.has('slow'),
      mouse: !flags.has('no-mouse'),
      choosing,
      spoken,
    });
    return EXIT.ok;
  },
};

interface Opened {
  readonly source: Source;
  /** There are several mirrors and none was named: the list of them comes first. */
  readonly choosing: boolean;
}

const secondsOfProcess = () => performance.now() / 1000;

async function sourceFor(
  outside: Outside,
  input: Input,
  flags: Flags,
  now: () => number,
): Promise<Opened> {
  const log = flags.value('log');
  const replay = flags.value('replay');
  const named = input.optional('NAME');
  if ([log, replay, named].filter((given) => given !== null).length > 1) {
    throw new MirrorError('USAGE', 'NAME, --log and --replay exclude each other');
  }
  if (log !== null) {
    const { dumpLog } = await import('../../forensics/log-dump.ts');
    const { logSource } = await import('../../watch/log-source.ts');
    const { excerpt, facts } = await readLogInput(outside, log, flags);
    return { source: logSource(dumpLog(excerpt, facts)), choosing: false };
  }
  const { recorded, replaySource } = await import('../../watch/recording.ts');
  if (replay !== null) {
    return {
      source: replaySource(readText(outside, replay).split('\n'), now),
      choosing: false,
    };
  }
  const places = placesFor(outside, flags);
  const names = listMirrors(places);
  const choosing = named === null && names.length > 1;
  const name = choosing ? mostUrgent(places, names) : chooseMirror(places, named);
  readDefinition(places, name);
  const { liveSource } = await import('../../watch/live-source.ts');
  const live = liveSource(name, controlSocketPath(places, name));
  const record = flags.value('record');
  if (record === null) return { source: live, choosing };
  const file = openNew(outside, record);
  return { source: recorded(live, (line) => writeSync(file, line), now), choosing };
}

/** To be seen behind the list: one that is active. */
function mostUrgent(places: Places, names: readonly string[]): string {
  const isActive = (name: string) => whoActivated(places, name) !== 'nobody';
  return names.find(isActive) ?? names[0] ?? '';
}

function readText({ cwd }: Outside, word: string): string {
  try {
    return readFileSync(path.resolve(cwd, word), 'utf8');
  } catch (cause) {
    throw new MirrorError('LOG_NOT_FOUND', `cannot read ${word}`, { path: word }, '', cause);
  }
}

function openNew({ cwd }: Outside, word: string): number {
  try {
    return openSync(path.resolve(cwd, word), 'wx', 0o600);
  } catch (cause) {
    const hint = 'name a file that does not exist yet';
    throw new MirrorError('CANNOT_CREATE', `cannot create ${word}`, { path: word }, hint, cause);
  }
}
