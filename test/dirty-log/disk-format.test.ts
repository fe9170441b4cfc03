/**
 * The disk format is a promise to the kernel and to logs written years ago: known bytes, and the
 * sizes that Linux 6.12 asked of a log device.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cleanBitsIn,
  decodeLogHeader,
  encodeLogHeader,
  LOG_MAGIC,
  LOG_VERSION,
  LVM_NEW_REGION_COUNT,
  logImageBytes,
  plausibleRegionCount,
} from '../../src/dirty-log/disk-format.ts';
import { byteCount, regionCount, regionIndex } from '../../src/geometry/units.ts';

describe('known bytes', () => {
  test('ten regions, all clean but region 3', () => {
    const image = new Uint8Array(1536);
    encodeLogHeader({ magic: LOG_MAGIC, version: LOG_VERSION, regionCount: 10n }, image);
    const bits = cleanBitsIn(image, regionCount(10));
    bits.fill(0, 10, true);
    bits.clear(regionIndex(3));
    expect([...image.subarray(0, 16)]).toEqual(
      [0x72, 0x52, 0x69, 0x4d, 2, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0], // "rRiM": little-endian
    );
    expect([...image.subarray(1024, 1032)]).toEqual([0xf7, 0x03, 0, 0, 0, 0, 0, 0]);
    expect(image.subarray(16, 1024).every((byte) => byte === 0)).toBe(true);
  });

  test('the count that LVM writes is all ones', () => {
    const image = new Uint8Array(16);
    encodeLogHeader({ magic: LOG_MAGIC, version: 2, regionCount: LVM_NEW_REGION_COUNT }, image);
    expect([...image.subarray(8)]).toEqual(Array(8).fill(0xff));
  });

  test.each([
    { regions: 1, block: 512, size: 1536 },
    { regions: 8, block: 512, size: 1536 },
    { regions: 8, block: 4096, size: 4096 },
    { regions: 4096, block: 512, size: 1536 },
    { regions: 4097, block: 512, size: 2048 },
    { regions: 32768, block: 512, size: 5120 },
    { regions: 32768, block: 4096, size: 8192 },
    { regions: 2 ** 20, block: 512, size: 132096 },
    { regions: 2 ** 20, block: 4096, size: 135168 },
    { regions: 2 ** 32 - 1, block: 512, size: 1024 + 2 ** 29 },
  ])('$regions regions on $block-byte blocks take $size bytes', ({ regions, block, size }) => {
    expect(logImageBytes(regionCount(regions), byteCount(block))).toBe(size);
  });
});

describe('properties', () => {
  test('a header decodes to what was encoded, and touches 16 bytes only', () => {
    const u32 = fc.nat(0xffffffff);
    fc.assert(
      fc.property(u32, u32, fc.bigInt(0n, LVM_NEW_REGION_COUNT), (magic, version, regionCount) => {
        const image = new Uint8Array(40).fill(0xa5);
        const inside = image.subarray(8, 30);
        encodeLogHeader({ magic, version, regionCount }, inside);
        assert.deepEqual(decodeLogHeader(inside), { magic, version, regionCount });
        assert(image.subarray(0, 8).every((byte) => byte === 0xa5));
        assert(image.subarray(24).every((byte) => byte === 0xa5));
      }),
    );
  });

  test('a count is plausible up to 2^32-1, and never cut to 32 bits', () => {
    expect(plausibleRegionCount(2n ** 32n - 1n)).toBe(2 ** 32 - 1);
    expect(plausibleRegionCount(2n ** 32n)).toBe(null);
    expect(plausibleRegionCount(2n ** 32n + 3n)).toBe(null);
    expect(plausibleRegionCount(LVM_NEW_REGION_COUNT)).toBe(null);
  });
});
