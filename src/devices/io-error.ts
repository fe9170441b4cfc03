/**
 * Makes an `IoError` out of whatever the system said. The code is the symbolic errno, on which the
 * engine decides; the message is for people and names the device and what was tried.
 */
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { IoError } from './leg-io.ts';

/** `errno` is negative, as the functions of file-calls.ts return it. */
export function ioErrorOfErrno(errno: number, attempt: string): IoError {
  const name = getSystemErrorName(errno);
  // libuv goes by the other name of the same number; the kernel, and everyone above us, by this one.
  const code = name === 'ENOTSUP' ? 'EOPNOTSUPP' : name;
  return ioError(code, `${attempt}: ${getSystemErrorMessage(errno)}`);
}

/** `cause` was handed out by Node's `fs`. */
export function ioErrorOfCause(cause: NodeJS.ErrnoException, attempt: string): IoError {
  return cause.errno === undefined
    ? ioError('EIO', `${attempt}: ${cause.message}`)
    : ioErrorOfErrno(cause.errno, attempt);
}

export function ioError(code: string, message: string): IoError {
  return { code, message };
}
