/**
 * What a mirror's log said at moments that are worth remembering: STATE_DIR/NAME.history, one JSON
 * object a line, oldest first.
 *
 *   {"number":7,"at":"2026-11-22T16:00:00.000Z","moment":"leg-failed","mirror":UUID,"session":3,
 *    "regionCount":128,"regionSizeBytes":524288,"cleanRegions":120,"bits":"…"}
 *
 * Every line stands for itself, so one that is damaged or was dropped takes nothing with it. Numbers
 * ascend and are never used again; where some are missing, records were thinned out.
 *
 * Nothing depends on this file: it is written on the side, and a mirror without one works as well.
 */
import type { Reader } from '../json/json-shape.ts';
import {
  converted,
  count,
  JsonFault,
  matching,
  nullable,
  object,
  oneOf,
  readJson,
  text,
} from '../json/json-shape.ts';

export const HISTORY_MOMENTS = [
  /** As the log lay there before the activation. */
  'found',
  'resumed',
  'running',
  'in-sync',
  'leg-failed',
  'leg-out',
  'leg-in',
  'primary-moved',
  'log-failed',
  'stopped',
] as const;
export type HistoryMoment = (typeof HISTORY_MOMENTS)[number];

export interface HistoryRecord {
  readonly number: number;
  /** RFC 3339, UTC, to the millisecond: such texts sort as their times do. */
  readonly at: string;
  readonly moment: HistoryMoment;
  /** The definition's uuid: an earlier mirror of the same name has another one. */
  readonly mirror: string;
  readonly session: number;
  readonly regionCount: number;
  readonly regionSizeBytes: number;
  readonly cleanRegions: number;
  /** The log's clean bits as they lie on disk, deflated, in base64; null: too much to be kept. */
  readonly bits: string | null;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const shape = object<HistoryRecord>(
  {
    number: count,
    at: matching(TIME, 'a time in UTC'),
    moment: oneOf(...HISTORY_MOMENTS),
    mirror: text,
    session: count,
    regionCount: count,
    regionSizeBytes: count,
    cleanRegions: count,
    bits: nullable(matching(/^[A-Za-z0-9+/]*={0,2}$/, 'bytes in base64')),
  },
  'ignore',
);

export const historyRecord: Reader<HistoryRecord> = converted(shape, (record, at) => {
  const { cleanRegions, regionCount } = record;
  if (cleanRegions <= regionCount) return record;
  throw new JsonFault(at, `calls ${cleanRegions} of ${regionCount} regions clean`);
});

export interface LogHistory {
  /** Ascending by number. */
  readonly records: readonly HistoryRecord[];
  /** From 1 on. */
  readonly damagedLines: readonly number[];
}

/** The records of `mirror` in `source`. A number that does not ascend is damage, too. */
export function parseHistory(source: string, mirror: string): LogHistory {
  const records: HistoryRecord[] = [];
  const damagedLines: number[] = [];
  for (const [index, line] of source.split('\n').entries()) {
    if (line === '') continue;
    const record = recordIn(line);
    const ascends = record !== null && record.number > (records.at(-1)?.number ?? 0);
    if (record?.mirror === mirror && ascends) records.push(record);
    else if (record === null || record.mirror === mirror) damagedLines.push(index + 1);
  }
  return { records, damagedLines };
}

function recordIn(line: string): HistoryRecord | null {
  try {
    return readJson(line, historyRecord);
  } catch (fault) {
    if (fault instanceof JsonFault) return null;
    throw fault;
  }
}

/** The last record up to `at`, a time as records have it; null: the history begins later. */
export function recordAt(records: readonly HistoryRecord[], at: string): HistoryRecord | null {
  return records.findLast((record) => record.at <= at) ?? null;
}

export interface HistoryBounds {
  readonly records: number;
  /** Of all lines together. */
  readonly bytes: number;
}

export interface TimedLine {
  readonly atMs: number;
  readonly moment: HistoryMoment;
  readonly bytes: number;
}

/**
 * What stays of `lines`, oldest first, for them to be within `bounds`. The first and the last stay;
 * then those go first that were written because time passed, not because something happened; and
 * among those of a kind the one whose neighbours are closest to each other, measured by its age. So
 * the history gets coarser towards the past.
 */
export function thinned<Line extends TimedLine>(
  lines: readonly Line[],
  bounds: HistoryBounds,
): readonly Line[] {
  const kept = [...lines];
  let bytes = kept.reduce((sum, line) => sum + line.bytes, 0);
  while (kept.length > 2 && (kept.length > bounds.records || bytes > bounds.bytes)) {
    const dropped = leastMissed(kept);
    bytes -= kept[dropped]?.bytes ?? 0;
    kept.splice(dropped, 1);
  }
  return kept;
}

/** Never the first or the last of three or more. */
function leastMissed(lines: readonly TimedLine[]): number {
  const nowMs = lines.at(-1)?.atMs ?? 0;
  let best = { index: 1, isEvent: true, gap: Number.POSITIVE_INFINITY };
  for (let index = 1; index < lines.length - 1; index += 1) {
    const [before, line, after] = [lines[index - 1], lines[index], lines[index + 1]];
    if (before === undefined || line === undefined || after === undefined) continue;
    const isEvent = line.moment !== 'running';
    const gap = (after.atMs - before.atMs) / (1 + Math.max(0, nowMs - line.atMs));
    if (isEvent === best.isEvent ? gap < best.gap : best.isEvent) best = { index, isEvent, gap };
  }
  return best.index;
}
