/** What the mirror knows of its legs: letters, counts, and whom a failed flush may have robbed. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { legIndex } from '../../src/geometry/units.ts';
import { LegSet } from '../../src/mirror-set/leg-set.ts';
import { allLegs, maskOf } from '../../src/region/leg-content.ts';

const L0 = legIndex(0);
const L1 = legIndex(1);
const L2 = legIndex(2);
const threeLegs = () => new LegSet(3, L0);

describe('the letter of a leg', () => {
  test.each([
    ['A', []],
    ['R', ['read']],
    ['S', ['read', 'sync']],
    ['D', ['write', 'sync', 'read']],
    ['F', ['write', 'flush', 'sync']],
  ] as const)('is %s after %j: the worst counts', (letter, faults) => {
    const legs = threeLegs();
    for (const fault of faults) legs.fail(L1, fault);
    expect(legs.letter(L1)).toBe(letter);
    expect(legs.letter(L0)).toBe('A');
  });

  test('is A again when everything is in sync, and the counts stay', () => {
    const legs = threeLegs();
    legs.fail(L1, 'write');
    legs.fail(L1, 'write');
    legs.forgive();
    expect(legs.letter(L1)).toBe('A');
    expect(legs.errorCounts(L1)).toEqual({ read: 0, write: 2, sync: 0, flush: 0 });
  });
});

test('only the first failure of a kind is news, until the mirror was in sync again', () => {
  const legs = threeLegs();
  expect([legs.fail(L1, 'read'), legs.fail(L1, 'read'), legs.fail(L1, 'sync')]).toEqual([
    true,
    false,
    true,
  ]);
  expect(legs.fail(L2, 'read')).toBe(true);
  legs.forgive();
  expect(legs.fail(L1, 'read')).toBe(true);
});

test('a leg with any failure is not sound', () => {
  const legs = threeLegs();
  legs.fail(L1, 'read');
  legs.fail(L2, 'flush');
  expect(legs.sound(allLegs(3))).toBe(maskOf(L0));
});

test('a leg that does not exist has no counts', () => {
  expect(() => threeLegs().errorCounts(legIndex(3))).toThrow(InvariantBroken);
});

describe('losses', () => {
  test('are remembered by leg and moment', () => {
    const legs = threeLegs();
    const before = legs.losses;
    expect(legs.lostSince(before)).toBe(0);
    legs.lose(L1);
    const between = legs.losses;
    legs.lose(L2);
    expect(legs.lostSince(before)).toBe(maskOf(L1) | maskOf(L2));
    expect(legs.lostSince(between)).toBe(maskOf(L2));
    expect(legs.lostSince(legs.losses)).toBe(0);
  });

  test('are not forgiven: what was lost stays lost', () => {
    const legs = threeLegs();
    legs.lose(L1);
    legs.forgive();
    expect(legs.lostSince(0)).toBe(maskOf(L1));
  });
});

describe('failed flushes', () => {
  test('show until the leg has flushed well, with everything in sync', () => {
    const legs = threeLegs();
    legs.fail(L1, 'flush');
    legs.fail(L1, 'write');
    legs.flushed(L1);
    expect(legs.letter(L1)).toBe('F');
    legs.forgive();
    expect(legs.letter(L1)).toBe('F');
    legs.flushed(L0);
    expect(legs.letter(L1)).toBe('F');
    legs.fail(L1, 'flush');
    legs.flushed(L1);
    expect(legs.letter(L1)).toBe('F');
    legs.forgive();
    legs.flushed(L1);
    expect(legs.letter(L1)).toBe('A');
  });
});

describe('a leg that was copied to', () => {
  test('is unsettled until a flush that began afterwards has ended well on it', () => {
    const legs = threeLegs();
    legs.flushBegins();
    legs.copied(maskOf(L1));
    legs.flushed(L1);
    expect(legs.unsettled).toBe(maskOf(L1));
    legs.flushBegins();
    expect(legs.unsettled).toBe(maskOf(L1));
    legs.flushed(L0);
    legs.flushed(L1);
    expect(legs.unsettled).toBe(0);
  });

  test('stays unsettled after a flush that failed, also when the next one begins', () => {
    const legs = threeLegs();
    legs.copied(maskOf(L1));
    legs.flushBegins();
    legs.fail(L1, 'flush');
    legs.flushBegins();
    expect(legs.unsettled).toBe(maskOf(L1));
  });
});
