/**
 * The real engine in the simulator: it must pass, whatever the seed. A seed that fails prints its
 * shortest run; put that into a test of its own before the fix. More seeds: `npm run soak`.
 */
import { describe, expect, test } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import { printRun, shrink } from '../../src/simulator/shrink.ts';
import type { SimulationReport } from '../../src/simulator/simulation.ts';
import { REAL_ENGINE, replay, simulate } from '../../src/simulator/simulation.ts';

const SEEDS = 1_000;
const LENGTH = 300;

/** Empty if the run went well. */
function story({ scenario, events, failure }: SimulationReport): string {
  if (failure === null) return '';
  const shortest = shrink(scenario, events) ?? { events, failure };
  return `${JSON.stringify(scenario)}\n${printRun(shortest)}`;
}

describe('the engine', () => {
  const blocks = Array.from({ length: 10 }, (_, block) => 1 + (block * SEEDS) / 10);

  test.each(blocks)('keeps every promise, seeds from %d on', { timeout: 60_000 }, (first) => {
    let crashes = 0;
    for (let seed = first; seed < first + SEEDS / 10; seed += 1) {
      const report = simulate({ seed, length: LENGTH });
      expect(story(report), `seed ${seed}`).toBe('');
      crashes += report.crashes;
    }
    expect(crashes).toBeGreaterThan(100);
  });

  test('keeps them in long lives too', { timeout: 60_000 }, () => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const report = simulate({ seed, length: 4_000 });
      expect(story(report), `seed ${seed}`).toBe('');
    }
  });
});

describe('a run', () => {
  test('is the same for the same seed', () => {
    const [once, again] = [1, 2].map(() => simulate({ seed: 7, length: LENGTH }));
    expect(again).toEqual(once);
  });

  test('is the same when its events are replayed', () => {
    const report = simulate({ seed: 7, length: LENGTH });
    expect(replay(report.scenario, report.events)).toEqual(report);
  });
});

describe('a run that fails', () => {
  /** Answers every write with success, whatever happened to it. */
  const optimist = (...options: ConstructorParameters<typeof Engine>) => {
    const engine = new Engine(...options);
    const step = engine.step.bind(engine);
    engine.step = (input) =>
      step(input.kind === 'legIoEnded' ? { ...input, outcome: 'ok' } : input);
    return engine;
  };

  test('is shrunk to a few events that fail too, and cannot spare any of them', {
    timeout: 60_000,
  }, () => {
    const where = { legErrors: 0.2, crashes: 0 };
    const seed = 3;
    const report = simulate({ seed, length: LENGTH, where, makeEngine: optimist });
    expect(report.failure).not.toBe(null);
    const shortest = shrink(report.scenario, report.events, optimist);
    const events = shortest?.events ?? [];
    expect(events.length).toBeLessThan(12);
    expect(replay(report.scenario, events, optimist).failure).toBe(shortest?.failure);
    for (const spared of events.keys()) {
      const rest = events.filter((_, index) => index !== spared);
      expect(replay(report.scenario, rest, optimist).failure).toBe(null);
    }
  });

  test('of which nothing fails is not shrunk', () => {
    const report = simulate({ seed: 7, length: 50 });
    expect(shrink(report.scenario, report.events, REAL_ENGINE)).toBe(null);
  });
});
