/**
 * Linux md's write-intent bitmap, for those who meet it where they expected a dirty log. Only read.
 *
 *   byte 0      4        8       24       32              40          48       52       56       256
 *   ├───────────┼────────┼───────┼────────┼───────────────┼───────────┼────────┼────────┼────────┼──────
 *   │ "bitm"    │version │ UUID  │ events │ events cleared│ sync size │ state  │ chunk  │ daemon │ bits
 *   │           │ u32    │ 16 B  │ u64    │ u64           │ u64, sect.│ u32    │ u32, B │ u32, s │
 *
 * All little-endian, lowest bit first; 1 is *dirty*, the opposite of a dirty log. One bit a chunk; bits
 * after the last chunk may be anything. Internal bitmaps lie behind the superblock, at as many sectors
 * from it as it says.
 *
 *   superblock (metadata 1.x)  at byte 0 (1.1), at 4096 (1.2), or 8 KiB before the end (1.0):
 *   magic u32 0xa92b4efc · version u32 · … · UUID at 16 · bitmap offset i32 at 96, in sectors ·
 *   its own place u64 at 144, in sectors · events u64 at 200 · checksum u32 at 216 · devices u32 at 220
 *
 * Source: Linux 6.1 drivers/md/md-bitmap.h (`bitmap_super_t`), include/uapi/linux/raid/md_p.h
 * (`mdp_superblock_1`), mdadm 4.2 bitmap.c for what people are used to see.
 */
import { bitsetBytes, RegionBitset } from '../dirty-log/region-bitset.ts';
import { REGION_COUNT_MAX, regionCount, SECTOR_BYTES } from '../geometry/units.ts';
import { hexOf } from './hex.ts';
import type { RegionSpan } from './log-remainder.ts';

export const MD_BITMAP_SCHEMA = 'mirrorctl.md-bitmap/1';
export const MD_BITMAP_HEADER_BYTES = 256;
/** A superblock with the roles of all its devices. */
export const MD_SUPERBLOCK_BYTES = 4096;

export interface MdSuperblock {
  /** From the start of the member. */
  readonly offsetBytes: number;
  readonly uuid: string;
  readonly events: number;
  readonly checksumOk: boolean;
  /** Where the bitmap lies in the member; null: it has none inside. */
  readonly bitmapOffsetBytes: number | null;
}

export interface MdBitmapHeader {
  readonly version: number;
  readonly uuid: string;
  readonly events: number;
  readonly eventsCleared: number;
  readonly syncSizeBytes: number;
  /** Bit 1: stale; bit 2: a write of the bitmap failed. */
  readonly state: number;
  readonly chunkBytes: number;
  readonly flushSeconds: number;
  readonly writeBehind: number;
  /** How many bits there are; null where the sizes make no sense. */
  readonly chunkCount: number | null;
}

export interface MdBitmap extends MdBitmapHeader {
  readonly schema: typeof MD_BITMAP_SCHEMA;
  readonly path: string;
  readonly offsetBytes: number;
  readonly superblock: MdSuperblock | null;
  readonly dirtyChunks: number | null;
  readonly dirtyRuns: readonly RegionSpan[];
  /** Chunks whose bits lie past the end of what was read. */
  readonly missingChunks: number;
}

/** Where a member of so many bytes may have its superblock. */
export function mdSuperblockPlaces(sizeBytes: number): number[] {
  const lastSector = Math.floor(sizeBytes / SECTOR_BYTES) - 16;
  const nearEnd = lastSector - (lastSector % 8);
  return [4096, 0, ...(nearEnd > 0 ? [nearEnd * SECTOR_BYTES] : [])];
}

