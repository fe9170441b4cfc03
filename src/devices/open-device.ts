/**
 * Opens legs and logs so that nobody else writes to them: files and block devices, whole or from an
 * offset on (`PATH@OFFSET`). All devices of a mirror are opened together or not at all.
 *
 *   access   opened      locked                                    for
 *   write    read-write  exclusive lock; block devices: O_EXCL too an engine, a repair
 *   read     read-only   lock that goes with other readers         comparing legs while nobody writes
 *   peek     read-only   not at all                                looking at a log, also a live one
 *
 * Invariants:
 * - one device is opened once, however many ranges of it are wanted: its lock excludes ourselves too;
 * - two ranges never share a byte, whatever paths they were given by;
 * - a refusal leaves nothing open and nothing locked.
 *
 * Stricter than the kernel's dm-mirror on purpose: a file behind an attached loop device is refused
 * even while nothing uses the loop device, because what mounts it later would not ask us.
 */
import fs from 'node:fs';
import os from 'node:os';
import { invariant } from '../errors/invariant.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import { blockFacts } from './block-calls.ts';
import { describeHolder, loopDevicesOver } from './device-holders.ts';
import type { DeviceIdentity, DeviceRange } from './device-identity.ts';
import { backingFileOf, findCollision, identityOf } from './device-identity.ts';
import * as refusal from './device-refusals.ts';
import type { DeviceRequest } from './device-request.ts';
import { ENOSYS, EOPNOTSUPP, preadCached } from './file-calls.ts';
import { isLockedElsewhere, lockFile } from './file-locks.ts';
import type { FileSystemTraits } from './file-systems.ts';
import { BLOCK_DEVICE_TRAITS, fileSystemOf } from './file-systems.ts';

/** Plain data, so that it can be handed to another thread: descriptors are the process's. */
export interface OpenDevice {
  readonly path: string;
  readonly kind: 'file' | 'block';
  readonly fd: number;
  /** The same device, opened so that a write ends only when it is durable (O_DSYNC); -1 if read-only. */
  readonly durableFd: number;
  /** Of the whole device, offset or not. */
  readonly sizeBytes: ByteCount;
  /** The logical block: what the device reads and writes at once. 512 for files. */
  readonly blockBytes: ByteCount;
  readonly identity: DeviceIdentity;
  readonly traits: FileSystemTraits;
  /** A read can be asked to fail rather than wait for the disk. */
  readonly nowaitReads: boolean;
}

const FILE_BLOCK_BYTES = 512;
const { O_RDWR, O_RDONLY, O_EXCL, O_DSYNC } = fs.constants;
const { EAGAIN } = os.constants.errno;

/**
 * The device of each request, in the order asked; requests for one device get the same object.
 * Throws LEG_NOT_FOUND, LEG_UNUSABLE, LEG_GIVEN_TWICE, LEG_LOCKED, LEG_TOO_SMALL, NOT_PERMITTED or
 * the log's counterparts.
 */
export function openDevices(requests: readonly DeviceRequest[]): OpenDevice[] {
  const wanted = requests.map((request) => ({ request, ...rangeOf(request) }));
  const collision = findCollision(wanted);
  if (collision !== null) throw refusal.givenTwice(collision[0].request, collision[1].request);

  const opened = new Map<string, OpenDevice>();
  try {
    return wanted.map(({ request, identity }) => {
      const device = opened.get(identity.id) ?? openDevice(request, identity);
      const agreed = device.durableFd >= 0 === (request.access === 'write');
      invariant(agreed, `one access for all of ${request.path}`);
      opened.set(identity.id, device);
      refuseIfTooSmall(request, device);
      return device;
    });
  } catch (error) {
    closeDevices([...opened.values()]);
    throw error;
  }
}

/** Closes each device once, also when it is listed for several legs. Gives up the locks. */
export function closeDevices(devices: readonly OpenDevice[]): void {
  for (const { fd, durableFd } of new Set(devices)) {
    if (durableFd >= 0) fs.closeSync(durableFd);
    fs.closeSync(fd);
  }
}

/** What `request` means, found out without opening it: a named pipe would keep us waiting. */
function rangeOf(request: DeviceRequest): DeviceRange {
  const stat = attempt(request, () => fs.statSync(request.path, { bigint: true }));
  const identity = identityOf(stat);
  if (identity === null) throw refusal.notADevice(request, stat);
  const { offsetBytes, lengthBytes } = request;
  return { identity, offsetBytes, lengthBytes: lengthBytes ?? Number.POSITIVE_INFINITY };
}

