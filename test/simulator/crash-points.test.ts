/** After every event of many runs, in every way: the mirror comes back, and knows what it must. */
import { afterEach, describe, expect, test } from 'vitest';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { CrashSurvey } from '../../src/simulator/crash-points.ts';
import { Survey, surveyCrashes } from '../../src/simulator/crash-points.ts';
import { CALM } from '../../src/simulator/scenario.ts';
import { beginMirror, REAL_ENGINE, replay, simulate } from '../../src/simulator/simulation.ts';

const CRASHES_MIN = 20_000;
const LENGTH = 80;
const BITS_PER_SECTOR = 512 * 8;

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

  test('tear a log write between its sectors', { timeout: 120_000 }, () => {
    // One write to two regions whose bits lie on both sides of a sector's end.
    const [sector, count] = [2 * (BITS_PER_SECTOR - 1), 4];
    const scenario = { ...CALM, sectorCount: 2 * (BITS_PER_SECTOR + 4) };
    const ended = ['log', 'log', 'session'].map(
      (operation) => ({ kind: 'end', operation, outcome: 'ok', luck: 0 }) as const,
    );
    const write = { kind: 'write', request: 1, sector, count, fua: false } as const;
    const mirror = beginMirror(scenario, REAL_ENGINE);
    for (const event of [...ended, write]) expect(mirror.apply(event)).toBe(true);
    expect(mirror.operations.get('log')).toMatchObject({ sectorCount: 2 });
    const survey = new Survey();
    expect(survey.crashEveryWay(mirror)).toBe(null);
    expect(survey.report(null).distinct).toBeGreaterThanOrEqual(3);
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
