/**
 * How much of the machine recovery may take. Two ways to say it:
 *
 * - `percent` of the time a copy may be running, as the kernel's raid1_resync_throttle: after copies
 *   that took `busy`, recovery rests `busy × (100 − p) / p`;
 * - `bytesPerSecond`: every region taken moves the time of the next one on by what it costs.
 *
 * Both are one rule, "no region is taken before `notBefore`", in ticks (milliseconds). A rest is never
 * longer than `REST_MAX`, so that a changed throttle takes hold soon, and time that passed unused is
 * not saved up beyond one tick's worth of work.
 */
/** How fast recovery may go; null: as fast as it can. */
export type Throttle = { readonly percent: number } | { readonly bytesPerSecond: number } | null;

const REST_MAX = 10_000;

export class RecoveryThrottle {
  #limit: Throttle = null;
  #notBefore = 0;

  get limit(): Throttle {
    return this.#limit;
  }

  change(limit: Throttle, now: number): void {
    this.#limit = limit;
    this.#notBefore = now;
  }

  allows(now: number): boolean {
    return this.#limit === null || now >= this.#notBefore;
  }

  /** A region of `bytes` is taken now. */
  took(bytes: number, now: number): void {
    if (this.#limit === null || 'percent' in this.#limit) return;
    this.#rest((bytes * 1000) / this.#limit.bytesPerSecond, now);
  }

  /** The last copy in flight ended after copies had been running for `busy`. */
  worked(busy: number, now: number): void {
    if (this.#limit === null || 'bytesPerSecond' in this.#limit) return;
    this.#rest((busy * (100 - this.#limit.percent)) / this.#limit.percent, now);
  }

  #rest(duration: number, now: number): void {
    this.#notBefore = Math.min(Math.max(this.#notBefore, now) + duration, now + REST_MAX);
  }
}
