import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import { COUNTERS, TIMED } from '../../src/metrics/engine-counters.ts';
import {
  LATENCY_BUCKETS,
  latencyBucket,
  latencyFrom,
} from '../../src/metrics/latency-histogram.ts';
import { recoveryOutlook } from '../../src/watch/recovery-outlook.ts';
import { REGION_LOOKS, RegionPicture } from '../../src/watch/region-picture.ts';
import type { Sample } from '../../src/watch/sample.ts';
import { sampleBetween } from '../../src/watch/sample.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';

const reading = (
  uptimeMs: number,
  counts: Partial<Record<string, number>>,
  latencies = new Map(),
) => ({
  uptimeMs,
  counts: COUNTERS.map((counter) => counts[counter] ?? 0),
  latencies: TIMED.map((timed) => {
    const histogram = new Array<number>(LATENCY_BUCKETS).fill(0);
    for (const micros of latencies.get(timed) ?? []) {
      histogram[latencyBucket(micros)] = (histogram[latencyBucket(micros)] ?? 0) + 1;
    }
    return histogram;
  }),
  legs: [],
});

test('rates are what was counted between two readings, by the time between them', () => {
  const before = reading(1000, { writeBytes: 4096, writes: 1 });
  const after = reading(3000, { writeBytes: 12_288, writes: 3, logFlushes: 4 });
  expect(sampleBetween(before, after, RUNNING, 7)).toMatchObject({
    at: 7,
    writeBytesPerSecond: 4096,
    writesPerSecond: 1,
    logFlushesPerSecond: 2,
    readBytesPerSecond: 0,
  });
});

test('latencies are those of the moment, not of all time', () => {
  const slow = Array.from({ length: 50 }, () => 90_000);
  const before = reading(0, {}, new Map([['write', slow]]));
  const after = reading(1000, {}, new Map([['write', [...slow, 100, 100, 100]]]));
  const { write, read } = sampleBetween(before, after, RUNNING, 1).latencyMicros;
  expect(write.p99).toBe(latencyFrom(latencyBucket(100) + 1));
  expect(read.p50).toBe(null);
});

const RECOVERING: MirrorStatus = {
  ...RUNNING,
  activity: 'recovering',
  inSyncRegions: 28,
  recovery: {
    ...RUNNING.recovery,
    active: true,
    doneRegions: 28,
    etaSeconds: 50,
    bytesPerSecond: 1e6,
  },
};

/** One sample a second, with these numbers of regions in sync. */
function samplesOf(inSync: readonly number[]): Sample[] {
  const still = sampleBetween(reading(0, {}), reading(1000, {}), RUNNING, 0);
  return inSync.map((inSyncRegions, at) => ({ ...still, at: at + 1, inSyncRegions }));
}

const climbing = Array.from({ length: 30 }, (_, second) => second);

test.each([
  ['running', climbing, 50],
  ['stalled', [...climbing, ...new Array<number>(9).fill(29)], null],
  ['diverging', climbing.toReversed(), null],
  ['running', [], 50],
])('recovery is %s, and says how long only if it moves', (pace, inSync, eta) => {
  const outlook = recoveryOutlook(RECOVERING, samplesOf(inSync));
  expect([outlook.pace, outlook.recentEtaSeconds]).toEqual([pace, eta]);
});

test('the mean tells of all the time that was watched', () => {
  const { meanBytesPerSecond, meanEtaSeconds } = recoveryOutlook(RECOVERING, samplesOf(climbing));
  expect(meanBytesPerSecond).toBe(RUNNING.regionSizeBytes);
  expect(meanEtaSeconds).toBe(100);
});

test('progress stays between nothing and all, whatever the engine says', () => {
  const recovery = { ...RECOVERING.recovery, doneRegions: 200 };
  expect(recoveryOutlook({ ...RECOVERING, recovery }, []).doneShare).toBe(1);
});

test('the tallies are those of the looks, whatever changes came', () => {
  const run = fc.record({
    first: fc.nat(49),
    count: fc.integer({ min: 1, max: 20 }),
    state: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(run, { size: 'max', maxLength: 40 }), (runs) => {
      const picture = new RegionPicture(50);
      for (const { first, count, state } of runs) {
        const states = [first, Math.min(count, 50 - first), state];
        picture.apply(
          { version: 1, regionCount: 50, states, writes: [], missing: [], differing: [] },
          1,
          {
            changed: () => {},
          },
        );
      }
      for (const state of [0, 1, 2, 3, 4]) {
        assert.equal(picture.tallies[state], picture.looks.filter((own) => own === state).length);
      }
    }),
  );
});

const NOBODY = { changed: () => {} };

/** A picture of ten regions, told these runs. */
function pictureOf(
  states: readonly number[],
  missing: readonly number[],
  differing: number[] = [],
) {
  const picture = new RegionPicture(10);
  const changes = { version: 1, regionCount: 10, writes: [] };
  picture.apply({ ...changes, states, missing, differing }, 1, NOBODY);
  const told = (more: { states?: number[]; writes?: number[]; missing?: number[] }, now: number) =>
    picture.apply({ ...changes, states: [], missing: [], differing: [], ...more }, now, NOBODY);
  return { picture, told };
}

