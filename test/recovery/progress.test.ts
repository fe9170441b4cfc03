/** How fast recovery is going now, and when it will be done. */
import { describe, expect, test } from 'vitest';
import { RecoveryProgress } from '../../src/recovery/progress.ts';

const MiB = 1024 * 1024;

/** Ten megabytes a tick of 100 ms, from `from` to `until`. */
function recover(progress: RecoveryProgress, from: number, until: number): void {
  for (let now = from; now <= until; now += 100) {
    progress.recovered(10 * MiB);
    progress.sample(now);
  }
}

describe('recovery progress', () => {
  test('says nothing before it has seen some time pass', () => {
    const progress = new RecoveryProgress();
    expect(progress.bytesPerSecond(0)).toBe(null);
    progress.restart(0);
    expect(progress.bytesPerSecond(0)).toBe(null);
    expect(progress.etaSeconds(0, MiB)).toBe(null);
  });

  test('says the rate and the time that is left', () => {
    const progress = new RecoveryProgress();
    progress.restart(0);
    recover(progress, 100, 2_000);
    expect(progress.bytesPerSecond(2_000)).toBe(100 * MiB);
    expect(progress.etaSeconds(2_000, 700 * MiB)).toBe(7);
    expect(progress.recoveredBytes).toBe(200 * MiB);
  });

  test('says the rate of the last five seconds, not of all time', () => {
    const progress = new RecoveryProgress();
    progress.restart(0);
    recover(progress, 100, 60_000);
    for (let now = 60_100; now <= 70_000; now += 100) progress.sample(now);
    expect(progress.bytesPerSecond(70_000)).toBe(0);
    expect(progress.etaSeconds(70_000, MiB)).toBe(null);
  });

  test('begins anew after a rest', () => {
    const progress = new RecoveryProgress();
    progress.restart(0);
    recover(progress, 100, 1_000);
    progress.restart(100_000);
    recover(progress, 100_100, 101_000);
    expect(progress.bytesPerSecond(101_000)).toBe(100 * MiB);
  });

  test('keeps few samples, however often it is asked to', () => {
    const progress = new RecoveryProgress();
    progress.restart(0);
    for (let now = 1; now <= 20_000; now += 1) {
      progress.recovered(MiB);
      progress.sample(now);
    }
    const rate = progress.bytesPerSecond(20_000) ?? 0;
    expect(Math.abs(rate - 1_000 * MiB)).toBeLessThan(MiB);
  });
});
