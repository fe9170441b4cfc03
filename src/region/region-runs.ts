/** Runs of neighbouring regions in one state, out of the byte array that the region hash keeps. */
import { invariant } from '../errors/invariant.ts';
import type { RegionState } from './region-state.ts';
import { REGION_STATES } from './region-state.ts';

export interface StateRun {
  readonly first: number;
  readonly count: number;
  readonly state: RegionState;
}

/** The runs within regions `first` to `end` (not included), in order. */
export function* stateRuns(
  states: Uint8Array,
  first = 0,
  end = states.length,
): Generator<StateRun> {
  for (let from = first; from < end; ) {
    const number = states[from];
    const state = REGION_STATES[number ?? REGION_STATES.length];
    invariant(state !== undefined, `region ${from} has the unknown state ${number}`);
    let to = from + 1;
    while (to < end && states[to] === number) to += 1;
    yield { first: from, count: to - from, state };
    from = to;
  }
}
