/** Which leg answers a read: always one that holds it, and as the owner wants where that is free. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LegIndex } from '../../src/geometry/units.ts';
import { legIndex } from '../../src/geometry/units.ts';
import type { ReadPolicy } from '../../src/mirror-set/mirror-spec.ts';
import { lowest, ReadChooser } from '../../src/mirror-set/read-policy.ts';
import type { LegMask } from '../../src/region/leg-content.ts';
import { has } from '../../src/region/leg-content.ts';

const LEGS = 4;
const POLICIES: readonly ReadPolicy[] = ['primary', 'round-robin', 'queue', 'leg:2', 'leg:7'];
const ALL = 0b1111 as LegMask;
const L0 = legIndex(0);

const anyCandidates = fc.integer({ min: 1, max: 2 ** LEGS - 1 }).map((mask) => mask as LegMask);
const anyLeg = fc.nat(LEGS - 1).map(legIndex);

describe('any policy', () => {
  test('chooses a leg that holds what is read', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...POLICIES),
        fc.array(fc.tuple(anyCandidates, anyLeg, fc.boolean()), { maxLength: 20 }),
        (policy, reads) => {
          const chooser = new ReadChooser(policy, LEGS);
          for (const [candidates, primary, atRest] of reads) {
            const chosen = chooser.choose(candidates, primary, atRest);
            assert(has(candidates, chosen));
            chooser.began(chosen);
          }
        },
      ),
    );
  });

  test('reads what is being written from the primary, if that holds it', () => {
    for (const policy of POLICIES) {
      const chooser = new ReadChooser(policy, LEGS);
      expect(chooser.choose(ALL, legIndex(1), false)).toBe(1);
      expect(chooser.choose(0b1100 as LegMask, legIndex(1), false)).toBe(2);
    }
  });
});

describe('round-robin', () => {
  test('takes turns among those that hold it', () => {
    const chooser = new ReadChooser('round-robin', LEGS);
    const chosen = Array.from({ length: 6 }, () => chooser.choose(0b1011 as LegMask, L0, true));
    const turns = (leg: number) => chosen.filter((one) => one === leg).length;
    expect([turns(0), turns(1), turns(2), turns(3)]).toEqual([2, 2, 0, 2]);
  });
});

describe('queue', () => {
  test('takes the leg with the fewest reads in flight, the primary among equals', () => {
    const chooser = new ReadChooser('queue', LEGS);
    const choose = () => chooser.choose(0b0111 as LegMask, legIndex(1), true);
    expect(choose()).toBe(1);
    chooser.began(legIndex(1));
    expect(choose()).toBe(0);
    chooser.began(L0);
    expect(choose()).toBe(2);
    chooser.began(legIndex(2));
    expect(choose()).toBe(1);
    chooser.ended(legIndex(2));
    expect(choose()).toBe(2);
  });
});

describe('leg:N', () => {
  test('prefers that leg, and falls back to the primary', () => {
    const chooser = new ReadChooser('leg:2', LEGS);
    expect(chooser.choose(ALL, L0, true)).toBe(2);
    expect(chooser.choose(0b0011 as LegMask, L0, true)).toBe(0);
    expect(chooser.choose(0b1010 as LegMask, L0, true)).toBe(1);
  });

  test('of a leg that does not exist is the primary', () => {
    expect(new ReadChooser('leg:7', LEGS).choose(ALL, L0, true)).toBe(0);
  });
});

test('the lowest leg of a mask is found', () => {
  const lowestOf = (mask: number): LegIndex => lowest(mask as LegMask);
  expect([0b1, 0b110, 0b1_0000_0000].map(lowestOf)).toEqual([0, 1, 8]);
});
