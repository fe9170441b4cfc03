/**
 * How much of the machine recovery may take. Two ways to say it:
 *
 * - `percent` of the time a copy may be running, as the kernel's raid1_resync_throttle: after copies
 *   that took `busy`, recovery rests `busy × (100 − p) / p`;
 * - `bytesPerSecond`: every region taken moves the time of the next one on by what it costs.
 *
 * Both are one rule, "no region is taken before `notBefore`", in ticks (milliseconds). Time that passed
 * unused is not saved up, and a changed throttle takes hold at once.
 */
/** How fast recovery may go; null: as fast as it can. */
export type Throttle = { readonly percent: number } | { readonly bytesPerSecond: number } | null;

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

  /** With a share of the time, copies are taken in batches: rest is measured from the last one's end. */
  allows(now: number, copiesInFlight: number): boolean {
    if (this.#limit === null) return true;
    return now >= this.#notBefore && !('percent' in this.#limit && copiesInFlight > 0);
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
    this.#notBefore = Math.max(this.#notBefore, now) + duration;
  }
}
