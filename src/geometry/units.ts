/**
 * Lengths and addresses on a mirror, as types that do not mix.
 *
 *            region 0       region 1       region 2    region 3 (short)
 *          ├──────────────┼──────────────┼──────────────┼─────┤
 *   sector 0            1024           2048           3072   3400
 *
 * Three rules keep off-by-one errors out:
 * - an *address*, *offset* or *index* is 0-based, a *count* is 1-based, a *size* is a count with a
 *   unit; sectors appear where the kernel speaks of them (tables, status), bytes everywhere else;
 * - crossing from one to another goes through this room, never through arithmetic at the call site;
 * - the constructors check, so a value of these types is always a safe, non-negative integer.
 *
 * Plain numbers suffice: 2^53 bytes is 8 PiB, and `byteCount` refuses anything longer.
 */
import { broken, invariant } from '../errors/invariant.ts';

declare const unit: unique symbol;
type Measured<Unit extends string> = number & { readonly [unit]: Unit };

/** Number of 512-byte sectors. Region sizes and mirror lengths in dm's tables are sector counts. */
export type SectorCount = Measured<'sectors'>;
/** Number of bytes. */
export type ByteCount = Measured<'bytes'>;
/** 0-based offset in bytes from the start of the mirror (not of the leg, which may start later). */
export type ByteOffset = Measured<'byte offset'>;
/** 0-based index of a region (dm `region_t`). */
export type RegionIndex = Measured<'region index'>;
/** Number of regions; the largest valid `RegionIndex` is one less. */
export type RegionCount = Measured<'regions'>;
/** 0-based index of a leg, as in the table line. */
export type LegIndex = Measured<'leg index'>;

export const SECTOR_BYTES = 512;
/** No device has longer blocks: what is aligned to this is aligned on every device. */
export const BLOCK_BYTES_MAX = 4096;

/** dm's limit: the region count is a 32-bit number (Linux 6.12 dm-log.c, `create_log_context`). */
export const REGION_COUNT_MAX = 2 ** 32 - 1;
/** dm's limits: one primary and eight copy destinations (`DM_KCOPYD_MAX_REGIONS` + 1). */
export const LEG_COUNT_MIN = 2;
export const LEG_COUNT_MAX = 9;

export const sectorCount = (value: number): SectorCount =>
  checked(value, Number.MAX_SAFE_INTEGER) as SectorCount;
export const byteCount = (value: number): ByteCount =>
  checked(value, Number.MAX_SAFE_INTEGER) as ByteCount;
export const byteOffset = (value: number): ByteOffset =>
  checked(value, Number.MAX_SAFE_INTEGER) as ByteOffset;
export const regionIndex = (value: number): RegionIndex =>
  checked(value, REGION_COUNT_MAX - 1) as RegionIndex;
export const regionCount = (value: number): RegionCount =>
  checked(value, REGION_COUNT_MAX) as RegionCount;
export const legIndex = (value: number): LegIndex => checked(value, LEG_COUNT_MAX - 1) as LegIndex;

export function sectorsToBytes(sectors: SectorCount): ByteCount {
  return byteCount(sectors * SECTOR_BYTES);
}

/** Whole sectors in `bytes`; the caller has seen to it that nothing is left over. */
export function bytesToSectors(bytes: ByteCount): SectorCount {
  invariant(bytes % SECTOR_BYTES === 0, `${bytes} bytes are not whole sectors`);
  return sectorCount(bytes / SECTOR_BYTES);
}

function checked(value: number, limit: number): number {
  if (!Number.isSafeInteger(value)) broken(`${value} is not a safe integer`);
  if (value < 0) broken(`${value} is negative`);
  if (value > limit) broken(`${value} is over the limit of ${limit}`);
  return value;
}
