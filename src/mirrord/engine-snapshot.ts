/** What only the engine knows, in plain numbers for the main thread. */
import type { Engine } from '../engine/engine.ts';
import type { LegKnowledge } from '../mirror-set/mirror-change.ts';
import { has, legsOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { DataPath } from './data-path.ts';
import type { EngineSnapshot } from './worker-messages.ts';

/** Once the legs are flushed, what was copied to them lately is safe, too (`unsettled`). */
export function knowledgeOf({ state }: Engine, unsettled = NO_LEGS): LegKnowledge {
  const { content, legs } = state;
  const complete = legsOf(without(content.inService, union(content.missedLegs, unsettled)));
  return { primary: legs.primary, serving: legsOf(content.inService), complete };
}

export function snapshotOf(engine: Engine, path: DataPath): EngineSnapshot {
  const { state, recovery, check, logHasFailed } = engine;
  const { content, hash, legs, geometry } = state;
  const bytesLeft = content.workCount * geometry.regionBytes;
  const bytesToCheck = check.regionsLeft * geometry.regionBytes;
  return {
    ...knowledgeOf(engine),
    inSyncRegions: content.inSyncCount,
    dirtyRegions: hash.countOf('dirty'),
    recoveringRegions: recovery.claimed,
    legs: legsOf(content.all).map((leg) => ({
      letter: legs.letter(leg),
      errors: legs.errorCounts(leg),
      isOut: !has(content.inService, leg),
      missedRegions: content.missedCount(leg),
    })),
    heldWrites: engine.heldWrites,
    logFailed: logHasFailed,
    recovery: {
      paused: recovery.isPaused,
      throttle: recovery.throttle,
      regionsLeft: content.workCount,
      bytesPerSecond: recovery.progress.bytesPerSecond(state.now),
      etaSeconds: recovery.progress.etaSeconds(state.now, bytesLeft),
    },
    check: {
      life: check.life,
      next: check.position,
      tally: check.tally,
      throttle: check.throttle,
      bytesPerSecond: check.progress.bytesPerSecond(state.now),
      etaSeconds: check.progress.etaSeconds(state.now, bytesToCheck),
    },
    differingRegions: state.differing.count,
    backend: path.name,
    backendReason: path.reason,
  };
}
