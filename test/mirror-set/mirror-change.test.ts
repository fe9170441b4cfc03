import { describe, expect, test } from 'vitest';
import type { LegIndex } from '../../src/geometry/units.ts';
import { byteCount, legIndex } from '../../src/geometry/units.ts';
import type { MirrorChange } from '../../src/mirror-set/mirror-change.ts';
import {
  changeSpec,
  legsBefore,
  replacedLeg,
  withoutJoining,
} from '../../src/mirror-set/mirror-change.ts';
import type { LegSpec, MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

const leg = (name: string) => ({ path: `/${name}.img`, offsetBytes: byteCount(0) });
const mirrorOf = (names: string): MirrorSpec => ({ ...HOME, legs: [...names].map(leg) });
const allOf = (spec: MirrorSpec): LegIndex[] => spec.legs.map((_, index) => legIndex(index));

/** Leg 0 is the primary and every leg holds everything, unless said otherwise. */
function change(
  before: MirrorSpec,
  wanted: MirrorChange,
  known: { primary?: number; complete?: LegIndex[]; serving?: LegIndex[] } = {},
): MirrorSpec {
  const { primary = 0, complete = allOf(before), serving = allOf(before) } = known;
  return changeSpec(before, wanted, { primary: legIndex(primary), serving, complete });
}

/** `a +c` for a leg that joins, `-b` for one that leaves. */
function legsOf({ legs }: MirrorSpec): string {
  const marks = { joining: '+', leaving: '-' };
  const nameOf = ({ path, stage }: LegSpec) => `${stage ? marks[stage] : ''}${path.slice(1, -4)}`;
  return legs.map(nameOf).join(' ');
}

const code = (name: string) => expect.objectContaining({ code: name });
const add = (name: string): MirrorChange => ({ change: 'addLeg', leg: leg(name) });
const remove = (name: string): MirrorChange => ({ change: 'removeLeg', leg: leg(name) });
const replace = (old: string, by: string): MirrorChange => {
  return { change: 'replaceLeg', leg: leg(old), by: leg(by) };
};
/** Every leg but this one can serve. */
const without = (spec: MirrorSpec, gone: number) => {
  const serving = allOf(spec).filter((index) => index !== gone);
  return { serving, complete: serving };
};

describe('legs come', () => {
  test('behind the others, holding nothing', () => {
    expect(legsOf(change(mirrorOf('ab'), add('c')))).toBe('a b +c');
  });

  test('up to nine of them', () => {
    const nine = change(mirrorOf('abcdefgh'), add('i'));
    expect(nine.legs).toHaveLength(9);
    expect(() => change(nine, add('j'))).toThrow(code('USAGE'));
    expect(() => change(nine, replace('a', 'j'))).toThrow(code('USAGE'));
    expect(legsOf(change(nine, replace('b', 'j'), without(nine, 1)))).toContain('a +j c');
  });

  test('but not twice', () => {
    expect(() => change(mirrorOf('ab'), add('b'))).toThrow(code('LEG_GIVEN_TWICE'));
    expect(() => change(mirrorOf('ab'), replace('a', 'b'))).toThrow(code('LEG_GIVEN_TWICE'));
    const elsewhere = { path: '/b.img', offsetBytes: byteCount(4096) };
    const { legs } = change(mirrorOf('ab'), { change: 'addLeg', leg: elsewhere });
    expect(legs).toHaveLength(3);
  });

  test('and are at rest once it is on record what they miss', () => {
    expect(legsOf(withoutJoining(change(mirrorOf('ab'), add('c'))))).toBe('a b c');
    const leaving = change(mirrorOf('ab'), replace('a', 'c'));
    expect(legsOf(withoutJoining(leaving))).toBe('-a c b');
  });
});

describe('legs go', () => {
  test('and the others keep their order', () => {
    expect(legsOf(change(mirrorOf('abc'), remove('b')))).toBe('a c');
  });

  test('unless only one would be left, or there is no such leg', () => {
    expect(() => change(mirrorOf('ab'), remove('b'))).toThrow(code('LEG_NEEDED'));
    expect(() => change(mirrorOf('abc'), remove('d'))).toThrow(code('LEG_NOT_FOUND'));
  });

  test.each([
    { primary: 0, complete: [0, 1, 2], gone: 'a', heir: 0 },
    { primary: 0, complete: [0, 2], gone: 'a', heir: 1 },
    { primary: 2, complete: [0, 2], gone: 'a', heir: 1 },
    { primary: 2, complete: [2], gone: 'b', heir: 1 },
    { primary: 0, complete: [1], gone: 'c', heir: 0 },
  ])('complete $complete, primary $primary, without $gone: primary $heir', (given) => {
    const complete = given.complete.map(legIndex);
    const after = change(mirrorOf('abc'), remove(given.gone), { ...given, complete });
    expect(after.source).toBe(given.heir);
  });

  test('unless it holds the only copy', () => {
    const onlyA = { complete: [legIndex(0)] };
    expect(() => change(mirrorOf('abc'), remove('a'), onlyA)).toThrow(code('LEG_NEEDED'));
    const nobody = { serving: [legIndex(1)], complete: [] };
    expect(() => change(mirrorOf('ab'), replace('a', 'c'), nobody)).toThrow(code('LEG_NEEDED'));
    expect(legsOf(change(mirrorOf('abc'), remove('b'), onlyA))).toBe('a c');
  });
});

describe('a leg is replaced', () => {
  const begun = change(mirrorOf('abc'), replace('b', 'n'));

  test('by one right after it, which takes its place when it holds everything', () => {
    expect(legsOf(begun)).toBe('a -b +n c');
    const settled = withoutJoining(begun);
    expect(replacedLeg(settled, [0, 1, 3].map(legIndex))).toBeNull();
    const leaving = replacedLeg(settled, [0, 1, 2].map(legIndex));
    expect(leaving?.path).toBe('/b.img');
    expect(legsOf(change(settled, remove('b')))).toBe('a n c');
  });

  test('at once if it cannot serve', () => {
    const before = mirrorOf('abc');
    expect(legsOf(change(before, replace('b', 'n'), without(before, 1)))).toBe('a +n c');
  });

  test('not twice at a time; removing the new one calls it off', () => {
    expect(() => change(begun, replace('b', 'o'))).toThrow(code('MIRROR_BUSY'));
    expect(legsOf(change(begun, remove('n')))).toBe('a b c');
    expect(legsOf(change(begun, remove('c')))).toBe('a -b +n');
  });

  test('while nobody but itself holds everything', () => {
    const onlyB = { primary: 1, complete: [legIndex(1)] };
    const after = change(mirrorOf('ab'), replace('b', 'n'), onlyB);
    expect([legsOf(after), after.source]).toEqual(['a -b +n', 1]);
  });
});

test('legs are found again wherever they are', () => {
  const before = mirrorOf('abc');
  const after = change(change(before, replace('b', 'n')), remove('a'));
  expect([legsOf(after), legsBefore(before, after)]).toEqual(['-b +n c', [1, null, 2]]);
});

test('reads go on preferring the same leg, as long as it is there', () => {
  const before: MirrorSpec = { ...mirrorOf('abc'), readPolicy: 'leg:2' };
  expect(change(before, remove('a')).readPolicy).toBe('leg:1');
  expect(change(before, remove('c')).readPolicy).toBe('queue');
  expect(change(before, { change: 'setReads', readPolicy: 'leg:0' }).readPolicy).toBe('leg:0');
});

test('only a leg that holds everything becomes the primary', () => {
  const wanted: MirrorChange = { change: 'setPrimary', leg: leg('b') };
  expect(change(mirrorOf('abc'), wanted).source).toBe(1);
  const complete = [0, 2].map(legIndex);
  expect(() => change(mirrorOf('abc'), wanted, { complete })).toThrow(code('LEG_NEEDED'));
});

test('a new size has regions of the same size, as a kernel would have them', () => {
  const resize = (sizeBytes: number) =>
    change(mirrorOf('ab'), { change: 'resize', sizeBytes: byteCount(sizeBytes) }).sizeBytes;
  expect(resize(2 ** 30)).toBe(2 ** 30);
  expect(() => resize(1000)).toThrow(code('GEOMETRY_INVALID'));
  expect(() => resize(HOME.regionSizeBytes / 2)).toThrow(code('GEOMETRY_INVALID'));
  expect(() => resize(HOME.regionSizeBytes * 2 ** 32)).toThrow(code('GEOMETRY_INVALID'));
});
