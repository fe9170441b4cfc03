/** After every event of many runs, in every way: the mirror comes back, and knows what it must. */
import { afterEach, describe, expect, test } from 'vitest';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { CrashSurvey } from '../../src/simulator/crash-points.ts';
import { surveyCrashes } from '../../src/simulator/crash-points.ts';
import { replay, simulate } from '../../src/simulator/simulation.ts';

const CRASHES_MIN = 20_000;
const LENGTH = 80;

function survey(seed: number): CrashSurvey {
  const { scenario, events } = simulate({ seed, length: LENGTH });
  return surveyCrashes(scenario, events);
}

/** Takes every dirty region for clean. Shows only where somebody reads a log that was in use. */
function plantBlindResume(): () => void {
  const { resume } = DiskLog;
  DiskLog.resume = (area) => {
    const isNew = area.bytes.every((byte) => byte === 0);
    return resume(isNew ? area : { ...area, bytes: area.bytes.slice().fill(0xff, 1024) });
  };
  return () => Object.assign(DiskLog, { resume });
}

let takeOut = () => {};
afterEach(() => {
  takeOut();
  takeOut = () => {};
});

describe('crash points', () => {
  test('leave nothing that the mirror does not come back from', { timeout: 60_000 }, () => {
    let crashes = 0;
    for (let seed = 1; crashes < CRASHES_MIN; seed += 1) {
      const found = survey(seed);
      expect(found.failure, `seed ${seed}`).toBe(null);
      crashes += found.crashes;
    }
    expect(crashes).toBeGreaterThanOrEqual(CRASHES_MIN);
  });

  test('show a bug that harms only after a crash, and how it came to that', () => {
    const where = { log: 'disk', crashes: 0, legsEqual: false, regionsBefore: 0 } as const;
    const { scenario, events } = simulate({ seed: 1, length: LENGTH, where });
    expect(surveyCrashes(scenario, events).failure).toBe(null);
    takeOut = plantBlindResume();
    const { failure } = surveyCrashes(scenario, events);
    expect(failure?.message).toContain('was found clean, and its legs differ');
    expect(failure?.events.at(-1)).toMatchObject({ kind: 'crash' });
    expect(replay(scenario, failure?.events ?? []).failure).toBe(failure?.message);
    takeOut();
    expect(replay(scenario, failure?.events ?? []).failure).toBe(null);
  });
});
