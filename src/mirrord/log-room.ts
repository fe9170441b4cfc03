/**
 * The dirty log of a mirror that changes its size while nobody has it activated. Its bits stay what
 * they are, the next activation writes the new count over them (dirty-log/log-resume.ts); but
 *
 *   the file has to be long enough for the bits to come, and
 *   a last region that was short is torn: it has other bytes from now on, of which its bit never spoke.
 *
 *   regions    0     1     2 (short)
 *   before   ├─────┼─────┼───┤
 *   after    ├─────┼─────┼─────┼─────┤      2 is set dirty, 3 starts out dirty
 */
import fs from 'node:fs';
import type { OpenDevice } from '../devices/open-device.ts';
import { cleanBitsIn, logImageBytes } from '../dirty-log/disk-format.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { RegionCount, RegionIndex } from '../geometry/units.ts';
import { regionIndex } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { lengthen } from './room-for-size.ts';

export interface LogRoom {
  readonly bytes: number;
  /** Of the mirror as it was. */
  readonly regionCount: RegionCount;
  /** Null: no region is. */
  readonly torn: RegionIndex | null;
}

/** Null: nothing is to be done. Throws LOG_TOO_SMALL for a device without room. */
export function logRoomFor(
  before: MirrorSpec,
  after: MirrorSpec,
  { path, kind, sizeBytes, blockBytes }: OpenDevice,
): LogRoom | null {
  const old = RegionGeometry.of(before.sizeBytes, before.regionSizeBytes);
  const next = RegionGeometry.of(after.sizeBytes, after.regionSizeBytes);
  const bytes = logImageBytes(next.regionCount, blockBytes);
  if (sizeBytes < bytes && kind === 'block') {
    const message = `log ${path} has ${sizeBytes} bytes, but ${next.regionCount} regions need ${bytes}`;
    const facts = { path, sizeBytes, wantedBytes: bytes };
    throw new MirrorError('LOG_TOO_SMALL', message, facts, 'give the mirror a larger log');
  }
  const last = regionIndex(old.regionCount - 1);
  const isTorn = next.contains(last) && next.lengthOf(last) !== old.lengthOf(last);
  if (sizeBytes >= bytes && !isTorn) return null;
  return { bytes, regionCount: old.regionCount, torn: isTorn ? last : null };
}

/** `image` as it is once there is room: as long as need be, the torn region dirty. */
export function withLogRoom(image: Uint8Array, { bytes, regionCount, torn }: LogRoom): Uint8Array {
  const roomy = new Uint8Array(Math.max(bytes, image.length));
  roomy.set(image);
  if (torn !== null) cleanBitsIn(roomy, regionCount).clear(torn);
  return roomy;
}

/** Durable when it returns. Throws LEG_WRITE_FAILED or LOG_WRITE_FAILED. */
export function makeLogRoom(device: OpenDevice, room: LogRoom): void {
  if (device.kind === 'file') lengthen(device, room.bytes);
  if (room.torn === null) return;
  try {
    const image = new Uint8Array(logImageBytes(room.regionCount, device.blockBytes));
    fs.readSync(device.fd, image, 0, image.length, 0);
    fs.writeSync(device.durableFd, withLogRoom(image, { ...room, bytes: 0 }), 0, image.length, 0);
  } catch (cause) {
    const { path } = device;
    const { code } = cause as NodeJS.ErrnoException;
    const message = `cannot write ${path}: ${code}`;
    throw new MirrorError('LOG_WRITE_FAILED', message, { path }, 'nothing was changed', cause);
  }
}
