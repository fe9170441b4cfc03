/**
 * What the copy pool and its workers say to each other. Both ends are of one build, so there is no
 * version; everything survives a structured clone.
 *
 *   pool ── WorkOrders, any number ahead ─▶ worker      carried out in the order given
 *   pool ◀── WorkReports, one per order ─── worker      of the order's kind
 *   pool ── 'finish' ─────────────────────▶ worker      ends after the orders before it
 *
 * A message costs as much as copying a tenth of a region of 512 KiB, so both sides gather what there is.
 *
 * Descriptors are the process's, so a worker uses the numbers it is told; the pool's owner keeps them
 * open until the pool is closed.
 */
import type { DirectAccess } from '../devices/direct-access.ts';
import type { IoError } from '../devices/leg-io.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';

/** Where the bytes of a leg are. */
export interface CopyLeg {
  readonly device: OpenDevice;
  readonly offsetBytes: ByteCount;
  /** Null: copies go through the page cache. */
  readonly direct: DirectAccess | null;
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
  /** Data that the targets hold now, whether it had to be written or not. */
  readonly bytesCopied: number;
  /** Holes of the source: the targets have, or were given, holes there. */
  readonly bytesSkippedAsHoles: number;
}

export interface CopyWorkerStart {
  readonly legs: readonly CopyLeg[];
  readonly manner: CopyManner;
  /** Of a `CallPulse`. */
  readonly pulse: SharedArrayBuffer;
}

export interface CopyManner {
  /** Read what the targets hold, and write only where it differs. */
  readonly compares: boolean;
}

export const USUAL_MANNER: CopyManner = { compares: false };

/** `length` bytes at `offset` of the mirror, on two legs or more. */
export interface CompareJob {
  readonly legs: readonly LegIndex[];
  readonly offset: ByteOffset;
  readonly length: ByteCount;
}

export interface LegFailure {
  readonly leg: LegIndex;
  readonly error: IoError;
}

export interface CompareOutcome {
  readonly unreadable: readonly LegFailure[];
  /** Among the legs that could be read, from the first sector that differs to the last. */
  readonly difference: {
    readonly offset: number;
    readonly length: number;
    readonly hashes: readonly { readonly leg: LegIndex; readonly sha256: string }[];
  } | null;
}

export type WorkOrder =
  | { readonly id: number; readonly kind: 'copy'; readonly job: CopyJob }
  | { readonly id: number; readonly kind: 'compare'; readonly job: CompareJob };

export type WorkReport =
  | { readonly id: number; readonly kind: 'copy'; readonly outcome: CopyOutcome }
  | { readonly id: number; readonly kind: 'compare'; readonly outcome: CompareOutcome };

export type ToCopyWorker = readonly WorkOrder[] | 'finish';
export type FromCopyWorker = readonly WorkReport[];
