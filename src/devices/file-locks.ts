/**
 * Locks that keep two writers away from one device: Linux's open file description locks (fcntl(2)).
 *
 * Unlike the older POSIX locks they belong to the open file, not to the process: they are not lost
 * when some other descriptor of the same file is closed, threads may share them, and two openings
 * within one process exclude each other. qemu holds the same kind on bytes 100 and up of an image,
 * so that a lock over the whole file meets qemu's, and qemu's checks meet ours.
 *
 *   struct flock   0         2           4     8           16          24        28    32
 *                  │ type i16│ whence i16│ pad │ start i64 │ length i64│ pid i32 │ pad │
 */
import os from 'node:os';
import { orErrno } from './file-calls.ts';
import { libc } from './libc.ts';

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;

const LOCK_TYPE = { read: 0, write: 1, none: 2 } as const;
type LockType = keyof typeof LOCK_TYPE;

const WHOLE_FILE = { start: 0n, length: 0n };

/**
 * Takes a lock over the whole file, now and for as long as the open file lives. 0, or the negative
 * errno: EAGAIN when another open file holds a lock that does not go with it.
 */
export function lockFile(fd: number, type: Exclude<LockType, 'none'>): number {
  const result = orErrno(libc().fcntl(fd, F_OFD_SETLK, encode(type)));
  return result === -os.constants.errno.EACCES ? -os.constants.errno.EAGAIN : result;
}

/**
 * Why nothing can be locked on this machine, and what to do; null: the kernel decides. There is no
 * lesser lock to fall back to: one that qemu, the kernel and other engines do not see protects nothing.
 */
export function whyNoLocks(): { readonly reason: string; readonly hint: string } | null {
  const { absence } = libc();
  if (absence === null) return null;
  const hint =
    'install the packages of mirrorctl on this machine, optional ones included (`npm install` in its directory); reading commands work without';
  return { reason: `no system call for it is within reach (${absence})`, hint };
}

/** Whether another open file holds a lock that would keep `type` from being granted. */
export function isLockedElsewhere(fd: number, type: Exclude<LockType, 'none'>): boolean {
  const bytes = encode(type);
  const result = orErrno(libc().fcntl(fd, F_OFD_GETLK, bytes));
  return result === 0 && new DataView(bytes.buffer).getInt16(0, true) !== LOCK_TYPE.none;
}

function encode(type: LockType): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, LOCK_TYPE[type], true);
  view.setBigInt64(8, WHOLE_FILE.start, true);
  view.setBigInt64(16, WHOLE_FILE.length, true);
  return bytes;
}
