/**
 * How a mirror is cut into regions: the only place that turns byte offsets into region numbers.
 *
 *   offset 0        regionBytes                     sizeBytes
 *          ├── region 0 ──┼── region 1 ──┼─ … ─┼─ last ─┤     the last one may be short
 *
 * The rules are the kernel's (Linux 6.12 drivers/md/dm-log.c, `create_log_context`; tried out on one,
 * fixtures/kernel-oracle): a power of two of at least two sectors, not above the mirror's length, at
 * most 2^32-1 regions. `create` asks for 4 KiB at least; a table line may bring the kernel's minimum.
 */
import { broken, invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ByteCount, ByteOffset, RegionCount, RegionIndex } from './units.ts';
import { byteCount, byteOffset, REGION_COUNT_MAX, regionCount, SECTOR_BYTES } from './units.ts';

/** Smallest region the kernel accepts. */
const REGION_BYTES_MIN = 2 * SECTOR_BYTES;
/** Largest region the kernel accepts: region_size is a u32 of sectors, and a power of two. */
const REGION_BYTES_MAX = 2 ** 31 * SECTOR_BYTES;

const REGION_BYTES_DEFAULT = 512 * 1024;
/** More regions than this by default make the map and the log larger than they are useful. */
const DEFAULT_REGION_COUNT_MAX = 2 ** 20;

export class RegionGeometry {
  readonly sizeBytes: ByteCount;
  readonly regionBytes: ByteCount;
  readonly regionCount: RegionCount;

  private constructor(sizeBytes: ByteCount, regionBytes: ByteCount) {
    this.sizeBytes = sizeBytes;
    this.regionBytes = regionBytes;
    this.regionCount = regionCount(Math.ceil(sizeBytes / regionBytes));
  }

  /** Throws GEOMETRY_INVALID with the rule that is broken. */
  static of(sizeBytes: ByteCount, regionBytes: ByteCount): RegionGeometry {
    const fault = geometryFault(sizeBytes, regionBytes);
    if (fault !== null) {
      throw new MirrorError('GEOMETRY_INVALID', fault, { sizeBytes, regionBytes });
    }
    return new RegionGeometry(sizeBytes, regionBytes);
  }

  regionOf(offset: ByteOffset): RegionIndex {
    if (offset >= this.sizeBytes) broken(`offset ${offset} of ${this.sizeBytes}`);
    return Math.floor(offset / this.regionBytes) as RegionIndex;
  }

  /** The last region touched by `length` > 0 bytes at `offset`. */
  lastRegionOf(offset: ByteOffset, length: ByteCount): RegionIndex {
    invariant(length > 0, 'an empty range touches no region');
    return this.regionOf((offset + length - 1) as ByteOffset);
  }

  startOf(region: RegionIndex): ByteOffset {
    return byteOffset(region * this.regionBytes);
  }

  /** Bytes of `region`; shorter than `regionBytes` only for the last one. */
  lengthOf(region: RegionIndex): ByteCount {
    return byteCount(Math.min(this.regionBytes, this.sizeBytes - region * this.regionBytes));
  }

  contains(region: number): region is RegionIndex {
    return Number.isInteger(region) && region >= 0 && region < this.regionCount;
  }
}

/** Why these two sizes make no mirror, or null. */
function geometryFault(sizeBytes: ByteCount, regionBytes: ByteCount): string | null {
  if (sizeBytes === 0 || sizeBytes % SECTOR_BYTES !== 0) {
    return `a mirror of ${sizeBytes} bytes is not a positive number of 512-byte sectors`;
  }
  if (!isPowerOfTwo(regionBytes) || regionBytes < REGION_BYTES_MIN) {
    return `region size ${regionBytes} is not a power of two of at least ${REGION_BYTES_MIN} bytes`;
  }
  if (regionBytes > REGION_BYTES_MAX || regionBytes > sizeBytes) {
    return `region size ${regionBytes} is larger than the mirror of ${sizeBytes} bytes`;
  }
  if (Math.ceil(sizeBytes / regionBytes) > REGION_COUNT_MAX) {
    return `region size ${regionBytes} makes more than ${REGION_COUNT_MAX} regions`;
  }
  return null;
}

/**
 * 512 KiB, doubled until there are at most 2^20 regions (so 16 MiB at 16 TiB), or the largest power
 * of two that a mirror below 512 KiB can hold.
 */
export function defaultRegionBytes(sizeBytes: ByteCount): ByteCount {
  let bytes = REGION_BYTES_DEFAULT;
  while (Math.ceil(sizeBytes / bytes) > DEFAULT_REGION_COUNT_MAX) bytes *= 2;
  while (bytes > sizeBytes && bytes > REGION_BYTES_MIN) bytes /= 2;
  return byteCount(bytes);
}

/** True also above 2^31, where JavaScript's bit operators stop working. */
export function isPowerOfTwo(value: number): boolean {
  return value >= 1 && Number.isInteger(Math.log2(value)) && 2 ** Math.log2(value) === value;
}
