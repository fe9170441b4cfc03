/**
 * The watcher's own copy of the map: the state of every region, who misses it, how many regions look
 * how, and when each was last seen to be written. Fed with the changes that the engine tells.
 *
 * What a region looks like is its state, but for two cases: a region that only legs out of service miss
 * is nobody's work until such a leg is back, and looks `stranded`; one that is in sync, but whose legs a
 * check has found to differ, looks `different`.
 */
import type { MapChanges, ValueRuns } from '../control-protocol/control-request.ts';
import { REGION_STATES } from '../region/region-state.ts';

/** From good to bad, so that the worst of several is the largest number. The states come first. */
export const REGION_LOOKS = [...REGION_STATES, 'stranded', 'different'] as const;
export type RegionLook = (typeof REGION_LOOKS)[number];

const CLEAN = REGION_LOOKS.indexOf('clean');
const DIRTY = REGION_LOOKS.indexOf('dirty');
const NOSYNC = REGION_LOOKS.indexOf('nosync');
const STRANDED = REGION_LOOKS.indexOf('stranded');
const DIFFERENT = REGION_LOOKS.indexOf('different');

/** So many regions before it are in sync where recovery goes through them in order. */
const DONE_BEFORE_HEAD = 16;

/** A region counts as being written for so long after a write, in seconds. */
const WRITING_SECONDS = 1;

const UNTOLD = -1;

/** What hears about each run of regions that looks different now. */
export interface PictureWatcher {
  /** `writes`: how many there were, as far as is known; 0 if only the look has changed. */
  changed(first: number, count: number, writes: number): void;
}

export class RegionPicture {
  readonly regionCount: number;
  /** Numbers of `REGION_LOOKS`. */
  readonly looks: Uint8Array;
  /** How many regions have each of `REGION_LOOKS`. */
  readonly tallies: number[];
  /** Which legs miss a region, bit i for leg i. */
  readonly missing: Uint16Array;
  /** How many regions went from clean to dirty while it was watched: each was a mark in the log. */
  marks = 0;
  /** Where recovery, going through the regions in order, was last seen; null: not yet. */
  head: number | null = null;
  /** Regions that came into sync in this look. */
  #recovered: number[] = [];
  /** How many regions each leg misses; legs that miss nothing may be left out. */
  readonly #missedBy: number[] = [];
  /** Numbers of `REGION_STATES`. */
  readonly #states: Uint8Array;
  readonly #differing: Uint8Array;
  readonly #changedAt: Float32Array;
  /** Seconds on the watcher's clock; 0: not since it began to watch. */
  readonly #writtenAt: Float32Array;
  /** As last told; `UNTOLD`: not yet. */
  readonly #writes: Int16Array;
  /** How many regions were last written at each look of the last second. */
  readonly #writing = new Map<number, number>();
  #legsOut = 0;
  /** The first map tells what was before anyone watched: that is no news. */
  #knowsMap = false;

  constructor(regionCount: number) {
    this.regionCount = regionCount;
    this.looks = new Uint8Array(regionCount);
    this.missing = new Uint16Array(regionCount);
    this.tallies = REGION_LOOKS.map((_, look) => (look === CLEAN ? regionCount : 0));
    this.#states = new Uint8Array(regionCount);
    this.#differing = new Uint8Array(regionCount);
    this.#changedAt = new Float32Array(regionCount);
    this.#writtenAt = new Float32Array(regionCount);
    this.#writes = new Int16Array(regionCount).fill(UNTOLD);
  }

