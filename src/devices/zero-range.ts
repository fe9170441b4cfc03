/**
 * Makes a range of a device read as zeroes, by the best means it has. Runs in libuv's pool.
 *
 *         position                                        end
 *   file            ├───────────────── fallocate ──────────────────┤
 *   block device,   ├ write ┤├──── fallocate, whole blocks ┤├ write ┤
 *   past the cache
 *
 * A hole is tried first where one may be made, then a range marked as zeroes, then zeroes are
 * written. On a block device the kernel turns these into an unmap, a write-zeroes command or writes
 * of its own; whichever it is, the range reads as zeroes, which a plain discard does not promise.
 */
import fs from 'node:fs';
import type { AllocationChange } from './file-calls.ts';
import { ENOSYS, EOPNOTSUPP, fallocateLater } from './file-calls.ts';
import { ioErrorOfCause, ioErrorOfErrno } from './io-error.ts';
import type { IoError, ZeroManner } from './leg-io.ts';
import type { OpenDevice } from './open-device.ts';

type Ended = (error: IoError | null) => void;

/** Half-open, in bytes from the start of the device. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** How zeroes are written. */
export interface Zeroing {
  /** Less than such a block, or a part of one, is written, and not left to fallocate. */
  readonly grainBytes: number;
  readonly write: (range: Range, ended: Ended) => void;
}

/** Zeroes that must be written come out of one small buffer, this much at a time. */
const ZEROES = new Uint8Array(64 * 1024);
const WRITTEN_AT_ONCE_MAX = 16 * 1024 * 1024;

/** Files are zeroed to the byte; block devices know only blocks. */
export function zeroingThroughCache(device: OpenDevice): Zeroing {
  return {
    grainBytes: device.kind === 'block' ? device.blockBytes : 1,
    write: (range, ended) => writeZeroes(device, range, ended),
  };
}

/** Nothing is flushed here: `manner.fua` is the caller's. */
export function zeroRange(
  device: OpenDevice,
  zeroing: Zeroing,
  start: number,
  length: number,
  manner: ZeroManner,
  ended: Ended,
): void {
  const whole = { start, end: start + length };
  const { head, body, tail } = alongBlocks(zeroing.grainBytes, whole);
  const ways = body.start === body.end ? [] : waysToZero(device.kind, manner);
  allocateBy(ways, device, body, (result) => {
    if (result === 0) writeEdges(zeroing, head, tail, ended);
    else if (result === EOPNOTSUPP && !manner.fastOnly) zeroing.write(whole, ended);
    else ended(ioErrorOfErrno(result, attemptAt(device, body.start)));
  });
}

function writeEdges({ write }: Zeroing, head: Range, tail: Range, ended: Ended): void {
  write(head, (error) => {
    if (error === null) write(tail, ended);
    else ended(error);
  });
}

/** The whole blocks within a range, and what is left of it on both sides. */
export function alongBlocks(grain: number, { start, end }: Range) {
  const bodyStart = Math.min(Math.ceil(start / grain) * grain, end);
  const bodyEnd = Math.max(Math.floor(end / grain) * grain, bodyStart);
  return {
    head: { start, end: bodyStart },
    body: { start: bodyStart, end: bodyEnd },
    tail: { start: bodyEnd, end },
  };
}

function waysToZero(kind: OpenDevice['kind'], manner: ZeroManner): AllocationChange[] {
  // A block device that cannot do it would have the kernel write zeroes, and that is not fast.
  const marking: AllocationChange[] = kind === 'block' && manner.fastOnly ? [] : ['zeroRange'];
  return manner.mayPunch ? ['punchHole', ...marking] : marking;
}

/** Tries one way after the other; without any the answer is EOPNOTSUPP. */
function allocateBy(
  ways: readonly AllocationChange[],
  device: OpenDevice,
  { start, end }: Range,
  answered: (result: number) => void,
): void {
  const [way, ...others] = ways;
  if (way === undefined) answered(EOPNOTSUPP);
  else {
    fallocateLater(device.fd, way, start, end - start, (result) => {
      if (isUnsupported(result)) allocateBy(others, device, { start, end }, answered);
      else answered(result);
    });
  }
}

const isUnsupported = (result: number) => result === EOPNOTSUPP || result === ENOSYS;

function writeZeroes(device: OpenDevice, { start, end }: Range, ended: Ended): void {
  const pieces: Uint8Array[] = [];
  const stop = Math.min(end, start + WRITTEN_AT_ONCE_MAX);
  for (let at = start; at < stop; at += ZEROES.length) pieces.push(ZEROES.subarray(0, stop - at));
  if (pieces.length === 0) ended(null);
  else {
    fs.writev(device.fd, pieces, start, (cause, count) => {
      if (cause !== null) ended(ioErrorOfCause(cause, attemptAt(device, start)));
      else writeZeroes(device, { start: start + count, end }, ended);
    });
  }
}

function attemptAt({ path }: OpenDevice, position: number): string {
  return `${path}: zero from byte ${position}`;
}
