/** How a mirror is cut into regions, at the kernel's limits and at the ends of the mirror. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import {
  defaultRegionBytes,
  isPowerOfTwo,
  RegionGeometry,
} from '../../src/geometry/region-geometry.ts';
import { byteCount, byteOffset, regionIndex } from '../../src/geometry/units.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

const geometry = (size: number, region: number) =>
  RegionGeometry.of(byteCount(size), byteCount(region));

/** Up to 4 TiB, less the region that would be one too many, in regions of 1 KiB to 64 MiB. */
const anyGeometry = fc
  .record({
    regionLog: fc.integer({ min: 10, max: 26 }),
    sectors: fc.integer({ min: 2, max: 2 ** 33 - 2 }),
  })
  .filter(({ regionLog, sectors }) => 2 ** regionLog <= sectors * 512)
  .map(({ regionLog, sectors }) => geometry(sectors * 512, 2 ** regionLog));

describe('the kernel limits', () => {
  test.each([
    ['two sectors are the smallest region', 4096, 1024],
    ['a region may be as long as the mirror', 8192 * 512, 8192 * 512],
    ['a region may have 2^31 sectors', 2 ** 32 * 512, 2 ** 31 * 512],
    ['2^32 - 1 regions are the most', (2 ** 32 - 1) * 1024, 1024],
  ])('%s', (_, size, region) => {
    expect(geometry(size, region).regionCount).toBe(Math.ceil(size / region));
  });

  test.each([
    ['an empty mirror', 0, 1024, 'positive number of 512-byte sectors'],
    ['half a sector', 4096 + 256, 1024, 'positive number of 512-byte sectors'],
    ['a region of one sector', 4096, 512, 'not a power of two of at least 1024'],
    ['a region of 1000 sectors', 8192 * 512, 1000 * 512, 'not a power of two'],
    ['a region larger than the mirror', 8192 * 512, 16384 * 512, 'larger than the mirror'],
    ['a region of 2^32 sectors', 2 ** 33 * 512, 2 ** 32 * 512, 'larger than the mirror'],
    ['2^32 regions', 2 ** 32 * 1024, 1024, 'more than 4294967295 regions'],
  ])('%s is refused, with the rule that it breaks', (_, size, region, words) => {
    expect(() => geometry(size, region)).toThrow(
      expect.objectContaining({
        code: 'GEOMETRY_INVALID',
        message: expect.stringContaining(words),
      }),
    );
  });
});

describe('the default region size', () => {
  test.each([
    [512 * KiB, 512 * KiB],
    [512 * GiB, 512 * KiB],
    [512 * GiB + 512, MiB],
    [TiB, MiB],
    [16 * TiB, 16 * MiB],
    [511 * KiB, 256 * KiB],
    [1024, 1024],
  ])('of %d bytes is %d', (size, region) => {
    expect(defaultRegionBytes(byteCount(size))).toBe(region);
  });

  test('makes a mirror for every length from two sectors to 8 PiB, of at most 2^20 regions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 2 ** 44 - 1 }), (sectors) => {
        const size = byteCount(sectors * 512);
        assert(RegionGeometry.of(size, defaultRegionBytes(size)).regionCount <= 2 ** 20);
      }),
    );
  });
});

describe('regions and bytes', () => {
  test('the regions follow each other without a gap and end with the mirror', () => {
    fc.assert(
      fc.property(anyGeometry, fc.nat(), (cut, anywhere) => {
        const region = regionIndex(anywhere % cut.regionCount);
        const end = cut.startOf(region) + cut.lengthOf(region);
        const isLast = region === cut.regionCount - 1;
        assert.equal(end, isLast ? cut.sizeBytes : cut.startOf(regionIndex(region + 1)));
        assert(cut.lengthOf(region) > 0);
        assert.equal(cut.regionOf(cut.startOf(region)), region);
        assert.equal(cut.regionOf(byteOffset(end - 1)), region);
      }),
    );
  });

  test('a range touches the regions of its first and its last byte', () => {
    const cut = geometry(8192, 1024);
    expect(cut.lastRegionOf(byteOffset(1023), byteCount(1))).toBe(0);
    expect(cut.lastRegionOf(byteOffset(1023), byteCount(2))).toBe(1);
    expect(cut.lastRegionOf(byteOffset(0), byteCount(8192))).toBe(7);
  });

  test('past the end is a programmer error, and so is an empty range', () => {
    const cut = geometry(8192, 1024);
    expect(() => cut.regionOf(byteOffset(8192))).toThrow(InvariantBroken);
    expect(() => cut.lastRegionOf(byteOffset(8191), byteCount(2))).toThrow(InvariantBroken);
    expect(() => cut.lastRegionOf(byteOffset(0), byteCount(0))).toThrow(InvariantBroken);
  });

  test('only whole numbers below the count are regions', () => {
    const cut = geometry(8192, 1024);
    const asked = [-1, 0, 7, 8, 0.5, Number.NaN];
    expect(asked.filter((region) => cut.contains(region))).toEqual([0, 7]);
  });
});

test('powers of two are told from their neighbours, past 2^31 too', () => {
  for (let log = 2; log < 53; log += 1) {
    assert(isPowerOfTwo(2 ** log));
    assert(!isPowerOfTwo(2 ** log - 1));
    assert(!isPowerOfTwo(2 ** log + 1));
  }
  expect([0, -2, 0.5].map(isPowerOfTwo)).toEqual([false, false, false]);
});
