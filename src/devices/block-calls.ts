/**
 * What a block device says about itself (Linux UAPI linux/fs.h). `fstat` reports a size of 0.
 *
 * Zeroing and discarding need no ioctl: fallocate on a block device does what BLKZEROOUT and a
 * discard that reads as zeroes would, and drops the page cache of the range as well.
 */
import { orErrno } from './file-calls.ts';
import { libc } from './libc.ts';

const BLKSSZGET = 0x1268; // logical block size, an int
const BLKGETSIZE64 = 0x80081272; // bytes, a u64

export interface BlockFacts {
  readonly sizeBytes: number;
  readonly logicalBlockBytes: number;
}

/** The facts, or the negative errno. */
export function blockFacts(fd: number): BlockFacts | number {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  const sized = orErrno(libc().ioctl(fd, BLKGETSIZE64, bytes));
  if (sized < 0) return sized;
  const sizeBytes = Number(view.getBigUint64(0, true));
  const blocked = orErrno(libc().ioctl(fd, BLKSSZGET, bytes));
  if (blocked < 0) return blocked;
  return { sizeBytes, logicalBlockBytes: view.getInt32(0, true) };
}
