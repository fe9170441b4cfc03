/**
 * What the copy pool and its workers say to each other. Both ends are of one build, so there is no
 * version; everything survives a structured clone.
 *
 *   pool ── CopyOrder, any number ahead ──▶ worker      carried out in the order given
 *   pool ◀── CopyReport, one per order ──── worker
 *   pool ── 'finish' ─────────────────────▶ worker      ends after the orders before it
 *
 * Descriptors are the process's, so a worker uses the numbers it is told; the pool's owner keeps them
 * open until the pool is closed.
 */
import type { IoError } from '../devices/leg-io.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';

/** Where the bytes of a leg are. */
export interface CopyLeg {
  readonly device: OpenDevice;
  readonly offsetBytes: ByteCount;
}

/** One region, or part of one: `length` bytes at `offset` of the mirror, from one leg to others. */
export interface CopyJob {
  readonly source: LegIndex;
  readonly targets: readonly LegIndex[];
  readonly offset: ByteOffset;
  readonly length: ByteCount;
}

export interface CopyOutcome {
  /** The source could not be read: nothing behind that place was written to anyone. */
  readonly readError: IoError | null;
  /** One per target, in the job's order; a target that failed is left alone from there on. */
  readonly writeErrors: readonly (IoError | null)[];
  readonly bytesCopied: number;
  /** Holes of the source: the targets have, or were given, holes there. */
  readonly bytesSkippedAsHoles: number;
}

export interface CopyWorkerStart {
  readonly legs: readonly CopyLeg[];
}

export interface CopyOrder {
  readonly id: number;
  readonly job: CopyJob;
}

export interface CopyReport {
  readonly id: number;
  readonly outcome: CopyOutcome;
}

export type ToCopyWorker = CopyOrder | 'finish';
