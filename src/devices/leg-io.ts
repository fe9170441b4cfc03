/**
 * The verbs of a leg, whatever carries them out: the seam between the engine's shell and a backend.
 *
 * Offsets are in bytes *into the mirror*; the backend adds the leg's own offset. Requests may be of
 * any length and alignment; whoever opened the leg with O_DIRECT answers for the alignment it needs.
 * The engine never has two overlapping writes in flight, so a backend need not order anything.
 *
 * Every verb ends by calling `done` exactly once, before or after it returns; `error` is null when
 * every byte made it. Buffers belong to the backend until then. A short read or write is continued
 * by the backend, and is an error only where the device ends.
 */
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import type { PagePipe } from './page-pipe.ts';

export interface IoError {
  /** Symbolic errno: EIO, ENOSPC, EOPNOTSUPP, … */
  readonly code: string;
  readonly message: string;
}
export type Done = (error: IoError | null) => void;

export interface ZeroManner {
  /** The range may become a hole; otherwise the blocks stay allocated. */
  readonly mayPunch: boolean;
  /** Fail with EOPNOTSUPP rather than write zeroes byte by byte. */
  readonly fastOnly: boolean;
  readonly fua: boolean;
}

/** A run of bytes on a leg, as lseek's SEEK_HOLE and SEEK_DATA see it. */
export interface AllocationRun {
  readonly length: number;
  readonly hole: boolean;
}

export interface LegIo {
  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void;
  /** Puts `length` bytes into `pipe`, on the spot. False: nothing has happened, `read` is for this. */
  lend?(leg: LegIndex, pipe: PagePipe, offset: ByteOffset, length: ByteCount): boolean;
  /** `pieces` in order, as they came from the wire; together `length` bytes. */
  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void;
  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void;
  /** Afterwards the range reads as zeroes on every leg alike (stricter than NBD's TRIM). */
  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void;
  /** After an error, reads show what the device has: no cache pretends to hold what was lost. */
  flush(leg: LegIndex, done: Done): void;
  /** Reads `length` bytes ahead into the page cache, where there is one; best effort. */
  prefetch(leg: LegIndex, offset: ByteOffset, length: ByteCount): void;
  /** At most `runsMax` runs from `offset` on, never past `offset + length`. */
  allocation(
    leg: LegIndex,
    offset: ByteOffset,
    length: ByteCount,
    runsMax: number,
  ): AllocationRun[];
}

export interface LogIo {
  /**
   * Writes `parts` at their offsets, and with `durable` waits until they will survive a power cut.
   * Never two calls at a time.
   */
  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void;
}

export interface LogPart {
  /** Byte offset into the log device. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}
