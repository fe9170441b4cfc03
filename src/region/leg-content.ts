/**
 * Which legs hold which regions. This is what "in sync" means here: a region is in sync when no leg
 * misses it.
 *
 *   region        0     1     2     3
 *   missed by     –     {1}   {1}   –        legs 0 and 1: regions 1 and 2 are out of sync
 *
 * The kernel keeps one in-sync bit a region and writes a non-synced region to its default mirror
 * alone. Knowing *who* misses a region makes that a special case of one rule, for any number of legs:
 * a write goes to every leg that holds the region, a read comes from one that does, recovery copies
 * from a holder to those who miss it. A leg that missed a write can then never be taken for a good
 * one (with three legs and keep_log the kernel does).
 *
 * A leg may be out of service. It still holds what it held, but nobody asks it for anything: writes,
 * reads and copies are for the legs that *serve*, and a region is recovery's work only if somebody in
 * service misses it and somebody in service holds it.
 *
 *   missed by     –     {1}   {2}   {0,2}     leg 2 is out: region 1 is work, regions 2 and 3 are not in
 *   work          no    yes   no    yes       sync, and 2 stays so until leg 2 is back
 *
 * Invariant: every region has at least one holder. Two bytes a region; counts are kept as bits change
 * and only as they change, so they cannot drift from the bits.
 */
import { invariant } from '../errors/invariant.ts';
import type { LegIndex, RegionCount, RegionIndex } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';

/** A set of legs, bit i for leg i. */
export type LegMask = number & { readonly legMask: unique symbol };

export const NO_LEGS = 0 as LegMask;
export const maskOf = (leg: LegIndex): LegMask => (1 << leg) as LegMask;
export const maskOfLegs = (legs: readonly LegIndex[]): LegMask =>
  legs.reduce<LegMask>((mask, leg) => union(mask, maskOf(leg)), NO_LEGS);
export const allLegs = (legCount: number): LegMask => ((1 << legCount) - 1) as LegMask;
export const has = (mask: LegMask, leg: LegIndex): boolean => (mask & (1 << leg)) !== 0;
export const without = (mask: LegMask, other: LegMask): LegMask => (mask & ~other) as LegMask;
export const union = (mask: LegMask, other: LegMask): LegMask => (mask | other) as LegMask;
export const common = (mask: LegMask, other: LegMask): LegMask => (mask & other) as LegMask;

/** The legs of `mask`, lowest index first. */
export function legsOf(mask: LegMask): LegIndex[] {
  const legs: LegIndex[] = [];
  for (let leg = 0; mask >> leg !== 0; leg += 1) {
    if ((mask & (1 << leg)) !== 0) legs.push(leg as LegIndex);
  }
  return legs;
}

export class LegContent {
  readonly all: LegMask;
  readonly #missedBy: Uint16Array;
  readonly #missedCounts: number[];
  #missedLegs = NO_LEGS;
  #outOfSync = 0;
  #inService: LegMask;
  #work = 0;

  /** `missedBy`: zeroed memory for one mask a region, where others may watch. */
  constructor(
    regions: RegionCount,
    legCount: number,
    missedBy: Uint16Array = new Uint16Array(regions),
  ) {
    this.all = allLegs(legCount);
    this.#inService = this.all;
    this.#missedBy = missedBy;
    this.#missedCounts = Array.from({ length: legCount }, () => 0);
  }

  get regionCount(): RegionCount {
    return regionCount(this.#missedBy.length);
  }

  get inSyncCount(): RegionCount {
    return regionCount(this.#missedBy.length - this.#outOfSync);
  }

  isInSync(region: RegionIndex): boolean {
    return this.#missedBy[region] === 0;
  }

  missing(region: RegionIndex): LegMask {
    return (this.#missedBy[region] ?? 0) as LegMask;
  }

  holders(region: RegionIndex): LegMask {
    return without(this.all, this.missing(region));
  }

  /** The legs in service that hold `region`. */
  serving(region: RegionIndex): LegMask {
    return without(this.#inService, this.missing(region));
  }

  get inService(): LegMask {
    return this.#inService;
  }

  /** From now on `legs` are in service, and no others. Looks at every region. */
  serve(legs: LegMask): void {
    this.#inService = legs;
    this.#work = 0;
    for (const missing of this.#missedBy) if (this.#makesWork(missing as LegMask)) this.#work += 1;
  }

  /** How many regions `leg` misses. */
  missedCount(leg: LegIndex): number {
    return this.#missedCounts[leg] ?? 0;
  }

  /** The legs that miss anything. */
  get missedLegs(): LegMask {
    return this.#missedLegs;
  }

  miss(region: RegionIndex, legs: LegMask): void {
    this.#set(region, union(this.missing(region), legs));
  }

  recover(region: RegionIndex, legs: LegMask): void {
    this.#set(region, without(this.missing(region), legs));
  }

  /** How many regions could be copied from a leg in service to one that misses them. */
  get workCount(): number {
    return this.#work;
  }

  isWork(region: RegionIndex): boolean {
    return this.#makesWork(this.missing(region));
  }

  /** The first region from `from` on that is work, or null. Does not wrap. */
  nextWork(from: number): RegionIndex | null {
    if (this.#work === 0) return null;
    const bits = this.#missedBy;
    for (let region = from; region < bits.length; region += 1) {
      if (this.#makesWork(bits[region] as LegMask)) return region as RegionIndex;
    }
    return null;
  }

  #makesWork(missing: LegMask): boolean {
    const missingHere = common(missing, this.#inService);
    return missingHere !== NO_LEGS && missingHere !== this.#inService;
  }

  #set(region: RegionIndex, missing: LegMask): void {
    const before = this.missing(region);
    if (before === missing) return;
    invariant(missing !== this.all, `no leg would hold region ${region}`);
    this.#missedBy[region] = missing;
    if (before === 0) this.#outOfSync += 1;
    if (missing === 0) this.#outOfSync -= 1;
    if (this.#makesWork(before)) this.#work -= 1;
    if (this.#makesWork(missing)) this.#work += 1;
    for (const leg of legsOf((before ^ missing) as LegMask)) {
      const count = this.missedCount(leg) + (has(missing, leg) ? 1 : -1);
      this.#missedCounts[leg] = count;
      const others = without(this.#missedLegs, maskOf(leg));
      this.#missedLegs = count === 0 ? others : union(others, maskOf(leg));
    }
  }
}
