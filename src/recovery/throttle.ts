/**
 * How much of the machine recovery may take. Two ways to say it:
 *
 * - `percent` of the time in which copies may be running, as the kernel's raid1_resync_throttle:
 *
 *     copies  ├──── a slice ────┤· rests ·├──── a slice ────┤        slice / (slice + rest) = share
 *
 *   a slice ends with the first copy that finds SLICE used up, and is measured from end to end;
 * - `bytesPerSecond`: every region taken moves the time of the next one on by what it costs.
 *
 * Both are one rule, "no region is taken before `notBefore`", in ticks (milliseconds). Ticks are coarse
 * next to a copy: a slice is much longer than a tick, and what a tick leaves unused of a rate is saved
 * up to SAVED_MAX, so that both come out right. A changed throttle takes hold at once.
 */
import { invariant } from '../errors/invariant.ts';

/** How fast recovery may go; null: as fast as it can. */
export type Throttle = { readonly percent: number } | { readonly bytesPerSecond: number } | null;

const SLICE = 200;
const SAVED_MAX = 100;

export class RecoveryThrottle {
  readonly #savedMax: number;
  #limit: Throttle = null;
  #notBefore = 0;
  /** When the slice under way began; null: there is none. */
  #sliceBegan: number | null = null;
  /** When the last copy in flight ended, while none is. */
  #drainedAt: number | null = null;

  /** `savedMax`: how long, in ticks, what is left of a rate is saved up. */
  constructor(savedMax = SAVED_MAX) {
    this.#savedMax = savedMax;
  }

  get limit(): Throttle {
    return this.#limit;
  }

  change(limit: Throttle, now: number): void {
    const amount = limit === null ? 1 : 'percent' in limit ? limit.percent : limit.bytesPerSecond;
    invariant(amount > 0, 'a throttle that lets nothing through is a pause');
    this.#limit = limit;
    this.#notBefore = now;
    this.#sliceBegan = null;
  }

  allows(now: number, copiesInFlight: number): boolean {
    if (this.#limit === null) return true;
    if (now < this.#notBefore) return false;
    return copiesInFlight === 0 || this.#sliceBegan === null || now - this.#sliceBegan < SLICE;
  }

  /** A region of `bytes` is taken now. */
  took(bytes: number, now: number): void {
    if (this.#limit === null) return;
    if ('bytesPerSecond' in this.#limit) {
      const from = Math.max(this.#notBefore, now - this.#savedMax);
      this.#notBefore = from + (bytes * 1000) / this.#limit.bytesPerSecond;
      return;
    }
    // Time in which there was nothing to copy does not count as busy.
    const idle = this.#drainedAt === null ? 0 : now - this.#drainedAt;
    this.#sliceBegan = this.#sliceBegan === null ? now : this.#sliceBegan + idle;
    this.#drainedAt = null;
  }

  /** No copy is in flight any more. */
  drained(now: number): void {
    if (this.#sliceBegan === null || this.#limit === null || !('percent' in this.#limit)) return;
    const busy = now - this.#sliceBegan;
    this.#drainedAt = now;
    if (busy < SLICE) return;
    this.#notBefore = now + (busy * (100 - this.#limit.percent)) / this.#limit.percent;
    this.#sliceBegan = null;
  }
}