test('a region is stranded when only legs out of service miss it', () => {
  const { picture } = pictureOf([0, 4, 2], [0, 1, 2, 1, 2, 4, 3, 1, 6]);
  const looks = () => [0, 1, 2, 3].map((region) => REGION_LOOKS[picture.looks[region] ?? 0]);
  expect(looks()).toEqual(['nosync', 'nosync', 'nosync', 'nosync']);
  picture.setLegsOut(4, NOBODY);
  expect(looks()).toEqual(['nosync', 'stranded', 'stranded', 'nosync']);
  expect(picture.tallies[REGION_LOOKS.indexOf('stranded')]).toBe(2);
  picture.setLegsOut(6, NOBODY);
  expect(looks()).toEqual(['stranded', 'stranded', 'stranded', 'stranded']);
  picture.setLegsOut(0, NOBODY);
  expect(looks()).toEqual(['nosync', 'nosync', 'nosync', 'nosync']);
});

test('what each leg misses is counted as it comes and goes', () => {
  const { picture, told } = pictureOf([], [0, 4, 2, 4, 2, 6]);
  expect([0, 1, 2, 3].map((leg) => picture.missedBy(leg))).toEqual([0, 6, 2, 0]);
  told({ missing: [0, 5, 0] }, 2);
  expect([0, 1, 2, 3].map((leg) => picture.missedBy(leg))).toEqual([0, 1, 1, 0]);
});

test('legs that differ show where they are in sync, and nowhere else', () => {
  const { picture } = pictureOf([0, 1, 1, 1, 1, 2], [1, 1, 2], [0, 3, 1]);
  expect([0, 1, 2, 3].map((region) => REGION_LOOKS[picture.looks[region] ?? 0])).toEqual([
    ...['different', 'nosync', 'different', 'clean'],
  ]);
});

test('marks are what went from clean to dirty', () => {
  const { picture, told } = pictureOf([0, 2, 1, 5, 3, 2], [5, 3, 2]);
  expect([picture.marks, picture.changedAt(5)]).toEqual([0, null]);
  told({ states: [0, 1, 0, 2, 2, 1, 6, 1, 1], missing: [6, 1, 0] }, 7);
  expect([picture.marks, picture.changedAt(6)]).toEqual([2, 7]);
});

test('the head goes on in order, whatever else is copied meanwhile', () => {
  const { picture, told } = pictureOf([0, 10, 2], []);
  const looks = [
    [0, 2, 1, 8, 1, 1],
    [2, 1, 1, 9, 1, 1],
    [5, 1, 1],
    [3, 2, 1],
    [6, 2, 1],
  ];
  const heads = looks.map((states, turn) => {
    told({ states }, turn + 2);
    return picture.head;
  });
  expect(heads).toEqual([1, 2, 2, 2, 2]);
  told({ states: [4, 1, 2] }, 9);
  told({ states: [4, 1, 1] }, 10);
  expect(picture.head).toBe(2);
});

test('a region counts as being written for a second after its last write, and once', () => {
  const { picture, told } = pictureOf([], []);
  told({ writes: [0, 2, 1] }, 2);
  told({ writes: [1, 1, 2, 5, 1, 1] }, 2.5);
  expect([2.5, 2.9, 3.1, 3.6].map((now) => picture.writingAt(now))).toEqual([3, 3, 2, 0]);
});

const NOTHING_CHANGED = {
  ...{ version: 1, regionCount: 4 },
  ...{ states: [], writes: [], missing: [], differing: [] },
};

test('writes from before it was watched are no news; later ones are, past 255 too', () => {
  const picture = new RegionPicture(4);
  const heard: number[][] = [];
  const watcher = { changed: (...run: number[]) => void heard.push(run) };
  const map = (writes: number[]) => ({ ...NOTHING_CHANGED, writes });
  picture.apply(map([0, 4, 250]), 1, watcher);
  expect([heard, picture.writtenAt(2)]).toEqual([[], null]);
  picture.apply(map([2, 1, 3]), 2, watcher);
  expect([heard, picture.writtenAt(2)]).toEqual([[[2, 1, 9]], 2]);
});

test('of a region whose count was not told before, the first count says that it was written', () => {
  const picture = new RegionPicture(4);
  const heard: number[][] = [];
  const watcher = { changed: (...run: number[]) => void heard.push(run) };
  const map = (writes: number[]) => ({ ...NOTHING_CHANGED, writes });
  picture.apply(map([]), 1, watcher);
  picture.apply(map([2, 1, 77]), 2, watcher);
  picture.apply(map([2, 1, 79]), 3, watcher);
  expect(heard).toEqual([
    [2, 1, 1],
    [2, 1, 2],
  ]);
});

test('the search goes round once, in both directions', () => {
  const picture = new RegionPicture(10);
  const map = {
    version: 1,
    regionCount: 10,
    states: [3, 1, 2],
    writes: [],
    missing: [],
    differing: [],
  };
  picture.apply(map, 1, { changed: () => {} });
  expect(picture.find(5, 1, [2])).toBe(3);
  expect(picture.find(1, -1, [2])).toBe(3);
  expect(picture.find(0, 1, [4])).toBe(null);
});
