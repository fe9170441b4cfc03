/** Every order of a few events, and a crash after each of them. */
import { describe, expect, test } from 'vitest';
import { ModelChecker } from '../../src/simulator/model-checker.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';
import { TINY_WORLDS } from './tiny-worlds.ts';

describe('a tiny mirror', () => {
  test.each(TINY_WORLDS)('survives every order of %s', { timeout: 60_000 }, (_, world) => {
    const { failure, untried, runs, crashes } = new ModelChecker(world).check();
    expect(failure).toBe(null);
    expect(untried).toBe(0);
    expect(runs).toBeGreaterThan(100);
    expect(crashes).toBeGreaterThan(500);
  });
});

describe('the order of things', () => {
  const orders = (requests: number, crashes: boolean) => {
    const [, world] = TINY_WORLDS[0] ?? [];
    if (world === undefined) throw new TypeError('there are tiny worlds');
    const few = world.requests.slice(0, requests);
    return new ModelChecker({ ...world, requests: few, errorsMax: 0, crashes }).check();
  };

  test('is one when there is no choice', () => {
    expect(orders(0, false)).toMatchObject({ runs: 1, untried: 0, failure: null });
  });

  test('of one write to two legs is either leg first', () => {
    expect(orders(1, false)).toMatchObject({ runs: 2, crashes: 0, failure: null });
  });

  test('comes to each point once, and crashes there with any set of writes lost', () => {
    // With the power, of all that is cached or under way; with the process, of what is under way.
    const [before, marking, marked] = [1 + 1, 2 + 2, 4 + 4];
    const [oneLeg, both] = [4 + 2, 4 + 1];
    const { crashes } = orders(1, true);
    expect(crashes).toBe(before + marking + marked + 2 * oneLeg + both);
  });

  test('is left off at the first failure, which shows in what was not tried', () => {
    const [, world] = TINY_WORLDS[0] ?? [];
    const bug = PLANTED_BUGS.find(({ name }) => name === 'leg write failure ignored');
    if (world === undefined || bug === undefined) throw new TypeError('both are there');
    expect(new ModelChecker(world, bug.make).check().untried).toBeGreaterThan(0);
  });
});

describe('a planted bug', () => {
  const found = (name: string) => {
    const bug = PLANTED_BUGS.find((one) => one.name === name);
    const takeOut = bug?.plant?.();
    const finders = TINY_WORLDS.filter(
      ([, world]) =>
        new ModelChecker({ ...world, crashes: false }, bug?.make).check().failure !== null,
    );
    takeOut?.();
    return finders.length;
  };

  test.each(['data before the mark is durable', 'no log flush', 'leg write failure ignored'])(
    'is found: %s',
    (name) => {
      expect(found(name)).toBeGreaterThan(0);
    },
  );
});
