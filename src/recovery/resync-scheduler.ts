/**
 * Which region is recovered next.
 *
 *   hot: written while out of sync ──▶ first, the latest request first
 *   cursor ──▶ ascending through the regions out of sync, wraps at the end
 *   failed ──▶ left out until their time has come, twice as long after each failure
 *
 * A region in the hot list gets its writers back onto all legs soonest. The kernel's cursor never
 * wraps, so what fails or falls out of sync behind it waits for the next activation; this one does.
 *
 * Bounds: at most `HOT_MAX` hot regions are remembered (the cursor finds the others), and past
 * `FAILED_MAX` failed regions recovery as a whole rests until the first of them may be tried again.
 */
import type { RegionIndex } from '../geometry/units.ts';

const HOT_MAX = 256;
const FAILED_MAX = 1024;
const FIRST_RETRY_AFTER = 5_000;
const RETRY_AFTER_MAX = 300_000;

interface Failure {
  readonly retryAt: number;
  readonly wait: number;
}

export class ResyncScheduler {
  readonly #hot = new Set<RegionIndex>();
  readonly #failed = new Map<RegionIndex, Failure>();
  #cursor = 0;

  /** Where the ascending search stands: regions below were handed out in this round. */
  get cursor(): number {
    return this.#cursor;
  }

  /** A write went to `region` although it is out of sync. */
  written(region: RegionIndex): void {
    if (this.#hot.size < HOT_MAX) this.#hot.add(region);
  }

  failed(region: RegionIndex, now: number): void {
    const before = this.#failed.get(region);
    const wait =
      before === undefined ? FIRST_RETRY_AFTER : Math.min(before.wait * 2, RETRY_AFTER_MAX);
    this.#failed.set(region, { retryAt: now + wait, wait });
  }

  recovered(region: RegionIndex): void {
    this.#failed.delete(region);
    this.#hot.delete(region);
  }

  /** Asked to try everything again, now. */
  forgetFailures(): void {
    this.#failed.clear();
  }

  /**
   * The next region to claim, or null. `isWork`: out of sync and not claimed. `nextWork`: the first
   * region from here on for which that holds, null past the last one.
   */
  next(
    now: number,
    isWork: (region: RegionIndex) => boolean,
    nextWork: (from: number) => RegionIndex | null,
  ): RegionIndex | null {
    if (this.#failed.size > FAILED_MAX && !this.#someMayRetry(now)) return null;
    for (const region of this.#hot) {
      this.#hot.delete(region);
      if (isWork(region) && this.#mayTry(region, now)) return region;
    }
    return (
      this.#search(this.#cursor, Number.POSITIVE_INFINITY, now, nextWork) ??
      this.#search(0, this.#cursor, now, nextWork)
    );
  }

  #search(
    from: number,
    end: number,
    now: number,
    nextWork: (from: number) => RegionIndex | null,
  ): RegionIndex | null {
    for (
      let region = nextWork(from);
      region !== null && region < end;
      region = nextWork(region + 1)
    ) {
      if (!this.#mayTry(region, now)) continue;
      this.#cursor = region + 1;
      return region;
    }
    return null;
  }

  #mayTry(region: RegionIndex, now: number): boolean {
    const failure = this.#failed.get(region);
    return failure === undefined || now >= failure.retryAt;
  }

  #someMayRetry(now: number): boolean {
    for (const { retryAt } of this.#failed.values()) if (now >= retryAt) return true;
    return false;
  }
}
