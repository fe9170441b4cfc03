/**
 * That the simulator finds bugs: each of those that are planted here, in at least so many of the first
 * seeds; and that it finds none without them.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { replay, simulate } from '../../src/simulator/simulation.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const SEEDS = 60;
const LENGTH = 200;

let takeOut = () => {};
afterEach(() => {
  takeOut();
  takeOut = () => {};
});

/** Of the first seeds, how many show it; stops when that is enough. */
function seedsThatShow({ seeds, where = {}, make: makeEngine }: PlantedBug): number {
  let shown = 0;
  for (let seed = 1; seed <= SEEDS && shown < seeds; seed += 1) {
    const { failure } = simulate({ seed, length: LENGTH, where, makeEngine });
    if (failure !== null) shown += 1;
  }
  return shown;
}

describe(`the first ${SEEDS} seeds`, () => {
  const byChance = PLANTED_BUGS.filter(({ seeds }) => seeds > 0);

  test.each(byChance)('find at least $seeds times: $name', { timeout: 60_000 }, (bug) => {
    takeOut = bug.plant?.() ?? takeOut;
    expect(seedsThatShow(bug)).toBeGreaterThanOrEqual(bug.seeds);
  });

  test('find nothing where there is nothing', { timeout: 60_000 }, () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      for (const where of [{}, ...byChance.map((bug) => bug.where ?? {})].slice(0, 3)) {
        const { failure } = simulate({ seed, length: LENGTH, where });
        expect(failure, `seed ${seed}`).toBe(null);
      }
    }
  });
});

describe('a story', () => {
  const told = PLANTED_BUGS.flatMap(({ story, ...bug }) => (story ? [{ ...bug, story }] : []));

  test.each(told)('shows: $name', ({ story, make, plant }) => {
    expect(replay(story.scenario, story.events).failure).toBe(null);
    takeOut = plant?.() ?? takeOut;
    expect(replay(story.scenario, story.events, make).failure).not.toBe(null);
  });
});
