/**
 * Replaces a small file as a whole: after a crash at any point the old content is there or the new
 * one, never a mixture and never nothing.
 *
 *   write FILE.new ─▶ fsync ─▶ rename over FILE ─▶ fsync directory
 *
 * A disk that is full fails the write or the fsync, before the rename: the old file stays. A FILE.new
 * left behind by a crash is overwritten the next time. The caller holds the mirror's lock, so that
 * nobody else writes the same FILE.new.
 *
 * Synchronous on purpose: what the engine must remember before it acknowledges a write is on disk
 * when the call returns.
 */
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';

const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_RDONLY, O_DIRECTORY } = constants;

export function replaceFile(file: string, text: string): void {
  const fresh = `${file}.new`;
  try {
    writeDurably(fresh, text);
    renameSync(fresh, file);
    syncDirectory(path.dirname(file));
  } catch (cause) {
    removeQuietly(fresh);
    throw stateWriteFailed(file, 'write', cause);
  }
}

/** Removes a file for good; a file that is not there is fine. */
export function removeFile(file: string): void {
  try {
    rmSync(file, { force: true });
    syncDirectory(path.dirname(file));
  } catch (cause) {
    throw stateWriteFailed(file, 'remove', cause);
  }
}

function writeDurably(file: string, text: string): void {
  const fd = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Makes the names in `directory` durable, as fsync does with the content of a file. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, O_RDONLY | O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function removeQuietly(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It may never have come to be; the failure that brought us here is the one to report.
  }
}

function stateWriteFailed(file: string, verb: string, cause: unknown): MirrorError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const hint = 'see that the disk has room and the directory can be written';
  const message = `cannot ${verb} ${file}: ${errno}`;
  return new MirrorError('STATE_WRITE_FAILED', message, { path: file, errno }, hint, cause);
}
