/**
 * What files and block devices can do beyond Node's `fs`: read without waiting, punch holes, find
 * holes, read ahead.
 *
 * Every function returns what the kernel returns: a count or position, or the negative errno. On
 * the paths that run a hundred thousand times a second an exception would cost more than the call.
 * Positions are bytes from the start of the device.
 *
 * Constants are those of the Linux UAPI headers (fcntl.h, falloc.h, fs.h), the same on every
 * machine libc.ts knows.
 */
import fs from 'node:fs';
import os from 'node:os';
import { libc } from './libc.ts';

export const ENOSYS = -os.constants.errno.ENOSYS;
export const ENXIO = -os.constants.errno.ENXIO;
export const EOPNOTSUPP = -os.constants.errno.EOPNOTSUPP;

/** Or a part of one. */
const PAGE_BYTES = 4096;

const RWF_NOWAIT = 0x8;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** What fallocate is to do; the file never grows, and the range reads as zeroes afterwards. */
export type AllocationChange = 'punchHole' | 'zeroRange';
const FALLOCATE_MODE: Readonly<Record<AllocationChange, number>> = {
  punchHole: 0x01 | 0x02, // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE
  zeroRange: 0x01 | 0x10, // FALLOC_FL_KEEP_SIZE | FALLOC_FL_ZERO_RANGE
};

/** What posix_fadvise is to do with the pages of a range; a length of 0 means to the end. */
export type CacheChange = 'readAhead' | 'forget';
const ADVICE: Readonly<Record<CacheChange, number>> = {
  readAhead: 3, // POSIX_FADV_WILLNEED
  forget: 4, // POSIX_FADV_DONTNEED
};

/** Of statx, and where struct statx has what is asked for (stat.h). */
const AT_EMPTY_PATH = 0x1000;
const STATX_DIOALIGN = 0x2000;
const STATX_BYTES = 256;
const STATX_MASK_AT = 0;
const STATX_MEMORY_ALIGN_AT = 152;
const STATX_OFFSET_ALIGN_AT = 156;

/** One piece for preadv2: { address, length }. Filled and used without a turn of the loop between. */
const piece = new BigUint64Array(2);

/** Reads into `into` on this thread; a short count is possible, 0 is the end of the device. */
export function preadNow(fd: number, into: Uint8Array, position: number): number {
  const { absence, pread } = libc();
  if (absence !== null) return viaNode(() => fs.readSync(fd, into, 0, into.length, position));
  return orErrno(pread(fd, into, into.length, position));
}

/**
 * Reads what lies in the page cache and waits for nothing: EAGAIN when nothing is there, a short
 * count when the rest is not, EOPNOTSUPP where the file system knows no such read.
 */
export function preadCached(fd: number, into: Uint8Array, position: number): number {
  const { address, preadv2 } = libc();
  piece[0] = address(into);
  piece[1] = BigInt(into.length);
  return orErrno(preadv2(fd, piece, 1, position, RWF_NOWAIT));
}

/** Writes `from` on this thread; a short count is possible. Cheaper than any of `fs`, and no throw. */
export function pwriteNow(fd: number, from: Uint8Array, position: number): number {
  const { absence, pwrite } = libc();
  if (absence !== null) return viaNode(() => fs.writeSync(fd, from, 0, from.length, position));
  return orErrno(pwrite(fd, from, from.length, position));
}

/** On block devices too, where the range must be whole logical blocks. */
export function fallocateNow(
  fd: number,
  change: AllocationChange,
  position: number,
  length: number,
): number {
  return orErrno(libc().fallocate(fd, FALLOCATE_MODE[change], position, length));
}

/** The same in libuv's thread pool, for it may wait for a journal or a device. */
export function fallocateLater(
  fd: number,
  change: AllocationChange,
  position: number,
  length: number,
  ended: (result: number) => void,
): void {
  const { fallocate } = libc();
  fallocate.async(fd, FALLOCATE_MODE[change], position, length, (_, result) =>
    ended(orErrno(result)),
  );
}

/** On this thread. */
export function changeCacheNow(
  fd: number,
  change: CacheChange,
  position: number,
  length: number,
): number {
  // posix_fadvise returns its error instead of setting errno.
  return 0 - libc().fadvise(fd, position, length, ADVICE[change]);
}

/** Starts reading ahead, or forgets what is cached and not dirty; in libuv's thread pool. */
export function changeCacheLater(
  fd: number,
  change: CacheChange,
  position: number,
  length: number,
  ended: (result: number) => void,
): void {
  libc().fadvise.async(fd, position, length, ADVICE[change], (_, result) => ended(0 - result));
}

/** The first byte at or after `position` that is not in a hole; ENXIO: only holes follow. */
export function seekData(fd: number, position: number): number {
  return orErrno(libc().lseek(fd, position, SEEK_DATA));
}

/** The first byte at or after `position` that is in a hole; the end of the file counts as one. */
export function seekHole(fd: number, position: number): number {
  return orErrno(libc().lseek(fd, position, SEEK_HOLE));
}

/**
 * `length` bytes that begin where a page does. A large copy to or from them is up to a third faster than
 * with memory from anywhere: a processor copies slowly between addresses that differ by little modulo 4 KiB.
 */
export function pagesOf(length: number): Uint8Array {
  const room = new Uint8Array(length + PAGE_BYTES);
  const start = -Number(libc().address(room) % BigInt(PAGE_BYTES)) & (PAGE_BYTES - 1);
  return room.subarray(start, start + length);
}

/**
 * What O_DIRECT asks of offsets and lengths, and of addresses, in bytes; null where the file knows no such
 * thing. File systems that do not tell (and Linux before 6.1) ask for no more than pages.
 */
export function directAlignment(fd: number): { blockBytes: number; memoryBytes: number } | null {
  const stat = new Uint8Array(STATX_BYTES);
  const result = libc().statx(fd, '', AT_EMPTY_PATH, STATX_DIOALIGN, stat);
  const view = new DataView(stat.buffer);
  const isTold = result === 0 && (view.getUint32(STATX_MASK_AT, true) & STATX_DIOALIGN) !== 0;
  if (!isTold) return { blockBytes: PAGE_BYTES, memoryBytes: PAGE_BYTES };
  const blockBytes = view.getUint32(STATX_OFFSET_ALIGN_AT, true);
  const memoryBytes = view.getUint32(STATX_MEMORY_ALIGN_AT, true);
  return blockBytes === 0 ? null : { blockBytes, memoryBytes };
}

/** `result` of a call of libc(), with errno folded in; must be applied right after the call. */
export function orErrno(result: number): number {
  return result < 0 ? -libc().errno() : result;
}

function viaNode(call: () => number): number {
  try {
    return call();
  } catch (error) {
    // Node's errno is already negative, as libuv's is.
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    return errno;
  }
}
