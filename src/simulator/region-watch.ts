/**
 * What must be true inside the engine after every step, whatever happened: the counts agree with what
 * they count, and no region is in a state that its log bit, its holders or its writes deny.
 */
import type { Engine } from '../engine/engine.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { has } from '../region/leg-content.ts';
import { REGION_STATES } from '../region/region-state.ts';
import { contradict } from './contradiction.ts';
import type { Scenario } from './scenario.ts';

export function watchRegions(engine: Engine, scenario: Scenario): void {
  const { content, legs, hash } = engine.state;
  const regions = Array.from({ length: content.regionCount }, (_, region) => region as RegionIndex);
  for (const region of regions) watchRegion(engine, region);

  const missing = regions.map((region) => content.missing(region));
  agree('regions in sync', content.inSyncCount, missing.filter((mask) => mask === 0).length);
  for (let index = 0; index < legs.legCount; index += 1) {
    const leg = index as LegIndex;
    const missed = missing.filter((mask) => has(mask, leg)).length;
    agree(`regions that leg ${leg} misses`, content.missedCount(leg), missed);
    agree(`legs that miss anything, as to leg ${leg}`, has(content.missedLegs, leg), missed > 0);
  }
  const states = regions.map((region) => hash.stateOf(region));
  for (const state of REGION_STATES) {
    agree(`${state} regions`, hash.countOf(state), states.filter((one) => one === state).length);
  }
  const cleanInLog = regions.filter((region) => engine.state.log.isClean(region)).length;
  agree('clean regions in the log', engine.state.log.cleanCount(), cleanInLog);
  if (has(content.missedLegs, legs.primary)) contradict('the primary misses a region');
  if (engine.recovery.claimed > scenario.recoveriesMax) contradict('too many regions are claimed');
}

function agree<Value>(what: string, counted: Value, found: Value): void {
  if (counted !== found) contradict(`${what}: the engine says ${counted}, there are ${found}`);
}

function watchRegion({ state }: Engine, region: RegionIndex): void {
  const { content, hash, log } = state;
  const name = hash.stateOf(region);
  const isInSync = content.isInSync(region);
  if (isInSync !== (name === 'clean' || name === 'dirty')) {
    contradict(`region ${region} is ${name} and in sync: ${isInSync}`);
  }
  if (log.isClean(region) && name !== 'clean') {
    contradict(`region ${region} is ${name}, and clean in the log`);
  }
  const writes = hash.writesInFlightTo(region);
  if (writes > 0 && (name === 'clean' || name === 'recovering')) {
    contradict(`region ${region} is ${name} with ${writes} writes in flight`);
  }
  if (writes === 0 && name === 'quiescing') contradict(`region ${region} quiesces for nobody`);
  if (hash.hasDelayedWrites(region) && !hash.isClaimed(region)) {
    contradict(`a write to region ${region} is delayed, and no recovery will release it`);
  }
}
