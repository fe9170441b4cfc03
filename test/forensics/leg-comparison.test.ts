/** What comparing legs says about bits, against looking at every byte of small legs. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import type { VerdictRun } from '../../src/forensics/leg-comparison.ts';
import { bytesOfRun, LegComparison } from '../../src/forensics/leg-comparison.ts';
import { differenceIn, joined } from '../../src/forensics/leg-difference.ts';
import { legFindings } from '../../src/forensics/leg-findings.ts';
import { sampledRegions } from '../../src/forensics/region-sample.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionCount, regionIndex } from '../../src/geometry/units.ts';

const SECTOR = 512;

describe('a difference', () => {
  const zeroes = () => new Uint8Array(4 * SECTOR);
  const filled = (value: number) => new Uint8Array(4 * SECTOR).fill(value);

  test('is told by its first byte, the legs, and how many sectors', () => {
    const other = filled(1);
    other.set([2, 2], SECTOR + 7);
    other[3 * SECTOR] = 2;
    expect(differenceIn([filled(1), filled(1), other], 10_240)).toEqual({
      ...{ firstByte: 10_240 + SECTOR + 7, legs: [2], sectors: 2, oneSided: false },
    });
    expect(differenceIn([filled(1), filled(1)], 0)).toBe(null);
  });

  test('is one-sided when each sector that differs is zero on some leg', () => {
    expect(differenceIn([filled(1), zeroes()], 0)).toMatchObject({ oneSided: true, sectors: 4 });
    const half = filled(1);
    half.fill(0, 0, SECTOR);
    expect(differenceIn([filled(1), half], 0)).toMatchObject({ oneSided: true, sectors: 1 });
    const torn = filled(1);
    torn.fill(0, 0, SECTOR - 1);
    expect(differenceIn([filled(1), torn], 0)).toMatchObject({ oneSided: false });
  });

  test('joins with the next one', () => {
    const one = { firstByte: 5, legs: [2], sectors: 1, oneSided: true };
    const other = { firstByte: 900, legs: [1, 2], sectors: 3, oneSided: false };
    expect(joined(one, other)).toEqual({ firstByte: 5, legs: [1, 2], sectors: 4, oneSided: false });
    expect(joined(null, other)).toBe(other);
  });
});

const REGION = 2 * SECTOR;
const REGIONS = 6;
const SIZE = REGIONS * REGION - SECTOR;
const geometry = RegionGeometry.of(byteCount(SIZE), byteCount(REGION));

function bitsOf(clean: readonly boolean[]): RegionBitset {
  const bits = new RegionBitset(regionCount(clean.length));
  clean.forEach((value, region) => {
    if (value) bits.set(regionIndex(region));
  });
  return bits;
}

/** Bytes of a sector: few values, so that equal, different and zero all happen. */
const anyLeg = fc
  .array(fc.constantFrom(0, 0, 1, 2), { minLength: SIZE / SECTOR, maxLength: SIZE / SECTOR })
  .map((sectors) => Uint8Array.from(sectors.flatMap((value) => Array(SECTOR).fill(value))));

function noteAll(comparison: LegComparison, legs: readonly Uint8Array[], cuts: readonly number[]) {
  const ends = [...cuts.map((sector) => sector * SECTOR), SIZE].sort((a, b) => a - b);
  let offset = 0;
  for (const end of ends) {
    const pieces = legs.map((leg) => leg.subarray(offset, end));
    const isEqual = pieces.every((piece) => Buffer.compare(piece, pieces[0] ?? piece) === 0);
    const contents = isEqual ? null : pieces;
    comparison.note({ offset, length: end - offset, contents, failure: null });
    offset = end;
  }
}

function expected(legs: readonly Uint8Array[], clean: readonly boolean[], region: number) {
  const sectors = [0, 1]
    .map((sector) => region * REGION + sector * SECTOR)
    .filter((start) => start < SIZE)
    .map((start) => legs.map((leg) => leg[start] ?? 0));
  const differing = sectors.filter((values) => new Set(values).size > 1);
  if (differing.length === 0) return clean[region] ? null : 'dirty-equal';
  if (!clean[region]) return 'dirty-different';
  const oneSided = differing.every((values) => values.includes(0));
  return oneSided ? 'clean-one-sided' : 'clean-different';
}

const verdictOf = (runs: readonly VerdictRun[], region: number) =>
  runs.find(({ first, count }) => region >= first && region < first + count)?.verdict ?? null;

const equal = (offset: number, length: number) => ({
  ...{ offset, length, contents: null, failure: null },
});

