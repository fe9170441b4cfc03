/** Which region is recovered next: hot ones, then around; failed ones wait, and nobody starves. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RegionIndex } from '../../src/geometry/units.ts';
import { regionIndex } from '../../src/geometry/units.ts';
import { ResyncScheduler } from '../../src/recovery/resync-scheduler.ts';

/** Regions out of sync and not claimed, and a scheduler that hands them out. */
class Work {
  readonly scheduler = new ResyncScheduler();
  readonly open: Set<number>;
  readonly #count: number;

  constructor(
    count: number,
    open: Iterable<number> = Array.from({ length: count }, (_, at) => at),
  ) {
    this.#count = count;
    this.open = new Set(open);
  }

  next(now = 0): RegionIndex | null {
    const nextOpen = (from: number) => {
      for (let region = from; region < this.#count; region += 1) {
        if (this.open.has(region)) return regionIndex(region);
      }
      return null;
    };
    return this.scheduler.next(now, (region) => this.open.has(region), nextOpen);
  }

  /** Claims what is next, as the engine does. */
  claim(now = 0): RegionIndex | null {
    const region = this.next(now);
    if (region !== null) this.open.delete(region);
    return region;
  }

  fail(region: RegionIndex, now: number): void {
    this.scheduler.failed(region, now);
    this.open.add(region);
  }
}

describe('the order', () => {
  test('is ascending, and goes on from the beginning after the last region', () => {
    const work = new Work(4, [1, 3]);
    expect([work.claim(), work.claim()]).toEqual([1, 3]);
    work.open.add(0).add(2);
    expect([work.claim(), work.claim(), work.claim()]).toEqual([0, 2, null]);
  });

  test('puts written regions first, once', () => {
    const work = new Work(4);
    work.scheduler.written(regionIndex(2));
    work.scheduler.written(regionIndex(3));
    expect([work.claim(), work.claim(), work.claim()]).toEqual([2, 3, 0]);
  });

  test('puts a hot region that failed back among the others', () => {
    const work = new Work(4);
    work.scheduler.written(regionIndex(2));
    work.claim();
    work.fail(regionIndex(2), 0);
    expect(work.claim(5_000)).toBe(0);
  });

  test('forgets a hot region that is no work any more', () => {
    const work = new Work(3);
    work.scheduler.written(regionIndex(2));
    work.scheduler.recovered(regionIndex(2));
    work.scheduler.written(regionIndex(1));
    work.open.delete(1);
    expect(work.claim()).toBe(0);
  });

  test('remembers 256 hot regions; the others are found in their turn', () => {
    const work = new Work(1_000);
    for (let region = 999; region >= 0; region -= 1) work.scheduler.written(regionIndex(region));
    const claimed = Array.from({ length: 257 }, () => work.claim());
    expect(claimed.slice(254)).toEqual([745, 744, 0]);
  });
});

describe('a failed region', () => {
  test('waits 5 s, then twice as long each time, but never more than 5 min', () => {
    const work = new Work(1);
    const waits: number[] = [];
    for (let now = 0, failures = 0; failures < 9; failures += 1) {
      work.claim(now);
      work.fail(regionIndex(0), now);
      let wait = 0;
      while (work.next(now + wait) === null) wait += 1_000;
      waits.push(wait / 1_000);
      now += wait;
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  test('does not hold up the others, hot or not', () => {
    const work = new Work(3);
    work.fail(regionIndex(0), 0);
    work.scheduler.written(regionIndex(0));
    expect([work.claim(1), work.claim(1), work.claim(1)]).toEqual([1, 2, null]);
  });

  test('begins anew after a success, and when asked to forget', () => {
    const work = new Work(1);
    for (const now of [0, 10_000]) work.fail(regionIndex(0), now);
    work.scheduler.recovered(regionIndex(0));
    work.fail(regionIndex(0), 20_000);
    expect([work.next(24_999), work.next(25_000)]).toEqual([null, 0]);
    work.fail(regionIndex(0), 30_000);
    work.scheduler.forgetFailures();
    expect(work.next(30_000)).toBe(0);
  });

  test('is one of at most 1024: with those, only they are tried', () => {
    const work = new Work(5_000);
    const failed = new Set<number>();
    for (let now = 0; now < 3_600_000; now += 1_000) {
      for (let region = work.claim(now); region !== null; region = work.claim(now)) {
        failed.add(region);
        work.fail(region, now);
      }
    }
    expect(failed.size).toBe(1_024);
    work.scheduler.recovered(regionIndex(7));
    work.open.delete(7);
    expect(work.claim(3_600_000)).toBe(1_024);
  });
});

/** Recovers until nothing is left; the failures come at the first tries of these regions. */
function recoverAll(work: Work, failures: readonly number[]): void {
  const failing = [...failures];
  for (let now = 0; work.open.size > 0 && now < 40_000_000; now += 400_000) {
    for (let region = work.claim(now); region !== null; region = work.claim(now)) {
      const failure = failing.indexOf(region);
      if (failure < 0) work.scheduler.recovered(region);
      else work.fail(region, now);
      if (failure >= 0) failing.splice(failure, 1);
    }
  }
}

test('every region is handed out in the end, whatever fails in between', () => {
  const anyFailures = fc.array(fc.nat(7), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(anyFailures, (failures) => {
      const work = new Work(8);
      recoverAll(work, failures);
      assert.equal(work.open.size, 0, 'a region starves');
    }),
    { numRuns: 200 },
  );
});
