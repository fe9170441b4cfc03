/**
 * Why a leg or log is not taken, in words: one function per reason. Each message names the path,
 * each hint the next step; the code depends on whether it was to be a leg or the log.
 */
import type { BigIntStats } from 'node:fs';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { MirrorError } from '../errors/mirror-error.ts';
import type { DeviceRequest } from './device-request.ts';
import { whyNoLocks } from './file-locks.ts';

const CODES = {
  leg: {
    notFound: 'LEG_NOT_FOUND',
    unusable: 'LEG_UNUSABLE',
    locked: 'LEG_LOCKED',
    tooSmall: 'LEG_TOO_SMALL',
  },
  log: {
    notFound: 'LOG_NOT_FOUND',
    unusable: 'LOG_READ_FAILED',
    locked: 'LOG_LOCKED',
    tooSmall: 'LOG_TOO_SMALL',
  },
} as const;

/** `stat` is of something that is neither a file nor a block device. */
export function notADevice(request: DeviceRequest, stat: BigIntStats): MirrorError {
  const what = kindOf(stat);
  return new MirrorError(
    CODES[request.role].unusable,
    `${name(request)} is ${what}`,
    { path: request.path },
    'give a regular file or a block device',
  );
}

export function cannotOpen(request: DeviceRequest, cause: NodeJS.ErrnoException): MirrorError {
  const { path, role } = request;
  switch (cause.code) {
    case 'ENOENT':
    case 'ENOTDIR': {
      const hint = `check the path, or make the file: truncate -s SIZE '${path}'`;
      const message = `${name(request)} does not exist`;
      return new MirrorError(CODES[role].notFound, message, { path }, hint, cause);
    }
    case 'EROFS': {
      const message = `not permitted to write to ${name(request)}: its file system is read-only`;
      const hint = 'remount it read-write, or keep a copy elsewhere';
      return new MirrorError('NOT_PERMITTED', message, { path }, hint, cause);
    }
    case 'EACCES':
    case 'EPERM': {
      const verb = request.access === 'write' ? 'write to' : 'read';
      const message = `not permitted to ${verb} ${name(request)}`;
      const hint = 'change its owner or mode, or run as a user who may';
      return new MirrorError('NOT_PERMITTED', message, { path }, hint, cause);
    }
    default: {
      const message = `${name(request)} cannot be opened: ${cause.message}`;
      return new MirrorError(CODES[role].unusable, message, { path }, '', cause);
    }
  }
}

/** `holder`: who is in the way, as far as it can be seen. */
export function locked(request: DeviceRequest, holder: string | null): MirrorError {
  const who = holder ?? 'another process';
  const isUse = /^(mounted|used|in use) /.test(who);
  return new MirrorError(
    CODES[request.role].locked,
    `${name(request)} is ${isUse ? who : `in use by ${who}`}`,
    { path: request.path, holder: who },
    isUse ? 'unmount or release it, then try again' : 'stop whatever uses it, then try again',
  );
}

export function behindLoopDevice(request: DeviceRequest, loopDevice: string): MirrorError {
  const { path } = request;
  return new MirrorError(
    CODES[request.role].locked,
    `${name(request)} is in use: it is the backing file of ${loopDevice}`,
    { path, holder: loopDevice },
    `detach it (losetup -d ${loopDevice}), or give ${loopDevice} itself`,
  );
}

export function cannotLock(request: DeviceRequest, errno: number): MirrorError {
  const missing = whyNoLocks();
  return new MirrorError(
    CODES[request.role].unusable,
    `${name(request)} cannot be locked: ${missing?.reason ?? getSystemErrorMessage(errno)}`,
    { path: request.path, errno: getSystemErrorName(errno) },
    missing?.hint ?? 'keep it on a file system with file locks',
  );
}

export function cannotMeasure(request: DeviceRequest, errno: number): MirrorError {
  return new MirrorError(
    CODES[request.role].unusable,
    `${name(request)} does not tell its size: ${getSystemErrorMessage(errno)}`,
    { path: request.path, errno: getSystemErrorName(errno) },
  );
}

export function tooSmall(request: DeviceRequest, sizeBytes: number): MirrorError {
  const { path, role, offsetBytes, lengthBytes } = request;
  const wanted = offsetBytes + (lengthBytes ?? 1);
  return new MirrorError(
    CODES[role].tooSmall,
    `${name(request)} has ${sizeBytes} bytes, but ${wanted} are needed`,
    { path, sizeBytes, wantedBytes: wanted },
    role === 'leg'
      ? 'give a larger one, or a smaller --size'
      : 'give a larger one, or larger regions',
  );
}

export function givenTwice(one: DeviceRequest, other: DeviceRequest): MirrorError {
  const [first, second] = [name(one), name(other)];
  return new MirrorError(
    'LEG_GIVEN_TWICE',
    `${first} and ${second} are the same bytes, in part or in whole`,
    { path: one.path, otherPath: other.path },
    'give each leg and the log a place of its own',
  );
}

/** As people wrote it: `leg /srv/a.img@1048576`. */
function name({ role, path, offsetBytes }: DeviceRequest): string {
  return `${role} ${path}${offsetBytes === 0 ? '' : `@${offsetBytes}`}`;
}

function kindOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a named pipe';
  if (stat.isSocket()) return 'a socket';
  return 'a character device';
}
