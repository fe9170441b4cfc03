/**
 * Which bytes a path really means, so that the same bytes are never two legs.
 *
 *   a.img ─ symlink, hard link ─▶ inode          one storage, by device and inode number
 *   /dev/loop0 ─ backing file ──▶ inode + offset
 *   /dev/sda1 ─ partition ──────▶ /dev/sda + start
 *
 * A device is followed down to its storage as far as sysfs tells. Stacked devices (dm, md) are not
 * followed: the kernel lets nobody else claim what lies below them.
 */
import fs from 'node:fs';
import path from 'node:path';

export interface DeviceIdentity {
  readonly kind: 'file' | 'block';
  /** Equal for two paths of one file or one block device. */
  readonly id: string;
  /** Where the bytes lie: the storage they are part of, and where in it they begin. */
  readonly storage: string;
  readonly storageOffset: number;
}

/** A range of a device, in bytes from its start; an end of Infinity: to wherever it ends. */
export interface DeviceRange {
  readonly identity: DeviceIdentity;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

const SECTOR_BYTES = 512; // sysfs counts in these, whatever the device's blocks are

/** Null for what is neither a regular file nor a block device. */
export function identityOf(stat: fs.BigIntStats): DeviceIdentity | null {
  if (stat.isFile()) {
    const id = fileId(stat);
    return { kind: 'file', id, storage: id, storageOffset: 0 };
  }
  if (!stat.isBlockDevice()) return null;
  const number = deviceNumber(stat.rdev);
  return { kind: 'block', id: `block ${number}`, ...storageOfBlockDevice(number) };
}

/** The first two ranges that share a byte, or null. */
export function findCollision<Range extends DeviceRange>(
  ranges: readonly Range[],
): readonly [Range, Range] | null {
  for (const [index, one] of ranges.entries()) {
    for (const other of ranges.slice(index + 1)) if (overlap(one, other)) return [one, other];
  }
  return null;
}

/** Inode numbers go beyond 2^53 on some file systems, hence `bigint`. Null: nothing to be seen there. */
export function statOf(file: string): fs.BigIntStats | null {
  try {
    return fs.statSync(file, { bigint: true });
  } catch {
    // Gone, or not for us to see: in sysfs and /proc both are everyday.
    return null;
  }
}

/** As the kernel prints it, `major:minor`. */
function deviceNumber(dev: bigint): string {
  // makedev(3) of the C library spreads both halves over 64 bits; the upper parts are rarely used.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** The file behind a loop device or a partition of one, as the kernel names it; or null. */
export function backingFileOf(number: string): string | null {
  const directory = path.join('/sys/dev/block', number);
  const [device, disk] = ['loop/backing_file', '../loop/backing_file'];
  // A plain join would shorten `number/..`, but the link leads elsewhere.
  return readSysfs(`${directory}/${device}`) ?? readSysfs(`${directory}/${disk}`);
}

function overlap(one: DeviceRange, other: DeviceRange): boolean {
  if (one.identity.storage !== other.identity.storage) return false;
  const oneStart = one.identity.storageOffset + one.offsetBytes;
  const otherStart = other.identity.storageOffset + other.offsetBytes;
  return oneStart < otherStart + other.lengthBytes && otherStart < oneStart + one.lengthBytes;
}

function storageOfBlockDevice(number: string): { storage: string; storageOffset: number } {
  const below = oneLevelDown(number);
  if (below === null) return { storage: `block ${number}`, storageOffset: 0 };
  return below;
}

function oneLevelDown(number: string): { storage: string; storageOffset: number } | null {
  const directory = path.join('/sys/dev/block', number);
  const start = readSysfs(path.join(directory, 'start'));
  if (start !== null && fs.existsSync(path.join(directory, 'partition'))) {
    const whole = readSysfs(`${directory}/../dev`);
    if (whole === null) return null;
    const { storage, storageOffset } = storageOfBlockDevice(whole);
    return { storage, storageOffset: storageOffset + Number(start) * SECTOR_BYTES };
  }
  const backing = backingFileOf(number);
  const file = backing === null ? null : statOf(backing);
  const below = file === null ? null : identityOf(file);
  if (below === null) return null;
  const offset = Number(readSysfs(path.join(directory, 'loop/offset')) ?? 0);
  return { storage: below.storage, storageOffset: below.storageOffset + offset };
}

function fileId(stat: fs.BigIntStats): string {
  return `file ${deviceNumber(stat.dev)} ${stat.ino}`;
}

function readSysfs(file: string): string | null {
  try {
    return fs.readFileSync(file, 'utf8').trim();
  } catch {
    // Not that kind of device, or no sysfs: then nothing is known about what lies below.
    return null;
  }
}
