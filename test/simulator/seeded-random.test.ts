/** Randomness that can be had again. */
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../../src/simulator/seeded-random.ts';

const draw = (random: SeededRandom, count: number) =>
  Array.from({ length: count }, () => random.next());

describe('seeded random', () => {
  test('is the same for the same seed, on every machine', () => {
    expect(draw(new SeededRandom(1), 3)).toEqual(draw(new SeededRandom(1), 3));
    expect(draw(new SeededRandom(0), 4)).toEqual([2462723854, 1020716019, 454327756, 1275600319]);
  });

  test('is another one for the next seed', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => new SeededRandom(seed).next());
    expect(new Set(firsts).size).toBe(1_000);
  });

  test('spreads over what it may choose from', () => {
    const random = new SeededRandom(5);
    const counts = [0, 0, 0, 0, 0];
    for (let turn = 0; turn < 10_000; turn += 1)
      counts[random.below(5)] = (counts[random.below(5)] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(1_800);
    expect(Math.max(...counts)).toBeLessThan(2_200);
  });

  test('takes a chance as often as it says', () => {
    const random = new SeededRandom(6);
    const taken = Array.from({ length: 10_000 }, () => random.chance(0.1)).filter(Boolean).length;
    expect(Math.abs(taken - 1_000)).toBeLessThan(100);
    expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
  });

  test('stays between both ends, and reaches them', () => {
    const random = new SeededRandom(7);
    const drawn = new Set(Array.from({ length: 200 }, () => random.between(3, 5)));
    expect([...drawn].sort()).toEqual([3, 4, 5]);
    expect(random.pick(['only'])).toBe('only');
  });
});