/** Null where there is none. `bytes` begin at `offsetBytes`. */
export function mdSuperblockIn(bytes: Uint8Array, offsetBytes: number): MdSuperblock | null {
  if (bytes.length < 256) return null;
  const view = viewOf(bytes);
  const ownPlace = Number(view.getBigUint64(144, true)) * SECTOR_BYTES;
  const isOne = view.getUint32(0, true) === 0xa92b4efc && view.getUint32(4, true) === 1;
  if (!isOne || ownPlace !== offsetBytes) return null;
  const bitmapSectors = view.getInt32(96, true);
  return {
    offsetBytes,
    uuid: uuidAt(bytes, 16),
    events: Number(view.getBigUint64(200, true)),
    checksumOk: checksumFits(bytes, view),
    bitmapOffsetBytes: bitmapSectors === 0 ? null : offsetBytes + bitmapSectors * SECTOR_BYTES,
  };
}

/** The sum of all words up to the last device's role, without the checksum itself, folded once. */
function checksumFits(bytes: Uint8Array, view: DataView): boolean {
  const end = 256 + 2 * view.getUint32(220, true);
  if (end > bytes.length) return false;
  let sum = 0;
  for (let at = 0; at + 4 <= end; at += 4) if (at !== 216) sum += view.getUint32(at, true);
  if (end % 4 === 2) sum += view.getUint16(end - 2, true);
  const folded = (sum % 2 ** 32) + Math.floor(sum / 2 ** 32);
  return folded % 2 ** 32 === view.getUint32(216, true);
}

/** Null where no bitmap begins. */
export function mdBitmapHeaderIn(bytes: Uint8Array): MdBitmapHeader | null {
  if (bytes.length < MD_BITMAP_HEADER_BYTES) return null;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== 0x6d746962) return null;
  const syncSizeBytes = Number(view.getBigUint64(40, true)) * SECTOR_BYTES;
  const chunkBytes = view.getUint32(52, true);
  const chunks = Math.ceil(syncSizeBytes / chunkBytes);
  return {
    version: view.getUint32(4, true),
    uuid: uuidAt(bytes, 8),
    events: Number(view.getBigUint64(24, true)),
    eventsCleared: Number(view.getBigUint64(32, true)),
    syncSizeBytes,
    state: view.getUint32(48, true),
    chunkBytes,
    flushSeconds: view.getUint32(56, true),
    writeBehind: view.getUint32(60, true),
    chunkCount: chunks > 0 && chunks <= REGION_COUNT_MAX ? chunks : null,
  };
}

/** Bytes from the bitmap's first one on that hold everything. */
export function mdBitmapBytes({ chunkCount }: MdBitmapHeader): number {
  return MD_BITMAP_HEADER_BYTES + Math.ceil((chunkCount ?? 0) / 8);
}

/** `bytes` begin with the header. */
export function readMdBitmap(
  path: string,
  bytes: Uint8Array,
  header: MdBitmapHeader,
  offsetBytes: number,
  superblock: MdSuperblock | null,
): MdBitmap {
  const wanted = header.chunkCount ?? 0;
  const present = Math.max(0, bytes.length - MD_BITMAP_HEADER_BYTES);
  const shown = regionCount(Math.min(wanted, 8 * present));
  const store = new Uint8Array(bitsetBytes(shown));
  const end = MD_BITMAP_HEADER_BYTES + Math.min(store.length, present);
  store.set(bytes.subarray(MD_BITMAP_HEADER_BYTES, end));
  const dirtyBits = new RegionBitset(shown, store);
  return {
    schema: MD_BITMAP_SCHEMA,
    path,
    offsetBytes,
    ...header,
    superblock,
    dirtyChunks: header.chunkCount === null ? null : dirtyBits.count(),
    dirtyRuns: [...dirtyBits.runs()]
      .filter(({ set }) => set)
      .map(({ first, count }) => ({ first, count })),
    missingChunks: wanted - shown,
  };
}

function uuidAt(bytes: Uint8Array, offset: number): string {
  return (hexOf(bytes.subarray(offset, offset + 16)).match(/.{8}/g) ?? []).join(':');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
