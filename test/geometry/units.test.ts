/** The constructors let nothing in that is not what its type says. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import {
  byteCount,
  bytesToSectors,
  legIndex,
  regionCount,
  regionIndex,
  sectorCount,
  sectorsToBytes,
} from '../../src/geometry/units.ts';

describe('a measure', () => {
  test.each([
    ['negative', () => byteCount(-1)],
    ['broken', () => byteCount(0.5)],
    ['no number', () => byteCount(Number.NaN)],
    ['too large to be exact', () => byteCount(2 ** 53)],
    ['a region past the last possible one', () => regionIndex(2 ** 32 - 1)],
    ['more regions than dm can have', () => regionCount(2 ** 32)],
    ['a tenth leg', () => legIndex(9)],
    ['a broken sector', () => bytesToSectors(byteCount(513))],
    ['sectors of more bytes than are exact', () => sectorsToBytes(sectorCount(2 ** 45))],
  ])('that is %s breaks an invariant', (_, make) => {
    expect(make).toThrow(InvariantBroken);
  });

  test('at its limit is taken', () => {
    expect(regionIndex(2 ** 32 - 2)).toBe(4294967294);
    expect(regionCount(2 ** 32 - 1)).toBe(4294967295);
    expect(legIndex(8)).toBe(8);
    expect(byteCount(Number.MAX_SAFE_INTEGER)).toBe(2 ** 53 - 1);
  });

  test('in sectors and in bytes is the same length', () => {
    expect(sectorsToBytes(sectorCount(3))).toBe(1536);
    expect(bytesToSectors(byteCount(1536))).toBe(3);
  });
});