  /** `now` in seconds, above 0. */
  apply(changes: MapChanges, now: number, watcher: PictureWatcher): void {
    const { states, writes, missing, differing } = changes;
    forEachRun(differing, (first, count, value) => {
      this.#differing.fill(value, first, first + count);
      for (let region = first; region < first + count; region += 1) this.#look(region);
      watcher.changed(first, count, 0);
    });
    forEachRun(missing, (first, count, legs) => {
      for (let region = first; region < first + count; region += 1) this.#setMissing(region, legs);
      watcher.changed(first, count, 0);
    });
    forEachRun(states, (first, count, state) => {
      for (let region = first; region < first + count; region += 1) {
        this.#setState(region, state, now);
      }
      watcher.changed(first, count, 0);
    });
    this.#followHead();
    const look = Math.fround(now);
    forEachRun(writes, (first, count, times) => {
      for (let region = first; region < first + count; region += 1) {
        const before = this.#writes[region] ?? UNTOLD;
        const since = before === UNTOLD ? 1 : (times - before) & 0xff;
        this.#writes[region] = times;
        if (since === 0 || !this.#knowsMap) continue;
        this.#written(region, look);
        watcher.changed(region, 1, since);
      }
    });
    this.#knowsMap = true;
  }

  /** `legs`: those out of service, bit i for leg i. */
  setLegsOut(legs: number, watcher: PictureWatcher): void {
    if (legs === this.#legsOut) return;
    this.#legsOut = legs;
    for (let region = 0; region < this.regionCount; region += 1) this.#look(region);
    watcher.changed(0, this.regionCount, 0);
  }

  /** How many regions `leg` misses. */
  missedBy(leg: number): number {
    return this.#missedBy[leg] ?? 0;
  }

  /** Whether any leg misses any region. */
  get missesAny(): boolean {
    return this.#missedBy.some((regions) => regions > 0);
  }

  /** On the watcher's clock, in seconds; null: not since it began to watch. */
  writtenAt(region: number): number | null {
    return this.#writtenAt[region] || null;
  }

  /** Since when it has been in this state; null: since before anyone watched. */
  changedAt(region: number): number | null {
    return this.#changedAt[region] || null;
  }

  /** How many regions have been written in the last second. */
  writingAt(now: number): number {
    let regions = 0;
    for (const [at, count] of this.#writing) {
      if (now - at < WRITING_SECONDS) regions += count;
      else this.#writing.delete(at);
    }
    return regions;
  }

  /** The next region from `from` on with one of `looks`, going round once; null: there is none. */
  find(from: number, step: 1 | -1, looks: readonly number[]): number | null {
    for (let tried = 0; tried < this.regionCount; tried += 1) {
      const region =
        (((from + step * tried) % this.regionCount) + this.regionCount) % this.regionCount;
      if (looks.includes(this.looks[region] ?? 0)) return region;
    }
    return null;
  }

  /** `now` as `#writtenAt` can hold it. */
  #written(region: number, now: number): void {
    const before = this.#writing.get(this.#writtenAt[region] ?? 0);
    if (before !== undefined) this.#writing.set(this.#writtenAt[region] ?? 0, before - 1);
    this.#writtenAt[region] = now;
    this.#writing.set(now, (this.#writing.get(now) ?? 0) + 1);
  }

  #setMissing(region: number, legs: number): void {
    const before = this.missing[region] ?? 0;
    this.missing[region] = legs;
    for (let leg = 0; (before ^ legs) >> leg !== 0; leg += 1) {
      if (((before ^ legs) & (1 << leg)) === 0) continue;
      this.#missedBy[leg] = this.missedBy(leg) + ((legs & (1 << leg)) === 0 ? -1 : 1);
    }
    this.#look(region);
  }

  #setState(region: number, state: number, now: number): void {
    const before = this.#states[region] ?? 0;
    this.#states[region] = state;
    if (this.#knowsMap && before !== state) {
      this.#changedAt[region] = now;
      if (before === CLEAN && state === DIRTY) this.marks += 1;
      if (before >= NOSYNC && state < NOSYNC) this.#recovered.push(region);
    }
    this.#look(region);
  }

  /**
   * Regions that were written are copied first, and lie anywhere. The head is one that came into sync
   * with all before it done and the one after it not; of several, the nearest to where it was.
   */
  #followHead(): void {
    const from = this.head ?? 0;
    const distance = (region: number) => Math.abs(region - from);
    const fronts = this.#recovered.filter((region) => this.#isFront(region));
    this.#recovered = [];
    const [first, ...others] = fronts;
    if (first === undefined) return;
    this.head = others.reduce((a, b) => (distance(b) < distance(a) ? b : a), first);
  }

  #isFront(region: number): boolean {
    const isDone = (other: number) => (this.#states[other] ?? 0) < NOSYNC;
    if (region + 1 < this.regionCount && isDone(region + 1)) return false;
    for (let before = Math.max(0, region - DONE_BEFORE_HEAD); before < region; before += 1) {
      if (!isDone(before)) return false;
    }
    return true;
  }

  #look(region: number): void {
    const before = this.looks[region] ?? 0;
    const state = this.#states[region] ?? 0;
    const missing = this.missing[region] ?? 0;
    const isStranded = state === NOSYNC && missing !== 0 && (missing & ~this.#legsOut) === 0;
    const isDifferent = this.#differing[region] === 1 && state < NOSYNC;
    const look = isDifferent ? DIFFERENT : isStranded ? STRANDED : state;
    if (look === before) return;
    this.looks[region] = look;
    this.tallies[before] = (this.tallies[before] ?? 0) - 1;
    this.tallies[look] = (this.tallies[look] ?? 0) + 1;
  }
}

function forEachRun(runs: ValueRuns, tell: (first: number, count: number, value: number) => void) {
  for (let place = 0; place < runs.length; place += 3) {
    tell(runs[place] ?? 0, runs[place + 1] ?? 0, runs[place + 2] ?? 0);
  }
}
