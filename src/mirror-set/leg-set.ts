/**
 * The legs as the mirror sees them: error counts, the letter dm would print, and which is primary.
 *
 * The primary is the leg that holds every region; recovery copies from it, reads of regions that are
 * out of sync come from it. It moves only to a leg that misses nothing, and never back by itself.
 *
 * Letters, worst first: F flush failed, D write failed, S recovery failed, R read failed, A alive
 * (Linux 6.12 drivers/md/dm-raid1.c, `device_status_char`). As there, errors are forgotten when the
 * mirror is fully in sync again; the counts stay. Different on purpose: the counts are kept by kind,
 * and F stays until the leg has flushed well.
 */
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';

export type LegFault = 'read' | 'write' | 'sync' | 'flush';
export type FaultLetter = 'A' | 'F' | 'D' | 'S' | 'R';

const LETTER_OF_FAULT = { flush: 'F', write: 'D', sync: 'S', read: 'R' } as const;
const WORST_FIRST: readonly LegFault[] = ['flush', 'write', 'sync', 'read'];

export class LegSet {
  readonly legCount: number;
  primary: LegIndex;
  /** Per leg and kind, since the mirror was activated. */
  readonly #counts: Record<LegFault, number>[];
  /** Legs with an error of this kind since the mirror was last fully in sync. */
  readonly #faulty: Record<LegFault, LegMask>;
  /** Per leg: which one of all losses was its latest. */
  readonly #lostAt: number[];
  #losses = 0;
  /** Legs whose failed flush will be forgotten when one succeeds. */
  #pardoned = NO_LEGS;
  /** Legs that were copied to, before the last flush began and since. */
  #copiedBefore = NO_LEGS;
  #copiedSince = NO_LEGS;

  constructor(legCount: number, primary: LegIndex) {
    this.legCount = legCount;
    this.primary = primary;
    this.#counts = Array.from({ length: legCount }, () => ({
      read: 0,
      write: 0,
      sync: 0,
      flush: 0,
    }));
    this.#lostAt = Array.from({ length: legCount }, () => 0);
    this.#faulty = { read: NO_LEGS, write: NO_LEGS, sync: NO_LEGS, flush: NO_LEGS };
  }

  /** Goes on from `before`: leg i is the one that was leg `known[i]` there, null for a new one. */
  takeOver(before: LegSet, known: readonly (LegIndex | null)[]): void {
    const moved = (mask: LegMask): LegMask =>
      known.reduce<LegMask>((sum, old, leg) => {
        return old !== null && has(mask, old) ? union(sum, maskOf(leg as LegIndex)) : sum;
      }, NO_LEGS);
    for (const fault of WORST_FIRST) this.#faulty[fault] = moved(before.#faulty[fault]);
    this.#pardoned = moved(before.#pardoned);
    this.#copiedBefore = moved(before.#copiedBefore);
    this.#copiedSince = moved(before.#copiedSince);
    for (const [leg, old] of known.entries()) {
      if (old !== null) this.#counts[leg] = { ...before.errorCounts(old) };
    }
  }

  /** True: the first error of this kind on this leg since the mirror was last in sync. */
  fail(leg: LegIndex, fault: LegFault): boolean {
    const counts = this.#counts[leg];
    if (counts !== undefined) counts[fault] += 1;
    if (fault === 'flush') this.#pardoned = without(this.#pardoned, maskOf(leg));
    const before = this.#faulty[fault];
    this.#faulty[fault] = union(before, maskOf(leg));
    return before !== this.#faulty[fault];
  }

  /** Recovery gave `legs` what they had missed; it is in their caches. */
  copied(legs: LegMask): void {
    this.#copiedSince = union(this.#copiedSince, legs);
  }

  flushBegins(): void {
    this.#copiedBefore = union(this.#copiedBefore, this.#copiedSince);
    this.#copiedSince = NO_LEGS;
  }

  flushed(leg: LegIndex): void {
    this.#copiedBefore = without(this.#copiedBefore, maskOf(leg));
    if (!has(this.#pardoned, leg)) return;
    this.#pardoned = without(this.#pardoned, maskOf(leg));
    this.#faulty.flush = without(this.#faulty.flush, maskOf(leg));
  }

  /** Legs that a power cut, or a failed flush, could bring back to where they were before recovery. */
  get unsettled(): LegMask {
    return union(this.#copiedBefore, this.#copiedSince);
  }

  /** `leg` may have lost what it has not flushed: a flush failed, or it went out of service. */
  lose(leg: LegIndex): void {
    this.#losses += 1;
    this.#lostAt[leg] = this.#losses;
  }

  /** How often that has happened, to any leg: a moment for `lostSince`. */
  get losses(): number {
    return this.#losses;
  }

  /** The legs that may have lost what was written to them before now and after `moment`. */
  lostSince(moment: number): LegMask {
    if (moment === this.#losses) return NO_LEGS;
    return this.#lostAt.reduce<LegMask>(
      (mask, lostAt, leg) => (lostAt > moment ? union(mask, maskOf(leg as LegIndex)) : mask),
      NO_LEGS,
    );
  }

  /**
   * Everything is in sync again: the legs are alive, whatever happened before. But a leg that failed
   * a flush has what it lost in the very cache that could not be flushed, so it must flush it first.
   */
  forgive(): void {
    this.#pardoned = this.#faulty.flush;
    for (const fault of WORST_FIRST) if (fault !== 'flush') this.#faulty[fault] = NO_LEGS;
  }

  errorCounts(leg: LegIndex): Readonly<Record<LegFault, number>> {
    const counts = this.#counts[leg];
    invariant(counts !== undefined, `no leg ${leg}`);
    return counts;
  }

  letter(leg: LegIndex): FaultLetter {
    const worst = WORST_FIRST.find((fault) => (this.#faulty[fault] & maskOf(leg)) !== 0);
    return worst === undefined ? 'A' : LETTER_OF_FAULT[worst];
  }

  /** The legs of `mask` that have had no error of any kind. */
  sound(mask: LegMask): LegMask {
    return WORST_FIRST.reduce((sound, fault) => without(sound, this.#faulty[fault]), mask);
  }
}
