/**
 * Repairs a leg in place where it could not be read.
 *
 *   read fails on L ─▶ read well from another leg ─▶ L loses those regions ─▶ recovery copies them back
 *
 * The copy rewrites the sectors that could not be read, which is what makes a disk replace them, and it
 * is recovery's: so it is marked, waits for writes and makes writes wait like any other, and if it fails
 * it is tried again, later each time. Meanwhile nobody reads the regions from L. What is copied is whole
 * regions, because nobody knows which sector of the read it was.
 *
 * If L is the primary, it gives its part to an heir, and that is durable before the regions are marked:
 * otherwise a crash would leave a log that has them copied from L. Without an heir it stays as it is.
 *
 * Each region of each leg is repaired once: what cannot be read after it was rewritten is not going to
 * be, and is then read from another leg every time. A leg that is taken out and let in, as somebody does
 * who has seen to it, begins anew. After REPAIRS_MAX regions of one leg no more are repaired: that leg is
 * to be replaced.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, legsOf, maskOf } from '../region/leg-content.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';

const REPAIRS_MAX = 1024;

export class ReadRepair {
  readonly #state: MirrorState;
  readonly #memory: MemoryKeeper;
  /** Regions that have been repaired, by leg. */
  readonly #repaired: readonly Set<RegionIndex>[];

  constructor(state: MirrorState, memory: MemoryKeeper) {
    this.#state = state;
    this.#memory = memory;
    this.#repaired = Array.from({ length: state.legs.legCount }, () => new Set());
  }

  /** `failed` could not read all of `first` to `last`, and another leg could. */
  repair(first: RegionIndex, last: RegionIndex, failed: LegMask): void {
    for (const leg of legsOf(failed)) {
      if (this.#repairable(leg, first, last).length === 0) continue;
      if (leg === this.#state.legs.primary && !this.#state.movePrimary(maskOf(leg))) continue;
      const isHeld = this.#memory.holds((kept) => {
        if (kept) this.#lose(leg, first, last);
      });
      if (!isHeld) this.#lose(leg, first, last);
    }
  }

  /** `leg` is in service again. */
  forget(leg: LegIndex): void {
    this.#repaired[leg]?.clear();
  }

  #lose(leg: LegIndex, first: RegionIndex, last: RegionIndex): void {
    if (leg === this.#state.legs.primary) return;
    const regions = this.#repairable(leg, first, last);
    for (const region of regions) {
      this.#repaired[leg]?.add(region);
      this.#state.lose(region, maskOf(leg));
    }
    const [region] = regions;
    if (region === undefined) return;
    this.#state.emit({ kind: 'event', event: { event: 'repair', leg, region } });
  }

  #repairable(leg: LegIndex, first: RegionIndex, last: RegionIndex): RegionIndex[] {
    const { content } = this.#state;
    const repaired = this.#repaired[leg] ?? new Set();
    const regions: RegionIndex[] = [];
    for (let region = first; region <= last; region = (region + 1) as RegionIndex) {
      if (repaired.size + regions.length === REPAIRS_MAX) break;
      if (has(content.serving(region), leg) && !repaired.has(region)) regions.push(region);
    }
    return regions;
  }
}
