/** A leg on this thread: every call on it is watched, and reads are of all that is asked for or nothing. */
import { changeCacheNow, preadNow } from '../devices/file-calls.ts';
import { ioError, ioErrorOfErrno } from '../devices/io-error.ts';
import type { IoError } from '../devices/leg-io.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { CallWatch } from './call-pulse.ts';
import type { CopyLeg } from './copy-messages.ts';

/** The largest that Linux is built with; smaller ones divide it. */
const PAGE_BYTES_MAX = 64 * 1024;

export interface WatchedLeg extends CopyLeg {
  /** By which its bytes are read and written. */
  readonly fd: number;
  /** Makes a call on the leg's descriptor, which may not come back. */
  readonly call: <Result>(call: (fd: number) => Result) => Result;
}

export function watchedLegs(
  legs: readonly CopyLeg[],
  watch: CallWatch,
  fdOf: (leg: CopyLeg) => number,
): WatchedLeg[] {
  return legs.map((leg, index) => ({
    ...leg,
    fd: fdOf(leg),
    call: (call) => watch(index as LegIndex, () => call(leg.device.fd)),
  }));
}

/**
 * Has the page cache forget `length` bytes at byte `at` of the mirror, so that the device answers. Where
 * they cannot be forgotten, the cache does. A page is forgotten as a whole or not at all, and a leg may
 * begin within one: what shares a page with the range is read again when somebody wants it.
 */
export function forget({ call, offsetBytes }: WatchedLeg, at: number, length: number): void {
  const start = offsetBytes + at;
  const from = Math.floor(start / PAGE_BYTES_MAX) * PAGE_BYTES_MAX;
  const to = Math.ceil((start + length) / PAGE_BYTES_MAX) * PAGE_BYTES_MAX;
  call((fd) => changeCacheNow(fd, 'forget', from, to - from));
}

/** `at` is a byte of the mirror. */
export function readFully(leg: WatchedLeg, into: Uint8Array, at: number): IoError | null {
  for (let done = 0; done < into.length; ) {
    const offset = leg.offsetBytes + at + done;
    const rest = into.subarray(done);
    const count = leg.call(() => preadNow(leg.fd, rest, offset));
    if (count < 0)
      return ioErrorOfErrno(count, `${leg.device.path}: copying from byte ${at + done}`);
    if (count === 0) return endOf(leg, at + done);
    done += count;
  }
  return null;
}

export function endOf({ device }: CopyLeg, at: number): IoError {
  return ioError('EIO', `${device.path}: ends before byte ${at} of the leg`);
}
