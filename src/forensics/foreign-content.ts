/**
 * What lies where a dirty log was expected: other people's signatures, each with its place.
 *
 * Source of the signatures: the formats' own documentation and the headers of Linux 6.12
 * (include/uapi/linux/magic.h, fs/ext4/ext4.h, fs/xfs/libxfs/xfs_format.h, fs/btrfs, block/partitions,
 * drivers/md) and of LVM2 (lib/label/label.h).
 */

export interface ForeignContent {
  /** Complete the sentence "it looks like …". */
  readonly what: string;
  readonly offset: number;
  readonly length: number;
}

interface Signature {
  readonly what: string;
  readonly offset: number;
  /** Text stands for its bytes. */
  readonly bytes: string | readonly number[];
}

const SECTOR = 512;
const SIGNATURES: readonly Signature[] = [
  { what: 'a dirty log of a big-endian host', offset: 0, bytes: [0x4d, 0x69, 0x52, 0x72] },
  ...[0, 1, 2, 3].map((sector) => ({
    what: 'an LVM physical volume',
    offset: sector * SECTOR,
    bytes: 'LABELONE',
  })),
  { what: 'an XFS file system', offset: 0, bytes: 'XFSB' },
  { what: 'a btrfs file system', offset: 65600, bytes: '_BHRfS_M' },
  { what: 'an NTFS file system', offset: 3, bytes: 'NTFS    ' },
  { what: 'a FAT file system', offset: 82, bytes: 'FAT32   ' },
  { what: 'a FAT file system', offset: 54, bytes: 'FAT1' },
  { what: 'an ISO 9660 file system', offset: 32769, bytes: 'CD001' },
  { what: 'a LUKS volume', offset: 0, bytes: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe] },
  { what: 'a disk with a GPT', offset: SECTOR, bytes: 'EFI PART' },
  { what: 'swap space', offset: 4086, bytes: 'SWAPSPACE2' },
  { what: 'an md member (metadata 1.2)', offset: 4096, bytes: [0xfc, 0x4e, 0x2b, 0xa9] },
  { what: 'an md member (metadata 1.1)', offset: 0, bytes: [0xfc, 0x4e, 0x2b, 0xa9] },
  { what: 'an md write-intent bitmap', offset: 0, bytes: 'bitm' },
  { what: 'dm-raid metadata', offset: 0, bytes: 'DmRd' },
  { what: 'a qcow2 image', offset: 0, bytes: [0x51, 0x46, 0x49, 0xfb] },
  { what: 'a gzip file', offset: 0, bytes: [0x1f, 0x8b, 0x08] },
  { what: 'a zstd file', offset: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { what: 'an xz file', offset: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { what: 'a program', offset: 0, bytes: [0x7f, 0x45, 0x4c, 0x46] },
  // Last, since GPT disks and FAT file systems carry it too.
  { what: 'a boot sector or a disk with an MBR', offset: 510, bytes: [0x55, 0xaa] },
];

/** Null when nothing is recognised. */
export function foreignContent(bytes: Uint8Array): ForeignContent | null {
  const same = bytes.length > 0 && bytes.every((byte) => byte === bytes[0]);
  if (same) return { what: uniform(bytes[0] ?? 0), offset: 0, length: Math.min(16, bytes.length) };
  for (const { what, offset, bytes: signature } of SIGNATURES) {
    const wanted = typeof signature === 'string' ? asciiOf(signature) : signature;
    const found = wanted.every((byte, index) => bytes[offset + index] === byte);
    if (found) return { what, offset, length: wanted.length };
  }
  if (isExt(bytes)) return { what: EXT, offset: EXT_MAGIC_OFFSET, length: 2 };
  return isText(bytes.subarray(0, SECTOR)) ? { what: 'text', offset: 0, length: 16 } : null;
}

const EXT = 'an ext2, ext3 or ext4 file system';
const EXT_SUPERBLOCK = 1024;
const EXT_MAGIC_OFFSET = EXT_SUPERBLOCK + 56;

/** The magic alone is two bytes, and lies among a log's bits: two more fields must make sense. */
function isExt(bytes: Uint8Array): boolean {
  if (bytes.length < EXT_SUPERBLOCK + 80) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset + EXT_SUPERBLOCK, 80);
  const logBlockSize = view.getUint32(24, true);
  const revision = view.getUint32(76, true);
  return view.getUint16(56, true) === 0xef53 && logBlockSize <= 6 && revision <= 1;
}

function uniform(byte: number): string {
  if (byte === 0) return 'an area that was never written (all zeroes)';
  return `an area filled with 0x${byte.toString(16).padStart(2, '0')}`;
}

function asciiOf(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

function isText(bytes: Uint8Array): boolean {
  const printable = (byte: number) => (byte >= 0x20 && byte < 0x7f) || (byte >= 9 && byte <= 13);
  return bytes.length > 0 && bytes.every(printable);
}
