/**
 * The watcher's own copy of the map: the state of every region, how many regions are in each state,
 * and when each was last seen to be written. Fed with the changes that the engine tells.
 */
import type { MapChanges, ValueRuns } from '../control-protocol/control-request.ts';
import { REGION_STATES } from '../region/region-state.ts';

/** What hears about each run of regions that looks different now. */
export interface PictureWatcher {
  /** `writes`: how many there were; 0 if only the state has changed. */
  changed(first: number, count: number, writes: number): void;
}

export class RegionPicture {
  readonly regionCount: number;
  /** Numbers of `REGION_STATES`. */
  readonly states: Uint8Array;
  /** How many regions are in each of `REGION_STATES`. */
  readonly tallies: number[];
  /** Seconds on the watcher's clock; 0: not since it began to watch. */
  readonly #writtenAt: Float32Array;
  readonly #writes: Uint8Array;
  /** The first map tells how often regions were written before anyone watched: that is no news. */
  #knowsWrites = false;

  constructor(regionCount: number) {
    this.regionCount = regionCount;
    this.states = new Uint8Array(regionCount);
    this.tallies = REGION_STATES.map((_, state) => (state === 0 ? regionCount : 0));
    this.#writtenAt = new Float32Array(regionCount);
    this.#writes = new Uint8Array(regionCount);
  }

  /** `now` in seconds, above 0. */
  apply({ states, writes }: MapChanges, now: number, watcher: PictureWatcher): void {
    forEachRun(states, (first, count, state) => {
      this.#setStates(first, count, state);
      watcher.changed(first, count, 0);
    });
    forEachRun(writes, (first, count, times) => {
      for (let region = first; region < first + count; region += 1) {
        const since = (times - (this.#writes[region] ?? 0)) & 0xff;
        this.#writes[region] = times;
        if (since === 0 || !this.#knowsWrites) continue;
        this.#writtenAt[region] = now;
        watcher.changed(region, 1, since);
      }
    });
    this.#knowsWrites = true;
  }

  /** On the watcher's clock, in seconds; null: not since it began to watch. */
  writtenAt(region: number): number | null {
    return this.#writtenAt[region] || null;
  }

  /** The next region from `from` on in one of `states`, going round once; null: there is none. */
  find(from: number, step: 1 | -1, states: readonly number[]): number | null {
    for (let tried = 0; tried < this.regionCount; tried += 1) {
      const region =
        (((from + step * tried) % this.regionCount) + this.regionCount) % this.regionCount;
      if (states.includes(this.states[region] ?? 0)) return region;
    }
    return null;
  }

  #setStates(first: number, count: number, state: number): void {
    const end = Math.min(first + count, this.regionCount);
    for (let region = first; region < end; region += 1) {
      const before = this.states[region] ?? 0;
      this.tallies[before] = (this.tallies[before] ?? 0) - 1;
    }
    this.tallies[state] = (this.tallies[state] ?? 0) + end - first;
    this.states.fill(state, first, end);
  }
}

function forEachRun(runs: ValueRuns, tell: (first: number, count: number, value: number) => void) {
  for (let place = 0; place < runs.length; place += 3) {
    tell(runs[place] ?? 0, runs[place + 1] ?? 0, runs[place + 2] ?? 0);
  }
}