describe('a comparison', () => {
  test('gives every region the verdict that its bytes and its bit deserve', () => {
    const anyCase = fc.record({
      legs: fc.array(anyLeg, { minLength: 2, maxLength: 3 }),
      clean: fc.array(fc.boolean(), { minLength: REGIONS, maxLength: REGIONS }),
      cuts: fc.uniqueArray(fc.integer({ min: 1, max: SIZE / SECTOR - 1 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(anyCase, ({ legs, clean, cuts }) => {
        const comparison = new LegComparison(geometry, bitsOf(clean));
        noteAll(comparison, legs, cuts);
        assert.equal(comparison.comparedRegions, REGIONS);
        for (let region = 0; region < REGIONS; region += 1) {
          assert.equal(verdictOf(comparison.runs, region), expected(legs, clean, region));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('its runs', () => {
  test('makes one run of neighbours with the same verdict', () => {
    const comparison = new LegComparison(geometry, bitsOf(Array(REGIONS).fill(false)));
    comparison.note(equal(0, SIZE));
    expect(comparison.runs).toMatchObject([{ verdict: 'dirty-equal', first: 0, count: REGIONS }]);
    expect(bytesOfRun({ first: 4, count: 2 }, geometry)).toEqual([4 * REGION, SIZE]);
  });

  test('believes no bit of a log that is foreign, nor one past its end', () => {
    const foreign = new LegComparison(geometry, null);
    foreign.note(equal(0, SIZE));
    expect(foreign.runs).toMatchObject([{ verdict: 'dirty-equal', count: REGIONS }]);
    const grown = new LegComparison(geometry, bitsOf([true, true]));
    grown.note(equal(0, SIZE));
    expect(grown.runs).toMatchObject([{ verdict: 'dirty-equal', first: 2, count: 4 }]);
  });

  test('calls a region unreadable that could not be read in any part', () => {
    const comparison = new LegComparison(geometry, bitsOf(Array(REGIONS).fill(true)));
    comparison.note(equal(0, REGION));
    comparison.note({ ...equal(REGION, SECTOR), failure: 'leg 1: EIO' });
    comparison.note(equal(REGION + SECTOR, SIZE - REGION - SECTOR));
    expect(comparison.runs).toEqual([
      { verdict: 'unreadable', first: 1, count: 1, difference: null, failure: 'leg 1: EIO' },
    ]);
  });

  test('goes on from the runs of an interrupted one', () => {
    const dirty = bitsOf(Array(REGIONS).fill(false));
    const before = new LegComparison(geometry, dirty);
    before.note(equal(0, 2 * REGION));
    const after = new LegComparison(geometry, dirty, before.runs);
    after.note(equal(2 * REGION, SIZE - 2 * REGION));
    expect(after.runs).toMatchObject([{ verdict: 'dirty-equal', first: 0, count: REGIONS }]);
  });
});

test('findings name regions, bytes, and how the legs differ', () => {
  const difference = { firstByte: 2048, legs: [1], sectors: 3, oneSided: false };
  const run = { first: 2, count: 2, difference, failure: null };
  const [critical, discard, equal, unreadable] = legFindings(
    [
      { ...run, verdict: 'clean-different' },
      { ...run, verdict: 'clean-one-sided', difference: { ...difference, sectors: 1 } },
      { ...run, verdict: 'dirty-equal', difference: null },
      { ...run, verdict: 'unreadable', difference: null, failure: 'leg 0: EIO' },
    ],
    geometry,
  );
  expect(critical).toMatchObject({
    ...{ id: 'LOG_CLEAN_BUT_DIFFERENT', severity: 'critical', confidence: 'certain' },
    ...{ region: 2, regionCount: 2, bytes: [2048, 4096] },
    message: expect.stringContaining('leg 1 differs from leg 0 in 3 sectors, first at byte 2048'),
  });
  expect(discard).toMatchObject({
    ...{ id: 'LOG_CLEAN_BUT_ONE_SIDED', severity: 'critical', confidence: 'possible' },
    message: expect.stringContaining('possible discard'),
  });
  expect(equal).toMatchObject({ id: 'LOG_DIRTY_BUT_EQUAL', severity: 'info' });
  expect(unreadable).toMatchObject({ severity: 'critical', message: expect.stringMatching('EIO') });
});

test('a sample has the share asked for, in order, without repetition, from all over the mirror', () => {
  const anySample = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 100 }));
  fc.assert(
    fc.property(anySample, ([count, percent]) => {
      const regions = [...sampledRegions(regionCount(count), percent / 100)];
      const over = regions.length - (count * percent) / 100;
      // The share is rounded up, and no double is exactly seven hundredths.
      assert(over >= 0 && over < 1 + 1e-9);
      regions.forEach((region, index) => {
        assert(region < count);
        assert(index === 0 || region > (regions[index - 1] ?? 0));
        assert(Math.abs(region / count - index / regions.length) <= 1 / regions.length);
      });
    }),
  );
});
