/**
 * Every log that a real kernel wrote: read to what its manifest says, written again byte for byte,
 * and resumed as the same kernel resumed it, or refused where we are stricter on purpose.
 */
import { describe, expect, test } from 'vitest';
import {
  cleanBitsIn,
  decodeLogHeader,
  encodeLogHeader,
  LOG_MAGIC,
  logImageBytes,
} from '../../src/dirty-log/disk-format.ts';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { LogArea } from '../../src/dirty-log/log-resume.ts';
import { bitsetBytes } from '../../src/dirty-log/region-bitset.ts';
import { regionIndex } from '../../src/geometry/units.ts';
import type { KernelLog } from './kernel-fixtures.ts';
import { KERNEL_LOGS } from './kernel-fixtures.ts';
import { writtenBy } from './log-device-model.ts';

/** The kernel goes on with any version, and keeps it, so it copies everything at every start. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['version-0-crash', 'LOG_VERSION_UNSUPPORTED'],
  ['version-3-crash', 'LOG_VERSION_UNSUPPORTED'],
  ['version-3-synced-removed', 'LOG_VERSION_UNSUPPORTED'],
]);

/** Bits past the last word of a mirror that was larger once: slack, which nobody reads or clears. */
const STALE_BITS: ReadonlyMap<string, readonly number[]> = new Map([
  ['shrunk-128-to-40', Array(8).fill(0xff)],
  ['more-regions-than-device-crash', [0xff, 0xff, 0xbf, ...Array(6).fill(0xff)]],
]);

const areaOf = ({ bytes, blockBytes, geometry }: KernelLog): LogArea => ({
  path: 'm0.log',
  bytes,
  blockBytes,
  geometry,
  syncIntent: null,
  logIntent: null,
  remembered: null,
});

function cleanRegionsIn(image: Uint8Array, { geometry }: KernelLog): number[] {
  const bits = cleanBitsIn(image.slice(), geometry.regionCount);
  return Array.from({ length: geometry.regionCount }, (_, index) => index).filter((index) =>
    bits.has(regionIndex(index)),
  );
}

test('all 95 logs are here', () => {
  expect(KERNEL_LOGS).toHaveLength(95);
  expect([...REFUSED.keys(), ...STALE_BITS.keys()]).toSatisfy((names: string[]) =>
    names.every((name) => KERNEL_LOGS.some((log) => log.name === name)),
  );
});

describe.each(KERNEL_LOGS)('$name', (log) => {
  const { geometry, bytes, header } = log;

  test('reads as its manifest says', () => {
    expect(decodeLogHeader(bytes)).toEqual({
      magic: LOG_MAGIC,
      version: header.version,
      regionCount: BigInt(header.regionCount),
    });
    expect(header.regionCount).toBe(geometry.regionCount);
    expect(cleanRegionsIn(bytes, log)).toEqual(log.clean);
  });

  test('is written again byte for byte', () => {
    const image = new Uint8Array(bytes.length).fill(log.filledWith);
    encodeLogHeader({ ...decodeLogHeader(bytes) }, image);
    const bits = cleanBitsIn(image, geometry.regionCount);
    bits.fill(0, geometry.regionCount, false);
    for (const region of log.clean) bits.set(regionIndex(region));
    const bitsEnd = 1024 + bitsetBytes(geometry.regionCount);
    image.set(STALE_BITS.get(log.name) ?? [], bitsEnd);
    expect(image).toEqual(bytes);
  });

  test('is resumed as the kernel resumed it, or refused', () => {
    const before = bytes.slice();
    const resumed = DiskLog.resume(areaOf(log));
    expect(bytes).toEqual(before);
    if (!resumed.ok) {
      expect(resumed.error.code).toBe(REFUSED.get(log.name));
      return;
    }
    expect(REFUSED.has(log.name)).toBe(false);
    const disk = resumed.value.log;
    expect(`${disk.cleanCount()}/${disk.regionCount}`).toBe(log.reload.inSync);

    const size = logImageBytes(geometry.regionCount, log.blockBytes);
    const after = writtenBy(disk, size);
    expect(after).toHaveLength(size);
    expect(Buffer.from(after.subarray(0, 16)).toString('hex')).toBe(log.reload.headerHex);
    expect(cleanRegionsIn(after, log)).toEqual(log.reload.clean);
    expect(after.subarray(16, 1024)).toEqual(bytes.subarray(16, 1024));
    const bitsEnd = 1024 + bitsetBytes(geometry.regionCount);
    expect(after.subarray(bitsEnd)).toEqual(bytes.subarray(bitsEnd, size));
  });
});
