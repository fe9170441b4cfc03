/**
 * Makes the image file of a leg: sparse, of the size asked for, durable when the call returns.
 * Never touches a file that is there already, and leaves none behind when it fails.
 */
import fs from 'node:fs';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ByteCount } from '../geometry/units.ts';

/** It will hold somebody's disk: nobody else's business until the owner says so. */
const IMAGE_MODE = 0o600;

/** Throws CANNOT_CREATE or NOT_PERMITTED. */
export function createImage(file: string, sizeBytes: ByteCount): void {
  let fd: number;
  try {
    fd = fs.openSync(file, 'wx', IMAGE_MODE);
  } catch (cause) {
    throw cannotCreate(file, sizeBytes, cause as NodeJS.ErrnoException);
  }
  try {
    fs.ftruncateSync(fd, sizeBytes);
    fs.fsyncSync(fd);
    syncDirectory(path.dirname(file));
  } catch (cause) {
    fs.unlinkSync(file);
    throw cannotCreate(file, sizeBytes, cause as NodeJS.ErrnoException);
  } finally {
    fs.closeSync(fd);
  }
}

/** A new name survives a power cut only once its directory is on disk. */
function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

const REASONS: Readonly<Record<string, readonly [why: string, hint: string]>> = {
  EEXIST: ['it is there already', 'give another path, or leave --size out to use it as it is'],
  ENOENT: ['its directory does not exist', 'make the directory first'],
  ENOSPC: ['the file system is full', 'make room, or give another path'],
  EDQUOT: ['your quota is used up', 'make room, or give another path'],
  EFBIG: ['the file system cannot hold a file that large', 'give a smaller --size'],
};

function cannotCreate(file: string, sizeBytes: number, cause: NodeJS.ErrnoException): MirrorError {
  const facts = { path: file, sizeBytes };
  if (cause.code === 'EACCES' || cause.code === 'EPERM' || cause.code === 'EROFS') {
    const hint = 'give a directory that you may write to';
    return new MirrorError('NOT_PERMITTED', `not permitted to create ${file}`, facts, hint, cause);
  }
  const [why, hint] = REASONS[cause.code ?? ''] ?? [cause.message, ''];
  return new MirrorError('CANNOT_CREATE', `cannot create ${file}: ${why}`, facts, hint, cause);
}
