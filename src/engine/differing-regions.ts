/**
 * Regions whose legs are known to differ although each of them counts as holding the region: what a
 * check has found and nobody has repaired. The dirty log knows nothing of them, since it says what
 * recovery must copy, and from which leg is the owner's to say.
 *
 * A region leaves this set when a later check finds its legs equal, or when only one leg holds it any
 * more: the others then get their copy from recovery. One bit a region, once there is any.
 */
import { RegionBitset } from '../dirty-log/region-bitset.ts';
import type { RegionCount, RegionIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';

export class DifferingRegions {
  readonly #regionCount: RegionCount;
  #bits: RegionBitset | null = null;
  #count = 0;

  constructor(regionCount: RegionCount) {
    this.#regionCount = regionCount;
  }

  get count(): number {
    return this.#count;
  }

  has(region: RegionIndex): boolean {
    return this.#count > 0 && this.#bits?.has(region) === true;
  }

  add(region: RegionIndex): void {
    this.#bits ??= new RegionBitset(this.#regionCount);
    if (this.#bits.has(region)) return;
    this.#bits.set(region);
    this.#count += 1;
  }

  remove(region: RegionIndex): void {
    if (!this.has(region)) return;
    this.#bits?.clear(region);
    this.#count -= 1;
  }

  /** `holders` are all that hold `region` now. */
  heldBy(region: RegionIndex, holders: LegMask): void {
    const isOne = (holders & (holders - 1)) === 0;
    if (isOne) this.remove(region);
  }

  /** The first of them at or after `from`; null: there is none. */
  next(from: number): RegionIndex | null {
    return this.#count === 0 ? null : (this.#bits?.nextSet(from) ?? null);
  }
}
