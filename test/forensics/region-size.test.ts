/** Region sizes that fit a count and a length, against trying every power of two. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { regionSizesFor } from '../../src/forensics/region-size.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';

test('a length that is known exactly leaves the region size that was chosen and no other', () => {
  const anyMirror = fc
    .tuple(fc.integer({ min: 1, max: 22 }), fc.integer({ min: 1, max: 5_000 }), fc.nat(2 ** 12))
    .map(([exponent, regions, rest]) => {
      const region = 512 * 2 ** exponent;
      const size = region * regions + 512 * (rest % 2 ** exponent);
      return RegionGeometry.of(byteCount(size), byteCount(region));
    });
  fc.assert(
    fc.property(anyMirror, ({ sizeBytes, regionBytes, regionCount: count }) => {
      assert.deepEqual(regionSizesFor(count, sizeBytes, false), [regionBytes]);
      assert(regionSizesFor(count, sizeBytes, true).includes(regionBytes));
    }),
  );
});

test('a bound of the length leaves every size that is not too large', () => {
  expect(regionSizesFor(regionCount(3), byteCount(8192), true)).toEqual([1024, 2048]);
  expect(regionSizesFor(regionCount(1), byteCount(4096), true)).toEqual([1024, 2048, 4096]);
});

test('no size fits where the count is wrong', () => {
  expect(regionSizesFor(regionCount(3), byteCount(8192), false)).toEqual([]);
  expect(regionSizesFor(regionCount(9), byteCount(8192), true)).toEqual([]);
});
