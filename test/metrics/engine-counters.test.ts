import { expect, test } from 'vitest';
import { LEG_COUNT_MAX, legIndex, regionCount } from '../../src/geometry/units.ts';
import {
  beginLegIo,
  endLegIo,
  LEG_COUNTERS,
  legReading,
  viewBytes,
  viewOf,
} from '../../src/metrics/engine-counters.ts';
import { latencyBucket } from '../../src/metrics/latency-histogram.ts';

test.each([1, 2, 3, 4, 5, 1001])(
  'no part of the memory lies over another (%i regions)',
  (regions) => {
    const bytes = viewBytes(regionCount(regions));
    const parts = Object.values(viewOf(new SharedArrayBuffer(bytes), regionCount(regions)));
    const ends = parts
      .map(({ byteOffset, byteLength }) => [byteOffset, byteOffset + byteLength] as const)
      .toSorted(([one], [other]) => one - other);
    for (const [place, [from]] of ends.entries()) {
      expect(from).toBeGreaterThanOrEqual(ends[place - 1]?.[1] ?? 0);
      expect(from % 4).toBe(0);
    }
    expect(ends.at(-1)?.[1]).toBeLessThanOrEqual(bytes);
  },
);

test('each leg has its own counts, and what has not ended is in flight', () => {
  const regions = regionCount(8);
  const view = viewOf(new SharedArrayBuffer(viewBytes(regions)), regions);
  const last = legIndex(LEG_COUNT_MAX - 1);
  const isTimed = [1, 2, 3, 4, 5].map(() => beginLegIo(view, last, 'write', 4096));
  beginLegIo(view, last, 'read', 512);
  endLegIo(view, last, 300);
  endLegIo(view, last, null);
  expect(isTimed).toEqual([true, false, false, false, true]);
  const { counts, latencies } = legReading(view, last);
  expect(Object.fromEntries(LEG_COUNTERS.map((name, place) => [name, counts[place]]))).toEqual({
    ...{ reads: 1, readBytes: 512, writes: 5, writeBytes: 20_480, inFlight: 4 },
  });
  expect(latencies.map((count, bucket) => [bucket, count]).filter(([, count]) => count)).toEqual([
    [latencyBucket(300), 1],
  ]);
  expect(legReading(view, legIndex(0)).counts).toEqual([0, 0, 0, 0, 0]);
});
