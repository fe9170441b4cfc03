/**
 * What we need to know of the file system a leg lies on. Two questions, asked of statfs(2):
 *
 * - may a write to the page cache take forever? (a network, or a process in user space, is behind it)
 * - do reads come from memory anyhow, so that waiting is no question?
 *
 * What is not in the table gets the careful answer to each. Magic numbers: Linux UAPI linux/magic.h.
 */
import fs from 'node:fs';

export interface FileSystemTraits {
  readonly name: string;
  readonly mayStall: boolean;
  readonly inMemory: boolean;
}

const LOCAL = { mayStall: false, inMemory: false };
const IN_MEMORY = { ...LOCAL, inMemory: true };
/** Behind a network or a process. */
const REMOTE = { mayStall: true, inMemory: false };

const FILE_SYSTEMS: ReadonlyMap<number, FileSystemTraits> = new Map([
  [0xef53, { name: 'ext4', ...LOCAL }],
  [0x01021994, { name: 'tmpfs', ...IN_MEMORY }],
  [0x858458f6, { name: 'ramfs', ...IN_MEMORY }],
  [0x58465342, { name: 'xfs', ...LOCAL }],
  [0x9123683e, { name: 'btrfs', ...LOCAL }],
  [0xca451a4e, { name: 'bcachefs', ...LOCAL }],
  [0x2fc12fc1, { name: 'zfs', ...LOCAL }],
  [0xf2f52010, { name: 'f2fs', ...LOCAL }],
  [0x794c7630, { name: 'overlayfs', ...LOCAL }],
  [0x6969, { name: 'nfs', ...REMOTE }],
  [0xfe534d42, { name: 'smb', ...REMOTE }],
  [0xff534d42, { name: 'cifs', ...REMOTE }],
  [0x65735546, { name: 'fuse', ...REMOTE }],
  [0x01021997, { name: '9p', ...REMOTE }],
  [0x00c36400, { name: 'ceph', ...REMOTE }],
]);

/** A block device is no file system; it can stall (a path that is gone, a disk that retries). */
export const BLOCK_DEVICE_TRAITS: FileSystemTraits = {
  name: 'block device',
  mayStall: true,
  inMemory: false,
};

export function fileSystemOf(path: string): FileSystemTraits {
  const magic = fs.statfsSync(path).type >>> 0;
  return FILE_SYSTEMS.get(magic) ?? { name: `0x${magic.toString(16)}`, ...REMOTE };
}
