/** Reads a leg on this thread, all that is asked for or not at all. */
import { preadNow } from '../devices/file-calls.ts';
import { ioError, ioErrorOfErrno } from '../devices/io-error.ts';
import type { IoError } from '../devices/leg-io.ts';
import type { CopyLeg } from './copy-messages.ts';

/** `at` is a byte of the mirror. */
export function readFully(leg: CopyLeg, into: Uint8Array, at: number): IoError | null {
  for (let done = 0; done < into.length; ) {
    const count = preadNow(leg.device.fd, into.subarray(done), leg.offsetBytes + at + done);
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
