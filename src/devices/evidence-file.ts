/**
 * A file or block device that is only looked at, as evidence: opened for reading, its access time left
 * alone where that is permitted (O_NOATIME: owner or root), nothing locked. So it may be a log that an
 * engine is using, a disk image on a read-only mount, or a pipe, which is read to its end at once.
 *
 * Reads end at the end of the file; the caller sees a shorter buffer.
 */
import fs from 'node:fs';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import { blockFacts } from './block-calls.ts';

export interface EvidenceFile {
  readonly path: string;
  readonly sizeBytes: ByteCount;
  /** The logical block of a block device, 512 for everything else. */
  readonly blockBytes: ByteCount;
  /** Of a file; null where a time stamp says nothing about the content. */
  readonly modifiedAtMs: number | null;
  read(position: number, length: number): Uint8Array;
  close(): void;
}

const { O_RDONLY, O_NOATIME } = fs.constants;

/** Throws LOG_NOT_FOUND, NOT_PERMITTED or LOG_READ_FAILED. */
export function openEvidence(path: string): EvidenceFile {
  return evidenceOn(
    path,
    attempt(path, () => openQuietly(path)),
  );
}

/** Opened by whoever started us: /dev/stdin cannot be opened again where it is a socket. */
export function standardInput(): EvidenceFile {
  return evidenceOn('standard input', 0);
}

function evidenceOn(path: string, fd: number): EvidenceFile {
  try {
    const stat = fs.fstatSync(fd);
    if (stat.isDirectory()) throw unreadable(path, 'it is a directory');
    if (stat.isFile()) return onDescriptor(path, fd, stat.size, SECTOR_BYTES, stat.mtimeMs);
    if (stat.isBlockDevice()) return onBlockDevice(path, fd);
    return inMemory(path, fd);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
}

function openQuietly(path: string): number {
  try {
    return fs.openSync(path, O_RDONLY | O_NOATIME);
  } catch (error) {
    // Only the owner may ask for it.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
    return fs.openSync(path, O_RDONLY);
  }
}

function onBlockDevice(path: string, fd: number): EvidenceFile {
  const facts = blockFacts(fd);
  if (typeof facts === 'number') throw unreadable(path, 'it does not tell its size');
  return onDescriptor(path, fd, facts.sizeBytes, facts.logicalBlockBytes, null);
}

function onDescriptor(
  path: string,
  fd: number,
  size: number,
  block: number,
  modifiedAtMs: number | null,
): EvidenceFile {
  return {
    path,
    sizeBytes: byteCount(size),
    blockBytes: byteCount(block),
    modifiedAtMs,
    read: (position, length) => readUpTo(path, fd, position, Math.min(length, size - position)),
    close: () => fs.closeSync(fd),
  };
}

/** Pipes, terminals, /dev/stdin: there is no going back in them. */
function inMemory(path: string, fd: number): EvidenceFile {
  const bytes = attempt(path, () => new Uint8Array(fs.readFileSync(fd)));
  return {
    path,
    sizeBytes: byteCount(bytes.length),
    blockBytes: byteCount(SECTOR_BYTES),
    modifiedAtMs: null,
    read: (position, length) => bytes.subarray(position, position + length),
    close: () => fs.closeSync(fd),
  };
}

function readUpTo(path: string, fd: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, length));
  let got = 0;
  while (got < bytes.length) {
    const count = attempt(path, () =>
      fs.readSync(fd, bytes, got, bytes.length - got, position + got),
    );
    if (count === 0) return bytes.subarray(0, got);
    got += count;
  }
  return bytes;
}

/** An engine writes its log now and then; more often than this it never does. */
const READINGS_MAX = 20;

/** The bytes of one moment: what two readings in a row agree on. Throws MIRROR_BUSY. */
export function readStill(file: EvidenceFile, position: number, length: number): Uint8Array {
  let bytes = file.read(position, length);
  for (let reading = 1; reading < READINGS_MAX; reading += 1) {
    const again = file.read(position, length);
    if (Buffer.compare(bytes, again) === 0) return bytes;
    bytes = again;
  }
  const hint = 'try again';
  throw new MirrorError('MIRROR_BUSY', `${file.path} changes all the time`, {}, hint);
}

function attempt<Value>(path: string, step: () => Value): Value {
  try {
    return step();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const facts = { path, errno: code ?? '' };
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new MirrorError(
        'LOG_NOT_FOUND',
        `${path} does not exist`,
        facts,
        'see that it is spelled right and mounted',
        cause,
      );
    }
    if (code === 'EACCES' || code === 'EPERM') {
      const hint = 'run as a user who may read it';
      throw new MirrorError('NOT_PERMITTED', `not permitted to read ${path}`, facts, hint, cause);
    }
    throw unreadable(path, message, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): MirrorError {
  // What is no file at all has no cause; what breaks while it is read is better not read twice.
  const hint =
    cause === undefined
      ? 'give a file or a device'
      : 'copy it with ddrescue, then look at the copy';
  return new MirrorError(
    'LOG_READ_FAILED',
    `${path} cannot be read: ${why}`,
    { path },
    hint,
    cause,
  );
}
