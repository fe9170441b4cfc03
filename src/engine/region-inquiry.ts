/** All that the engine knows about one region, for whoever asks why it is as it is. Changes nothing. */
import type { RegionFacts } from '../control-protocol/region-facts.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { legsOf, without } from '../region/leg-content.ts';
import type { Engine } from './engine.ts';

/** Times are in ticks here, and nothing is said of why. */
export interface RegionKnowledge
  extends Omit<
    RegionFacts,
    'writtenAt' | 'lost' | 'secondsBefore' | 'retryInSeconds' | 'activatedAt' | 'activationReason'
  > {
  /** To the second; null: not since it was last at rest. */
  readonly writtenAt: number | null;
  /** And the legs that lost it then; null: not since the activation, as far as is remembered. */
  readonly lost: { readonly at: number; readonly legs: readonly LegIndex[] } | null;
  /** Until recovery tries again what has failed; null: it has not. */
  readonly retryIn: number | null;
}

export function inquire({ state, recovery }: Engine, region: RegionIndex): RegionKnowledge {
  const { content, hash, log, losses, differing } = state;
  const isWork = content.isWork(region);
  const lost = losses.latest(region);
  return {
    state: hash.stateOf(region),
    holders: legsOf(content.holders(region)),
    missing: legsOf(content.missing(region)),
    outOfService: legsOf(without(content.all, content.inService)),
    writesInFlight: hash.writesInFlightTo(region),
    delayedWrites: hash.delayedWriteCount(region),
    writtenAt: hash.writtenAt(region),
    lost: lost === null ? null : { at: lost.at, legs: legsOf(lost.legs) },
    logClean: log.isClean(region),
    markDurable: state.hasSafeMark(region),
    beingCompared: hash.isHeld(region),
    differs: differing.has(region),
    isWork,
    workBefore: isWork ? recovery.workBefore(region) : null,
    retryIn: isWork ? recovery.retryIn(region) : null,
  };
}