function openDevice(request: DeviceRequest, identity: DeviceIdentity): OpenDevice {
  const { access, path } = request;
  const writing = access === 'write';
  const exclusive = writing && identity.kind === 'block' ? O_EXCL : 0;
  const flags = (writing ? O_RDWR : O_RDONLY) | exclusive;
  const fd = attempt(request, () => fs.openSync(path, flags), identity);
  try {
    if (access !== 'peek') lock(request, fd, identity);
    const { kind } = identity;
    const traits = kind === 'file' ? fileSystemOf(self(fd)) : BLOCK_DEVICE_TRAITS;
    const sizes = kind === 'file' ? fileSizes(fd) : blockSizes(request, fd);
    const nowaitReads = takesNowait(fd);
    // Opened through /proc, so that it is this very device even if the path has changed hands.
    const durableFd = writing
      ? attempt(request, () => fs.openSync(self(fd), O_RDWR | O_DSYNC))
      : -1;
    return { path, kind, fd, durableFd, ...sizes, identity, traits, nowaitReads };
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function lock(request: DeviceRequest, fd: number, identity: DeviceIdentity): void {
  const type = request.access === 'write' ? 'write' : 'read';
  const result = lockFile(fd, type);
  if (result === -EAGAIN) throw refusal.locked(request, describeHolder(identity));
  if (result < 0) throw refusal.cannotLock(request, result);
  if (type === 'read') return;
  const [loopDevice] = identity.kind === 'file' ? loopDevicesOver(identity) : [];
  if (loopDevice !== undefined) throw refusal.behindLoopDevice(request, loopDevice);
  if (identity.kind === 'block') refuseIfBackingFileIsLocked(request, identity);
}

/** A lock on a loop device does not reach the file behind it, so we look there ourselves. */
function refuseIfBackingFileIsLocked(request: DeviceRequest, identity: DeviceIdentity): void {
  const file = backingFileOf(identity.id.slice('block '.length));
  const backing = file === null ? null : lockedFile(file);
  if (backing !== null) throw refusal.locked(request, describeHolder(backing));
}

/** What lies at `file` if it is locked; null if not, or if it is not for us to see. */
function lockedFile(file: string): DeviceIdentity | null {
  let fd: number;
  try {
    fd = fs.openSync(file, O_RDONLY);
  } catch {
    // Deleted, or out of our reach; who may use the device may not always use what is behind it.
    return null;
  }
  try {
    return isLockedElsewhere(fd, 'write') ? identityOf(fs.fstatSync(fd, { bigint: true })) : null;
  } finally {
    fs.closeSync(fd);
  }
}

function refuseIfTooSmall(request: DeviceRequest, device: OpenDevice): void {
  // Without a length there must still be something after the offset.
  const end = request.offsetBytes + (request.lengthBytes ?? 1);
  if (end > device.sizeBytes) throw refusal.tooSmall(request, device.sizeBytes);
}

function fileSizes(fd: number) {
  const { size } = fs.fstatSync(fd);
  return { sizeBytes: byteCount(size), blockBytes: byteCount(FILE_BLOCK_BYTES) };
}

function blockSizes(request: DeviceRequest, fd: number) {
  const facts = blockFacts(fd);
  if (typeof facts === 'number') throw refusal.cannotMeasure(request, facts);
  return { sizeBytes: byteCount(facts.sizeBytes), blockBytes: byteCount(facts.logicalBlockBytes) };
}

/** Whatever else such a read answers, only these two mean that the file system knows no such thing. */
function takesNowait(fd: number): boolean {
  const result = preadCached(fd, new Uint8Array(1), 0);
  return result !== EOPNOTSUPP && result !== ENOSYS;
}

function self(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** Turns what `fs` throws into a refusal. `identity` helps to say who is in the way. */
function attempt<Value>(
  request: DeviceRequest,
  step: () => Value,
  identity: DeviceIdentity | null = null,
): Value {
  try {
    return step();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY' && identity !== null) {
      throw refusal.locked(request, describeHolder(identity));
    }
    throw refusal.cannotOpen(request, cause as NodeJS.ErrnoException);
  }
}
