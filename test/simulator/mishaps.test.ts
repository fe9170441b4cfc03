/** That the seeds which are tried in every run of the tests know every hardship. */
import { expect, test } from 'vitest';
import type { Mishap } from '../../src/simulator/mishaps.ts';
import { FAULTS, TURNS } from '../../src/simulator/mishaps.ts';
import { CALM } from '../../src/simulator/scenario.ts';
import { replay, simulate } from '../../src/simulator/simulation.ts';
import { Tally, tryOut } from '../../src/simulator/trial.ts';

const SEEDS = 1_000;
const LENGTH = 300;

test('a thousand seeds bring about everything that can go wrong', { timeout: 120_000 }, () => {
  const seen = new Set<Mishap>();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    for (const mishap of simulate({ seed, length: LENGTH }).mishaps.keys()) seen.add(mishap);
  }
  expect([...FAULTS, ...TURNS].filter((mishap) => !seen.has(mishap))).toEqual([]);
});

test('nothing goes wrong where nothing happens', () => {
  expect([...replay(CALM, []).mishaps]).toEqual([]);
});

test('what cannot happen does not count', () => {
  const { mishaps } = replay(CALM, [
    { kind: 'end', operation: 'log', outcome: 'failed', luck: 0 },
    { kind: 'end', operation: 'log', outcome: 'failed', luck: 0 },
    { kind: 'hang', operation: 'read 1 at 0' },
  ]);
  expect([...mishaps]).toEqual([['the log fails', 1]]);
});

test('trials add up, and miss what none of them had', () => {
  const tally = new Tally();
  const trials = [1, 2, 3].map((seed) => tryOut({ seed, length: 40, crashes: true }));
  for (const trial of trials) tally.add(trial);
  expect(tally).toMatchObject({
    schedules: 3,
    crashStates: trials.reduce((sum, { crashStates }) => sum + crashStates, 0),
    steps: trials.reduce((sum, { steps }) => sum + steps, 0),
  });
  const [known] = tally.mishaps.keys();
  expect(tally.missing([known ?? 'a leg hangs'])).toEqual([]);
  expect(new Tally().missing(['a leg hangs'])).toEqual(['a leg hangs']);
});
