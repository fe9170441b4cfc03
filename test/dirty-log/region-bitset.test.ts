/**
 * The bitset against a plain array of booleans, and at the edges where word-wise code goes wrong:
 * around multiples of 8, 32 and 64, at the padding, and past 2^31.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bitsetBytes, RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import { REGION_COUNT_MAX, regionCount, regionIndex } from '../../src/geometry/units.ts';

/** Sizes around word borders, and bits in runs as real logs have them. */
const anyBits = fc
  .array(fc.record({ length: fc.integer({ min: 1, max: 90 }), value: fc.boolean() }), {
    maxLength: 12,
    size: 'max',
  })
  .map((runs) => runs.flatMap(({ length, value }) => Array<boolean>(length).fill(value)));

function bitsetOf(model: readonly boolean[]): RegionBitset {
  const bits = new RegionBitset(regionCount(model.length));
  model.forEach((value, index) => {
    if (value) bits.set(regionIndex(index));
  });
  return bits;
}

describe('against an array of booleans', () => {
  test('every bit reads as it was last written', () => {
    fc.assert(
      fc.property(anyBits, anyBits, (before, after) => {
        const bits = bitsetOf(before);
        before.forEach((_, index) => {
          if (after[index]) bits.set(regionIndex(index));
          else bits.clear(regionIndex(index));
        });
        before.forEach((_, index) => {
          assert.equal(bits.has(regionIndex(index)), after[index] ?? false);
        });
      }),
    );
  });

  test('the count is the number of set bits', () => {
    fc.assert(
      fc.property(anyBits, (model) => {
        assert.equal(bitsetOf(model).count(), model.filter(Boolean).length);
      }),
    );
  });

  test('searching finds the first set or clear bit from any region on', () => {
    fc.assert(
      fc.property(anyBits, (model) => {
        const bits = bitsetOf(model);
        for (let from = 0; from <= model.length; from += 1) {
          const firstOf = (value: boolean) => {
            const found = model.indexOf(value, from);
            return found < 0 ? null : found;
          };
          assert.equal(bits.nextSet(from), firstOf(true));
          assert.equal(bits.nextClear(from), firstOf(false));
        }
      }),
    );
  });
});

describe('whole stretches', () => {
  test('the runs cover every region once and take turns', () => {
    fc.assert(
      fc.property(anyBits, (model) => {
        const runs = [...bitsetOf(model).runs()];
        const flat = runs.flatMap(({ count, set }) => Array<boolean>(count).fill(set));
        assert.deepEqual(flat, model);
        runs.forEach((run, index) => {
          assert.notEqual(run.set, runs[index + 1]?.set);
        });
      }),
    );
  });

  test('filling changes the regions from the first to before the end and no other', () => {
    const anyEnds = fc.tuple(fc.nat(1_100), fc.nat(1_100));
    fc.assert(
      fc.property(anyBits, anyEnds, fc.boolean(), (model, ends, value) => {
        const [first = 0, end = 0] = ends
          .map((at) => Math.min(at, model.length))
          .sort((a, b) => a - b);
        const bits = bitsetOf(model);
        bits.fill(first, end, value);
        const wanted = model.map((was, at) => (at >= first && at < end ? value : was));
        assert.deepEqual(bits.bytes, bitsetOf(wanted).bytes);
      }),
    );
  });
});

describe('padding', () => {
  test('bits past the last region are neither kept, counted nor found', () => {
    for (const count of [1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 100, 127, 128]) {
      const bytes = new Uint8Array(bitsetBytes(regionCount(count))).fill(0xff);
      const bits = new RegionBitset(regionCount(count), bytes);
      expect(bits.count()).toBe(count);
      expect(bits.nextClear(0)).toBe(null);
      expect(new RegionBitset(regionCount(count)).nextSet(0)).toBe(null);
      const stored = [...bytes].map((byte) => byte.toString(2)).join('');
      expect(stored.replaceAll('0', '')).toHaveLength(count);
    }
  });

  test('a region past the last one cannot be set, even inside the padding', () => {
    const bits = new RegionBitset(regionCount(10));
    expect(() => bits.set(regionIndex(10))).toThrow('past the last');
    expect(() => bits.clear(regionIndex(64))).toThrow('past the last');
    expect(() => bits.fill(0, 11, true)).toThrow('past the last');
    expect(() => bits.has(regionIndex(10))).toThrow('past the last');
  });

  test('there are no regions in an empty bitset', () => {
    const bits = new RegionBitset(regionCount(0));
    expect(bits.count()).toBe(0);
    expect(bits.nextClear(0)).toBe(null);
    expect([...bits.runs()]).toEqual([]);
  });
});

test('regions past 2^31 are as good as any other', () => {
  const bits = new RegionBitset(regionCount(REGION_COUNT_MAX));
  const high = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 9, REGION_COUNT_MAX - 1].map(regionIndex);
  for (const region of high) bits.set(region);
  for (const region of high) expect(bits.has(region)).toBe(true);
  expect(bits.has(regionIndex(9))).toBe(false);
  expect(bits.bytes[2 ** 28]).toBe(1);
  expect(bits.nextSet(2 ** 31 + 1)).toBe(2 ** 31 + 9);
  expect(bits.nextSet(REGION_COUNT_MAX - 70)).toBe(REGION_COUNT_MAX - 1);
  expect(bits.nextClear(REGION_COUNT_MAX - 1)).toBe(null);
  bits.clear(regionIndex(2 ** 31));
  expect(bits.nextSet(2 ** 31)).toBe(2 ** 31 + 9);
});
