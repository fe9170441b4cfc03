/** What a check is told, and what it says of a region whose legs differ. */
import type { CheckTally } from '../control-protocol/check-report.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { Throttle } from '../recovery/throttle.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has } from '../region/leg-content.ts';

export interface CheckOrder {
  /** The regions `next` to before `end`. */
  readonly next: RegionIndex;
  readonly end: number;
  /** What differs is copied from this leg, which becomes the primary; null: nothing is changed. */
  readonly repairFrom: LegIndex | null;
  readonly throttle: Throttle;
  /** What the check had come to before it was interrupted. */
  readonly before: CheckTally;
}

/** What may become of a check. */
export type CheckTurn =
  | 'checkStarted'
  /** The leg to repair from may not have everything; nothing happened. */
  | 'checkRefused'
  | 'checkStopped'
  | 'checkFinished';

/** From the first sector that differs on any leg to the last one, in bytes of the mirror. */
export interface RegionDifference {
  readonly offset: number;
  readonly length: number;
  /** Of these bytes on each leg: equal hashes, equal bytes. */
  readonly hashes: readonly { readonly leg: LegIndex; readonly sha256: string }[];
}

/** What is left of `difference` among `legs`; null: they are equal. */
export function differenceAmong(
  difference: RegionDifference,
  legs: LegMask,
): RegionDifference | null {
  const hashes = difference.hashes.filter(({ leg }) => has(legs, leg));
  const isEqual = new Set(hashes.map(({ sha256 }) => sha256)).size < 2;
  return isEqual ? null : { ...difference, hashes };
}
