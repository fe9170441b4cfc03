/** That a throttled recovery takes what it may, over simulated time, however coarse the ticks are. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import type { Throttle } from '../../src/recovery/throttle.ts';
import { RecoveryThrottle } from '../../src/recovery/throttle.ts';

interface Recovery {
  readonly throttle: Throttle;
  /** In milliseconds, as all times here. */
  readonly tick: number;
  readonly copyTakes: number;
  readonly places: number;
  readonly regionBytes: number;
}

/** Copies in flight, with the time told by ticks and by nothing else. */
class Minute {
  bytes = 0;
  busy = 0;
  readonly #of: Recovery;
  readonly #throttle = new RecoveryThrottle();
  readonly #ends: number[] = [];

  constructor(recovery: Recovery) {
    this.#of = recovery;
    this.#throttle.change(recovery.throttle, 0);
    for (let now = 0; now < 60_000; now += 1) this.#pass(now, now - (now % recovery.tick));
  }

  #pass(now: number, told: number): void {
    while (this.#ends[0] === now) {
      this.#ends.shift();
      if (this.#ends.length === 0) this.#throttle.drained(told);
    }
    const { places, regionBytes, copyTakes } = this.#of;
    while (this.#ends.length < places && this.#throttle.allows(told, this.#ends.length)) {
      this.#throttle.took(regionBytes, told);
      this.bytes += regionBytes;
      this.#ends.push(now + copyTakes);
    }
    if (this.#ends.length > 0) this.busy += 1;
  }
}

function minute(recovery: Recovery): { bytesPerSecond: number; percent: number } {
  const { bytes, busy } = new Minute(recovery);
  return { bytesPerSecond: bytes / 60, percent: (busy / 60_000) * 100 };
}

const anyRecovery = {
  tick: fc.constantFrom(1, 10),
  copyTakes: fc.integer({ min: 1, max: 150 }),
  places: fc.constantFrom(1, 8),
};

describe('a minute of throttled recovery', () => {
  test('takes the share of the time that it may, to a tenth of it and one', () => {
    const anyPercent = fc.constantFrom(1, 5, 25, 50, 80, 95, 100);
    fc.assert(
      fc.property(fc.record({ ...anyRecovery, percent: anyPercent }), ({ percent, ...rest }) => {
        const took = minute({ ...rest, throttle: { percent }, regionBytes: 1 }).percent;
        assert(Math.abs(took - percent) <= percent * 0.1 + 1, `${took} instead of ${percent} %`);
      }),
      { numRuns: 60 },
    );
  });

  test('takes the bytes that it may, to a twentieth', () => {
    const anyRate = fc.constantFrom(100_000, 10_000_000, 400_000_000);
    const anyRegion = fc.constantFrom(2 ** 16, 2 ** 19);
    fc.assert(
      fc.property(
        fc.constantFrom(1, 10, 50),
        anyRate,
        anyRegion,
        (tick, bytesPerSecond, regionBytes) => {
          const throttle = { bytesPerSecond };
          const took = minute({ throttle, tick, copyTakes: 1, places: 64, regionBytes });
          const error = Math.abs(took.bytesPerSecond - bytesPerSecond);
          // The first and the last region of a minute are not shared out.
          assert(error <= bytesPerSecond * 0.05 + (2 * regionBytes) / 60, `${took.bytesPerSecond}`);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a recovery throttle', () => {
  test('does not save up time in which nobody used it', () => {
    const throttle = new RecoveryThrottle();
    throttle.change({ bytesPerSecond: 1_000 }, 0);
    let taken = 0;
    for (; throttle.allows(3_600_000, 0); taken += 1) throttle.took(100, 3_600_000);
    expect(taken).toBe(2);
  });

  test('counts an idle hour neither as work nor as rest', () => {
    const throttle = new RecoveryThrottle();
    throttle.change({ percent: 50 }, 0);
    throttle.took(1, 0);
    throttle.drained(150);
    throttle.took(1, 3_600_000);
    throttle.drained(3_600_100);
    expect(throttle.allows(3_600_349, 0)).toBe(false);
    expect(throttle.allows(3_600_350, 0)).toBe(true);
  });

  test('takes hold at once when it is changed, and lets go at once', () => {
    const throttle = new RecoveryThrottle();
    throttle.change({ bytesPerSecond: 1 }, 0);
    throttle.took(1_000_000, 0);
    expect(throttle.allows(1, 0)).toBe(false);
    throttle.change({ percent: 1 }, 1);
    expect(throttle.allows(1, 0)).toBe(true);
    throttle.change(null, 1);
    throttle.took(1_000_000, 1);
    expect(throttle.allows(1, 99)).toBe(true);
    expect(throttle.limit).toBe(null);
  });

  test('of nothing at all is refused: that is what pause is for', () => {
    const throttle = new RecoveryThrottle();
    expect(() => throttle.change({ percent: 0 }, 0)).toThrow(InvariantBroken);
    expect(() => throttle.change({ bytesPerSecond: 0 }, 0)).toThrow(InvariantBroken);
  });
});
