/**
 * Regions whose legs are known to differ although each of them counts as holding the region: what a
 * check has found and nobody has repaired. The dirty log knows nothing of them, since it says what
 * recovery must copy, and from which leg is the owner's to say.
 *
 * A region leaves this set when a later check finds its legs equal, or when only one leg holds it any
 * more: the others then get their copy from recovery. One byte a region, 1 for those in the set.
 */
import type { RegionIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';

export class DifferingRegions {
  readonly #flags: Uint8Array;
  #count: number;

  /** `flags`: what was known before; the owner may have laid them where others watch. */
  constructor(flags: Uint8Array) {
    this.#flags = flags;
    this.#count = flags.reduce((sum, flag) => sum + flag, 0);
  }

  get count(): number {
    return this.#count;
  }

  has(region: RegionIndex): boolean {
    return this.#flags[region] === 1;
  }

  add(region: RegionIndex): void {
    if (this.has(region)) return;
    this.#flags[region] = 1;
    this.#count += 1;
  }

  remove(region: RegionIndex): void {
    if (!this.has(region)) return;
    this.#flags[region] = 0;
    this.#count -= 1;
  }

  /** `holders` are all that hold `region` now. */
  heldBy(region: RegionIndex, holders: LegMask): void {
    const isOne = (holders & (holders - 1)) === 0;
    if (isOne) this.remove(region);
  }
}
