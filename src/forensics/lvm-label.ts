/**
 * Where a physical volume keeps its metadata, and every copy of it that is still there.
 *
 *   sector 0…3        label: "LABELONE", its sector u64, CRC u32, offset of the content u32, "LVM2 001"
 *   in that sector    PV id 32, device size u64, data areas (offset u64, size u64)…0, metadata areas…0
 *   metadata area     header 512: CRC u32, " LVM2 x[5A%r0N*>", version u32, start u64, size u64,
 *                       then up to 4 slots (offset u64, size u64, CRC u32, flags u32); the first is current
 *                     ring of texts: each begins at a sector, ends with a zero; old ones stay until
 *                     they are overwritten
 *
 * All integers are little-endian. The CRC is CRC-32 begun with 0xf597a6cf and not inverted.
 *
 * Source: LVM2 lib/label/label.h, lib/format_text/layout.h, lib/misc/crc.h (2.03.16).
 */
import { SECTOR_BYTES } from '../geometry/units.ts';

export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface LvmLabel {
  /** With its dashes, as the metadata writes it. */
  readonly pvId: string;
  readonly deviceBytes: number;
  readonly metadataAreas: readonly ByteRange[];
}

export interface MetadataCopy {
  /** From the start of the physical volume. */
  readonly offsetBytes: number;
  readonly seqno: number;
  readonly text: string;
  /** The one that LVM would use. */
  readonly current: boolean;
  /** Whether the header's CRC of the current text fits; null for old copies, which have none. */
  readonly checksumOk: boolean | null;
}

/** As many bytes from the start of a device as the label may need. */
export const LABEL_BYTES = 4 * SECTOR_BYTES;

/** Null where there is no label. */
export function findLvmLabel(start: Uint8Array): LvmLabel | null {
  for (let sector = 0; sector < 4; sector += 1) {
    const bytes = start.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    if (bytes.length === SECTOR_BYTES && isLabel(bytes, sector)) return labelIn(bytes);
  }
  return null;
}

function isLabel(bytes: Uint8Array, sector: number): boolean {
  const view = viewOf(bytes);
  return (
    ascii(bytes, 0, 8) === 'LABELONE' &&
    ascii(bytes, 24, 8) === 'LVM2 001' &&
    view.getBigUint64(8, true) === BigInt(sector) &&
    view.getUint32(16, true) === lvmCrc(bytes.subarray(20))
  );
}

function labelIn(bytes: Uint8Array): LvmLabel | null {
  const view = viewOf(bytes);
  const content = view.getUint32(20, true);
  if (content + 40 > bytes.length) return null;
  const [, afterData] = rangesFrom(view, content + 40);
  const [metadataAreas] = rangesFrom(view, afterData);
  const id = ascii(bytes, content, 32).match(/^(.{6})(.{4})(.{4})(.{4})(.{4})(.{4})(.{6})$/);
  const deviceBytes = Number(view.getBigUint64(content + 32, true));
  return id === null ? null : { pvId: id.slice(1).join('-'), deviceBytes, metadataAreas };
}

/** The list of ranges at `at`, up to its zero, and where it ends. */
function rangesFrom(view: DataView, at: number): [ByteRange[], number] {
  const ranges: ByteRange[] = [];
  let next = at;
  for (; next + 16 <= view.byteLength; next += 16) {
    const offset = Number(view.getBigUint64(next, true));
    if (offset === 0) return [ranges, next + 16];
    ranges.push({ offset, length: Number(view.getBigUint64(next + 8, true)) });
  }
  return [ranges, view.byteLength];
}

/** `area` is a whole metadata area, which begins at `offsetBytes`. Ascending by place. */
export function metadataCopiesIn(area: Uint8Array, offsetBytes: number): MetadataCopy[] {
  const current = currentText(area);
  const beginnings = beginningsIn(area);
  return beginnings.map(({ at, seqno }, index) => {
    const isCurrent = current !== null && current.offset === at;
    // An old text that a newer one has run into ends where that begins.
    const end = beginnings[index + 1]?.at ?? area.length;
    const text = isCurrent ? current.text : untilZero(area.subarray(at, end));
    const checksumOk = isCurrent ? current.checksumOk : null;
    return { offsetBytes: offsetBytes + at, seqno, text, current: isCurrent, checksumOk };
  });
}

/** The text of the header's first slot; it may go on at the start of the ring. */
function currentText(area: Uint8Array) {
  if (area.length < SECTOR_BYTES || ascii(area, 4, 16) !== ' LVM2 x[5A%r0N*>') return null;
  const view = viewOf(area);
  const offset = Number(view.getBigUint64(40, true));
  const size = Number(view.getBigUint64(48, true));
  const straight = area.subarray(offset, Math.min(offset + size, area.length));
  const wrapped = area.subarray(SECTOR_BYTES, SECTOR_BYTES + size - straight.length);
  const bytes = new Uint8Array(straight.length + wrapped.length);
  bytes.set(straight);
  bytes.set(wrapped, straight.length);
  const checksumOk = bytes.length === size && lvmCrc(bytes) === view.getUint32(56, true);
  return { offset, text: untilZero(bytes), checksumOk };
}

/** A text begins at a sector, with the group's name, its id and its version. */
const BEGINNING = /^[\w.+-]+ \{\nid = "[^"\n]*"\nseqno = (\d{1,15})\n/;
const BEGINNING_BYTES_MAX = 256;

function beginningsIn(area: Uint8Array): { readonly at: number; readonly seqno: number }[] {
  const found: { at: number; seqno: number }[] = [];
  for (let at = SECTOR_BYTES; at < area.length; at += SECTOR_BYTES) {
    const [, seqno] = BEGINNING.exec(ascii(area, at, BEGINNING_BYTES_MAX)) ?? [];
    if (seqno !== undefined) found.push({ at, seqno: Number(seqno) });
  }
  return found;
}

function untilZero(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return ascii(bytes, 0, end < 0 ? bytes.length : end);
}

/** Names are ASCII; descriptions may hold anything, and nobody here reads them. */
function ascii(bytes: Uint8Array, start: number, length: number): string {
  const pieces: string[] = [];
  const end = Math.min(start + length, bytes.length);
  for (let at = start; at < end; at += PIECE_BYTES) {
    const piece: ArrayLike<number> = bytes.subarray(at, Math.min(at + PIECE_BYTES, end));
    // Not spread: that would ask for one number after the other.
    pieces.push(String.fromCharCode.apply(null, piece as number[]));
  }
  return pieces.join('');
}

/** As many arguments as a call takes without trouble. */
const PIECE_BYTES = 4096;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function lvmCrc(bytes: Uint8Array): number {
  let crc = 0xf597a6cf;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return crc >>> 0;
}
