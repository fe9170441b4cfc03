/** What a running engine knows about one region: the wire shape of the answer to `why`. */
import type { Reader } from '../json/json-shape.ts';
import { amount, count, flag, listOf, nullable, object, oneOf, text } from '../json/json-shape.ts';
import type { RegionState } from '../region/region-state.ts';
import { REGION_STATES } from '../region/region-state.ts';

export interface RegionFacts {
  readonly state: RegionState;
  /** Indices of legs. */
  readonly holders: readonly number[];
  readonly missing: readonly number[];
  readonly outOfService: readonly number[];
  readonly writesInFlight: number;
  /** Waiting for a copy or a comparison to end. */
  readonly delayedWrites: number;
  /** RFC 3339, to the second; null: not since it was last at rest. */
  readonly writtenAt: string | null;
  /** Since when legs miss it, and what happened then; null: it was so at the activation, or forgotten. */
  readonly lost: {
    readonly at: string;
    readonly legs: readonly number[];
    readonly because: string | null;
  } | null;
  /** What the log says of it in memory, and whether that is on disk already. */
  readonly logClean: boolean;
  readonly markDurable: boolean;
  readonly beingCompared: boolean;
  readonly differs: boolean;
  /** A leg in service could be given it by another one. */
  readonly isWork: boolean;
  /** Regions that recovery takes first; null: it is none of its work. */
  readonly workBefore: number | null;
  readonly secondsBefore: number | null;
  readonly retryInSeconds: number | null;
  readonly activatedAt: string;
  /** Why the activation found out of sync what it did. */
  readonly activationReason: string;
}

const legs = listOf(count);

export const regionFacts: Reader<RegionFacts> = object<RegionFacts>(
  {
    state: oneOf(...REGION_STATES),
    holders: legs,
    missing: legs,
    outOfService: legs,
    writesInFlight: count,
    delayedWrites: count,
    writtenAt: nullable(text),
    lost: nullable(object({ at: text, legs, because: nullable(text) }, 'ignore')),
    logClean: flag,
    markDurable: flag,
    beingCompared: flag,
    differs: flag,
    isWork: flag,
    workBefore: nullable(count),
    secondsBefore: nullable(amount),
    retryInSeconds: nullable(amount),
    activatedAt: text,
    activationReason: text,
  },
  'ignore',
);
