/**
 * What a check of the legs has come to: the wire shape of `check --json`, and that of the file in which
 * it outlives the engine. Region numbers and bytes are the mirror's; a leg is its index in `legs`.
 *
 *   first           next             end
 *   ├── looked at ──┤── yet to come ──┤          finished: next = end
 */
import type { Reader } from '../json/json-shape.ts';
import {
  converted,
  count,
  flag,
  JsonFault,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  text,
} from '../json/json-shape.ts';
import type { Throttle } from '../recovery/throttle.ts';
import { throttle } from './throttle-shape.ts';

export const CHECK_SCHEMA = 'mirrorctl.check/1';

/** Regions, by what became of them. */
export interface CheckTally {
  readonly compared: number;
  /** Fewer than two legs hold it, or could be read; or writes to it wait for the log. */
  readonly skipped: number;
  readonly different: number;
  readonly unreadable: number;
  /** Handed to recovery. */
  readonly repaired: number;
}

export const NOTHING_CHECKED: CheckTally = {
  compared: 0,
  skipped: 0,
  different: 0,
  unreadable: 0,
  repaired: 0,
};

export interface LegHash {
  readonly leg: number;
  /** SHA-256, in hexadecimal digits. */
  readonly sha256: string;
}

/** One region whose legs differ. */
export interface CheckFinding {
  readonly region: number;
  /** From the first sector that differs on any leg to the last one. */
  readonly offset: number;
  readonly length: number;
  /** Of these bytes on each leg: equal hashes, equal bytes. */
  readonly hashes: readonly LegHash[];
  /** It was handed to recovery; otherwise it differs still. */
  readonly repaired: boolean;
}

export const CHECK_STATES = ['running', 'paused', 'stopped', 'finished'] as const;

export interface CheckReport {
  readonly schema: typeof CHECK_SCHEMA;
  /** The definition's uuid. */
  readonly uuid: string;
  readonly legs: readonly string[];
  readonly regionSizeBytes: number;
  readonly regionCount: number;
  /** `running` while no engine runs: it was interrupted, and goes on at the next activation. */
  readonly state: (typeof CHECK_STATES)[number];
  /** RFC 3339, both. */
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly first: number;
  readonly next: number;
  readonly end: number;
  /** The leg to repair from; null: nothing is repaired. */
  readonly repairFrom: number | null;
  readonly throttle: Throttle;
  readonly tally: CheckTally;
  /** At most `FINDINGS_MAX` of them, lowest region first. */
  readonly findings: readonly CheckFinding[];
  /** All regions known to differ, also from earlier checks: `[first, count, first, count, …]`. */
  readonly differing: readonly number[];
}

/** So many findings have their details kept; of the others it is known only that they differ. */
export const FINDINGS_MAX = 4096;

const checkTally = object<CheckTally>(
  { compared: count, skipped: count, different: count, unreadable: count, repaired: count },
  'ignore',
);

const finding = object<CheckFinding>(
  {
    region: count,
    offset: count,
    length: count,
    hashes: listOf(
      object<LegHash>({ leg: count, sha256: matching(/^[0-9a-f]{64}$/, 'a SHA-256') }, 'ignore'),
    ),
    repaired: flag,
  },
  'ignore',
);

const report = object<CheckReport>(
  {
    schema: oneOf(CHECK_SCHEMA),
    uuid: text,
    legs: listOf(text),
    regionSizeBytes: count,
    regionCount: count,
    state: oneOf(...CHECK_STATES),
    startedAt: text,
    updatedAt: text,
    first: count,
    next: count,
    end: count,
    repairFrom: nullable(count),
    throttle,
    tally: checkTally,
    findings: listOf(finding, { max: FINDINGS_MAX }),
    differing: listOf(count),
  },
  'ignore',
);

export const checkReport: Reader<CheckReport> = converted(report, (value, at) => {
  const { first, next, end, regionCount, legs, repairFrom, differing } = value;
  if (first > next || next > end || first === end || end > regionCount) {
    throw new JsonFault(`${at}.next`, `is ${next}, of regions ${first} to ${end}`);
  }
  if (repairFrom !== null && repairFrom >= legs.length) {
    throw new JsonFault(`${at}.repairFrom`, `is ${repairFrom}, but there are ${legs.length} legs`);
  }
  let reached = 0;
  for (let place = 0; place < differing.length; place += 2) {
    const [start = 0, length = 0] = differing.slice(place, place + 2);
    if (start < reached || length === 0 || start + length > regionCount) {
      throw new JsonFault(`${at}.differing[${place}]`, `is no run of ${regionCount} regions`);
    }
    reached = start + length;
  }
  return value;
});

/** A check as `status` shows it. */
export interface CheckStatus {
  readonly state: CheckReport['state'];
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly firstRegion: number;
  readonly nextRegion: number;
  readonly endRegion: number;
  readonly repairFrom: number | null;
  readonly throttle: Throttle;
  readonly comparedRegions: number;
  readonly skippedRegions: number;
  readonly differentRegions: number;
  readonly unreadableRegions: number;
  readonly repairedRegions: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export interface CheckPace {
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
}

export function checkStatusOf(found: CheckReport, pace: CheckPace | null): CheckStatus {
  const { state, startedAt, updatedAt, first, next, end, repairFrom, tally } = found;
  return {
    state,
    startedAt,
    updatedAt,
    firstRegion: first,
    nextRegion: next,
    endRegion: end,
    repairFrom,
    throttle: found.throttle,
    comparedRegions: tally.compared,
    skippedRegions: tally.skipped,
    differentRegions: tally.different,
    unreadableRegions: tally.unreadable,
    repairedRegions: tally.repaired,
    bytesPerSecond: pace?.bytesPerSecond ?? null,
    etaSeconds: pace?.etaSeconds ?? null,
  };
}

/** How many regions are known to differ. */
export function differingCount({ differing }: CheckReport): number {
  return differing.reduce((sum, value, place) => (place % 2 === 0 ? sum : sum + value), 0);
}

export function isSound({ different, unreadable }: CheckTally): boolean {
  return different + unreadable === 0;
}
