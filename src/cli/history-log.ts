/** `--at WHEN`: the log of a mirror as its history has it (registry/history-file.ts). */
import { encodeLog } from '../dirty-log/disk-format.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { HistoryRecord, LogHistory } from '../forensics/log-history.ts';
import { recordAt } from '../forensics/log-history.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { readDefinition } from '../registry/definition-file.ts';
import { decodeBits, readHistory } from '../registry/history-file.ts';
import { historyPath } from '../registry/places.ts';
import type { Flag } from './command.ts';
import type { Flags } from './given.ts';
import type { LogInput } from './log-words.ts';
import { factsOfMirror } from './mirror-facts.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';
import { parseTime } from './time-words.ts';

export const AT_FLAG: Readonly<Record<'at', Flag>> = {
  at: {
    value: 'required',
    metavar: 'WHEN',
    help: 'the mirror’s log as it was then, from its history: a time, -2h, 16:00, yesterday, or the number of a record',
  },
};

/** What is damaged in it is told, and skipped. Throws MIRROR_UNKNOWN, REGISTRY_INVALID. */
export function historyOf(
  outside: Outside,
  flags: Flags,
  name: string,
): { readonly spec: MirrorSpec; readonly path: string } & LogHistory {
  const places = placesFor(outside, flags);
  const spec = readDefinition(places, name);
  const path = historyPath(places, name);
  const history = readHistory(places, spec);
  if (history.damagedLines.length > 0) {
    const lines = `line ${history.damagedLines.join(', ')}`;
    outside.printAside(`${path}: left out what cannot be read: ${lines}\n`);
  }
  return { spec, path, ...history };
}

/** Null without `--at`. Throws USAGE where it is about no mirror. */
export function readThen(outside: Outside, word: string | null, flags: Flags): LogInput | null {
  const when = flags.value('at');
  if (when === null) return null;
  if (word !== null && !flags.has('live')) return readLogAt(outside, flags, word, when);
  throw new MirrorError('USAGE', '--at is about the history of one mirror', {}, 'give its name');
}

/** Throws LOG_NOT_FOUND where the history does not reach so far. */
export function readLogAt(outside: Outside, flags: Flags, name: string, when: string): LogInput {
  const { spec, path, records } = historyOf(outside, flags, name);
  const record = chooseRecord(records, when, outside.now(), name);
  const bits = decodeBits(record);
  if (bits === null) {
    const message = `record ${record.number} of ${path} does not hold the bits`;
    const hint = `choose another one: mirrorctl log history ${name}`;
    throw new MirrorError('LOG_NOT_FOUND', message, { path, record: record.number }, hint);
  }
  const blockBytes = byteCount(SECTOR_BYTES);
  const bytes = encodeLog(bits, blockBytes);
  const shown = `${name} at ${record.at} (record ${record.number}, ${record.moment})`;
  const facts = factsOfMirror(flags, placesFor(outside, flags), spec);
  const regionSizeBytes = byteCount(record.regionSizeBytes);
  return {
    excerpt: { path: shown, bytes, roomBytes: bytes.length, blockBytes },
    // What the sidecar remembers now says nothing about then.
    facts: { ...facts, regionSizeBytes, sizeBytes: sizeThen(spec, record), memory: null },
    place: { shown, kind: 'history', path, offsetBytes: byteCount(0), spec },
    ...{ spec, mdBitmap: null, modifiedAtMs: null },
  };
}

/** Null: the mirror has another size now, and what it was is not in the history. */
function sizeThen(spec: MirrorSpec, { regionCount, regionSizeBytes }: HistoryRecord) {
  const isSame = Math.ceil(spec.sizeBytes / regionSizeBytes) === regionCount;
  return isSame ? spec.sizeBytes : null;
}

function chooseRecord(
  records: readonly HistoryRecord[],
  when: string,
  now: Date,
  name: string,
): HistoryRecord {
  const isNumber = /^#?\d+$/.test(when);
  const hint = `see mirrorctl log history ${name}`;
  if (isNumber) {
    const number = Number(when.replace('#', ''));
    const record = records.find((one) => one.number === number);
    if (record !== undefined) return record;
    throw new MirrorError('LOG_NOT_FOUND', `no record ${when} of ${name}`, { mirror: name }, hint);
  }
  const found = recordAt(records, parseTime(when, now).toISOString());
  if (found !== null) return found;
  const [first] = records;
  const begins = first === undefined ? 'is empty' : `begins at ${first.at}`;
  const message = `the history of ${name} ${begins}`;
  throw new MirrorError('LOG_NOT_FOUND', message, { mirror: name, when }, hint);
}
