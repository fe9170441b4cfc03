/**
 * Which region is recovered next.
 *
 *   hot: written while out of sync ──▶ first, the earliest request first
 *   cursor ──▶ ascending through the regions out of sync, wraps at the end
 *   failed ──▶ left out until their time has come, twice as long after each failure
 *
 * A region in the hot list gets its writers back onto all legs soonest. The kernel's cursor never
 * wraps, so what fails or falls out of sync behind it waits for the next activation; this one does.
 *
 * Bounds: at most `HOT_MAX` hot regions are remembered (the cursor finds the others), and with
 * `FAILED_MAX` failed ones recovery keeps to those, so that a dead leg does not fill the memory: until
 * some of them succeed, no other region is tried.
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

  /** When `region`, which has failed, may be tried again; null: it has not failed. */
  retryAt(region: RegionIndex): number | null {
    return this.#failed.get(region)?.retryAt ?? null;
  }

  /** How many regions are claimed before `region`, should none fail. Looks at all of them. */
  countBefore(
    region: RegionIndex,
    regionCount: number,
    isWork: (region: RegionIndex) => boolean,
  ): number {
    let before = 0;
    for (const hot of this.#hot) {
      if (hot === region) return before;
      if (isWork(hot)) before += 1;
    }
    for (let step = 0; step < regionCount; step += 1) {
      const next = ((this.#cursor + step) % regionCount) as RegionIndex;
      if (next === region) break;
      if (isWork(next) && !this.#hot.has(next)) before += 1;
    }
    return before;
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
    if (this.#failed.size >= FAILED_MAX) return this.#nextRetry(now, isWork);
    for (const region of this.#hot) {
      this.#hot.delete(region);
      if (isWork(region) && this.#mayTry(region, now)) return region;
    }
    return (
      this.#search(this.#cursor, Number.POSITIVE_INFINITY, now, nextWork) ??
      this.#search(0, this.#cursor, now, nextWork)
    );
  }

  #nextRetry(now: number, isWork: (region: RegionIndex) => boolean): RegionIndex | null {
    for (const [region, { retryAt }] of this.#failed) {
      if (now >= retryAt && isWork(region)) return region;
    }
    return null;
  }

  #search(
    from: number,
    end: number,
    now: number,
    nextWork: (from: number) => RegionIndex | null,
  ): RegionIndex | null {
    let region = nextWork(from);
    while (region !== null && region < end && !this.#mayTry(region, now)) {
      region = nextWork(region + 1);
    }
    if (region === null || region >= end) return null;
    this.#cursor = region + 1;
    return region;
  }

  #mayTry(region: RegionIndex, now: number): boolean {
    const failure = this.#failed.get(region);
    return failure === undefined || now >= failure.retryAt;
  }
}
