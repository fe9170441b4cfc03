/**
 * What every dirty log offers, wherever its bits live. Pure: a log never writes; it says what there
 * is to write (`takeWrite`) and is told how that ended (`writeEnded`).
 *
 *   mark(r) ──▶ bit 0, owed durably before any leg sees the write that caused it
 *   clear(r) ─▶ bit 1, may be written whenever: losing it costs a copy, never data
 *
 * Invariants:
 * - `clear` is a no-op unless the region is in sync: a region that is not in sync is never clean
 *   (the caller asks the log last, so the gate stands here and nowhere else);
 * - marks are a set, not a count: mark, mark, clear leaves the region unmarked;
 * - a mark is durable when the epoch that `mark` returned is at most `durableEpoch`.
 *
 * Source of the operations: Linux 6.12 include/linux/dm-dirty-log.h; there, `in_sync` and resync work
 * live in the log too, here they belong to the engine (region/leg-content.ts).
 */
import type { RegionCount, RegionIndex } from '../geometry/units.ts';

/** Counts log writes; a mark becomes durable with the write of its epoch. */
export type LogEpoch = number;

/** Bytes of the log device that must be written, as views into the log's own image. */
export interface LogWrite {
  readonly epoch: LogEpoch;
  /** Ascending, disjoint, each a whole number of the log device's blocks. */
  readonly parts: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
  /** Marks are in it: it must survive a power cut before writes go on. */
  readonly durable: boolean;
}

export interface DirtyLog {
  readonly type: 'core' | 'disk';
  readonly regionCount: RegionCount;
  /** Marks up to this epoch are on disk. */
  readonly durableEpoch: LogEpoch;
  isClean(region: RegionIndex): boolean;
  cleanCount(): RegionCount;
  /** Returns the epoch with which the mark is durable: already reached if the bit was 0 on disk. */
  mark(region: RegionIndex): LogEpoch;
  clear(region: RegionIndex, inSync: boolean): void;
  /** Unwritten changes: marks, or clears only. */
  owes(): 'nothing' | 'clears' | 'marks';
  /** All changes since the last write; null when there are none or a write is under way. */
  takeWrite(): LogWrite | null;
  /** A failed write is owed again. */
  writeEnded(ok: boolean): void;
  /**
   * Nothing is known of the device any more: the whole log is owed, as after a resume, and until that
   * is written no mark is durable. Not while a write is under way.
   */
  rewrite(): void;
  /**
   * A copy of the whole log, header and all, as it lies on the device once the write under way has
   * ended; a core log's as it would lie there.
   */
  copy(): Uint8Array;
}
