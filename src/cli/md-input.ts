/** An md bitmap where a log was asked for: in a file of its own, or inside a member of an array. */
import type { EvidenceFile } from '../devices/evidence-file.ts';
import type { MdBitmap, MdSuperblock } from '../forensics/md-bitmap.ts';
import {
  MD_BITMAP_HEADER_BYTES,
  MD_SUPERBLOCK_BYTES,
  mdBitmapBytes,
  mdBitmapHeaderIn,
  mdSuperblockIn,
  mdSuperblockPlaces,
  readMdBitmap,
} from '../forensics/md-bitmap.ts';

/** Null where there is none. `startBytes`: where in the file to look, as with a log. */
export function findMdBitmap(
  file: EvidenceFile,
  shown: string,
  startBytes: number,
): MdBitmap | null {
  const superblock = findSuperblock(file, startBytes);
  const offset = startBytes + (superblock?.bitmapOffsetBytes ?? 0);
  const header = mdBitmapHeaderIn(file.read(offset, MD_BITMAP_HEADER_BYTES));
  if (header === null) return null;
  const bytes = file.read(offset, mdBitmapBytes(header));
  return readMdBitmap(shown, bytes, header, offset, superblock);
}

function findSuperblock(file: EvidenceFile, startBytes: number): MdSuperblock | null {
  for (const place of mdSuperblockPlaces(file.sizeBytes - startBytes)) {
    const bytes = file.read(startBytes + place, MD_SUPERBLOCK_BYTES);
    const superblock = mdSuperblockIn(bytes, place);
    if (superblock !== null) return superblock;
  }
  return null;
}
