/**
 * Some regions out of all, spread evenly over the mirror: one out of each of `k` equal parts, at a place
 * in the part that follows the golden ratio, so that a pattern in the data is not hit every time. The
 * same mirror and share give the same regions.
 */
import type { RegionCount, RegionIndex } from '../geometry/units.ts';
import { regionIndex } from '../geometry/units.ts';

const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** Ascending; `share` is above 0 and at most 1, and at least one region is taken. */
export function* sampledRegions(count: RegionCount, share: number): Generator<RegionIndex> {
  const parts = Math.max(1, Math.ceil(count * share));
  const startOf = (part: number) => Math.floor((part * count) / parts);
  for (let part = 0; part < parts; part += 1) {
    const length = startOf(part + 1) - startOf(part);
    const within = Math.floor(((part * GOLDEN_RATIO) % 1) * length);
    yield regionIndex(startOf(part) + within);
  }
}
