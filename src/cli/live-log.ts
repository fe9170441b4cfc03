/**
 * `--live NAME`, which stands for a LOG argument: the log of a running mirror, copied by its engine
 * between two steps. So it is the log of one moment, a core log too, and nothing is read from the
 * device that it lies on.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { Argument, Flag } from './command.ts';
import type { Flags } from './given.ts';
import type { LogInput } from './log-words.ts';
import { LOG_ARGUMENT, readLogInput } from './log-words.ts';
import { factsOfMirror } from './mirror-facts.ts';
import { ask } from './observe.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

/** May be left out, but only for `--live`. */
export const LOG_UNLESS_LIVE: Argument = { ...LOG_ARGUMENT, min: 0 };

export const LIVE_FLAG: Readonly<Record<'live', Flag>> = {
  live: {
    value: 'required',
    metavar: 'NAME',
    completes: 'mirror',
    help: 'instead of LOG: what the engine of the running mirror NAME has as its log at one moment, a core log too',
  },
};

/** The log that `word` or `--live` names. Throws USAGE, ENGINE_UNREACHABLE or as `readLogInput` does. */
export async function readLogOrLive(
  outside: Outside,
  word: string | null,
  flags: Flags,
): Promise<LogInput> {
  const live = flags.value('live');
  if (live !== null && word !== null) {
    throw new MirrorError('USAGE', `${word} and --live ${live} are two logs`, {}, 'give one');
  }
  if (live !== null) return await readLiveLog(outside, live, flags);
  if (word !== null) return await readLogInput(outside, word, flags);
  const hint = `give ${LOG_ARGUMENT.help}; or --live NAME`;
  throw new MirrorError('USAGE', 'LOG is missing', {}, hint);
}

async function readLiveLog(outside: Outside, name: string, flags: Flags): Promise<LogInput> {
  const places = placesFor(outside, flags);
  const spec = readDefinition(places, name);
  const { log } = await ask(places, name, { ask: 'log' }, 'log');
  const bytes = new Uint8Array(Buffer.from(log.image, 'base64'));
  const path = `the running log of ${name}`;
  const blockBytes = byteCount(SECTOR_BYTES);
  return {
    excerpt: { path, bytes, roomBytes: bytes.length, blockBytes },
    facts: factsOfMirror(flags, places, spec),
    place: { shown: path, kind: 'engine', path: name, offsetBytes: byteCount(0), spec },
    ...{ spec, mdBitmap: null, modifiedAtMs: null },
  };
}
