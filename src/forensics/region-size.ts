/**
 * Which region sizes fit a log that speaks of `count` regions. A log does not record its region size,
 * but the mirror's length gives it away: a power of two R with ceil(length / R) = count.
 *
 *   length known exactly      at most one R fits
 *   length only bounded       every R fits that is not too large for the bound
 */
import type { ByteCount, RegionCount } from '../geometry/units.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';

const REGION_BYTES_MIN = 2 * SECTOR_BYTES;
const REGION_BYTES_MAX = 2 ** 31 * SECTOR_BYTES;

/** Ascending. `sizeBytes` is the mirror's length, or with `atMost` only a bound of it. */
export function regionSizesFor(
  count: RegionCount,
  sizeBytes: ByteCount,
  atMost: boolean,
): ByteCount[] {
  const fitting: ByteCount[] = [];
  const largest = Math.min(sizeBytes, REGION_BYTES_MAX);
  for (let bytes = REGION_BYTES_MIN; bytes <= largest; bytes *= 2) {
    const fits = atMost ? (count - 1) * bytes < sizeBytes : Math.ceil(sizeBytes / bytes) === count;
    if (fits) fitting.push(byteCount(bytes));
  }
  return fitting;
}
