/**
 * The way past the page cache (O_DIRECT). A leg that clients use this way they use no other way:
 *
 *   folio of the page cache   │ written through the cache │ read in from the device, before … │
 *   device                    │                           │ … a write past the cache came here │
 *
 * The kernel drops from the cache what a write past it made old, but it drops whole folios, which may be
 * megabytes long, and none that somebody wrote through the cache meanwhile. What it keeps is old, whoever
 * reads it through the cache gets it, and whoever writes part of a block there writes the rest of it back.
 * What was read in while a write was under way is not dropped at all where the leg is a block device. So
 * clients' reads do not go through the cache either; comparisons do, which have it forget the range first.
 *
 * Past the cache only whole blocks travel. Others are made whole (uneven-transfer.ts), for which two writes
 * that share a block must not be under way at once: the engine sees to it (write-order.ts).
 */
import fs from 'node:fs';
import { BLOCK_BYTES_MAX } from '../geometry/units.ts';
import { directAlignment } from './file-calls.ts';
import type { OpenDevice } from './open-device.ts';

/** Plain data, like OpenDevice. */
export interface DirectAccess {
  /** A second descriptor of the device. */
  readonly fd: number;
  /** Offsets and lengths are multiples of this. */
  readonly blockBytes: number;
  /** Addresses are multiples of this. */
  readonly memoryBytes: number;
  /** Zeroing less than such a block by fallocate would go through the page cache. */
  readonly allocationBytes: number;
}

/** A range of a device, from an offset on. */
interface Part {
  readonly device: OpenDevice;
  readonly offsetBytes: number;
}

const { O_RDWR, O_RDONLY, O_DIRECT } = fs.constants;

/**
 * For each of `parts`; null where there is nothing but memory behind the page cache, no way past it, or
 * blocks so long that an offset or one of `cuts`, where a part ends or is divided, would be within one.
 */
export function openDirect(
  parts: readonly Part[],
  cuts: readonly number[],
): (DirectAccess | null)[] {
  const opened = new Map<OpenDevice, DirectAccess | null>();
  try {
    for (const { device } of parts) {
      const offsets = parts
        .filter((part) => part.device === device)
        .map((part) => part.offsetBytes);
      if (!opened.has(device)) opened.set(device, open(device, [...cuts, ...offsets]));
    }
  } catch (error) {
    closeDirect([...opened.values()]);
    throw error;
  }
  return parts.map(({ device }) => opened.get(device) ?? null);
}

/** Each once. */
export function closeDirect(accesses: readonly (DirectAccess | null)[]): void {
  for (const access of new Set(accesses)) if (access !== null) fs.closeSync(access.fd);
}

/** Opened through /proc, so that it is this very device. */
function open(device: OpenDevice, cuts: readonly number[]): DirectAccess | null {
  const { fd, durableFd, kind, blockBytes: logicalBytes, traits } = device;
  const alignment = traits.inMemory ? null : directAlignment(fd);
  if (alignment === null) return null;
  const blockBytes = Math.max(alignment.blockBytes, logicalBytes);
  if (blockBytes > BLOCK_BYTES_MAX || cuts.some((cut) => cut % blockBytes !== 0)) return null;
  const allocationBytes = kind === 'file' ? fs.fstatSync(fd).blksize : blockBytes;
  try {
    const access = durableFd >= 0 ? O_RDWR : O_RDONLY;
    const past = fs.openSync(`/proc/self/fd/${fd}`, access | O_DIRECT);
    return { fd: past, blockBytes, memoryBytes: alignment.memoryBytes, allocationBytes };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return null;
    throw error;
  }
}
