import { expect, test } from 'vitest';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import { inquire } from '../../src/engine/region-inquiry.ts';
import { legIndex, regionIndex } from '../../src/geometry/units.ts';
import { REGION_BYTES, ScriptedMirror } from './scripted-mirror.ts';

const about = (mirror: ScriptedMirror, region: number) =>
  inquire(mirror.engine, regionIndex(region));

test('a clean region: everybody holds it, and nothing is to be done', () => {
  expect(about(new ScriptedMirror({ legs: 3, log: 'disk' }), 1)).toEqual({
    ...{ state: 'clean', holders: [0, 1, 2], missing: [], outOfService: [] },
    ...{ writesInFlight: 0, delayedWrites: 0, writtenAt: null, lost: null },
    ...{ logClean: true, markDurable: true, beingCompared: false, differs: false },
    ...{ isWork: false, workBefore: null, retryIn: null },
  });
});

test('a region that is being written, and one that was', () => {
  const mirror = new ScriptedMirror({ log: 'disk' }).tick(7_000).write(1, 0, 512);
  expect(about(mirror, 0)).toMatchObject({
    writesInFlight: 1,
    logClean: false,
    markDurable: false,
  });
  mirror.end('log').end('write');
  expect(about(mirror, 0)).toMatchObject({
    writesInFlight: 0,
    writtenAt: 7_000,
    markDurable: true,
  });
});

test('when, and to which legs, a region was lost', () => {
  const mirror = new ScriptedMirror({ legs: 3 }).tick(2_000).write(1, 0, 2 * REGION_BYTES);
  mirror.end('write 1 leg 2', 'failed').end('write 1');
  mirror.tick(9_000).write(2, 0, 512).end('write 2 leg 1', 'failed').end('write 2');
  expect(about(mirror, 1).lost).toEqual({ at: 2_000, legs: [2] });
  expect(about(mirror, 0)).toMatchObject({
    lost: { at: 11_000, legs: [1] },
    ...{ holders: [0], missing: [1, 2], isWork: true },
  });
});

test('how many regions recovery takes before: written ones first, then in order from where it is', () => {
  const missed = [0, 1, 2, 3].map((region) => [region, 1] as const);
  const mirror = new ScriptedMirror({ missed });
  expect([0, 1, 3].map((region) => about(mirror, region).workBefore)).toEqual([0, 1, 3]);
  mirror.write(1, 2 * REGION_BYTES, 512).end('write');
  expect([0, 1, 2, 3].map((region) => about(mirror, region).workBefore)).toEqual([1, 2, 0, 3]);
  const busy = new ScriptedMirror({ missed, recovers: true, options: { recoveriesMax: 1 } });
  expect([0, 1, 3].map((region) => about(busy, region).workBefore)).toEqual([0, 1, 3]);
});

test('when a copy that failed is tried again', () => {
  const mirror = new ScriptedMirror({ missed: [[1, 1]], recovers: true });
  mirror.endCopy(1, { failedTargets: [1] }).tick(1_000);
  expect(about(mirror, 1)).toMatchObject({ isWork: true, retryIn: 4_000 });
});

test('what only a leg out of service could give or take is nobody’s work', () => {
  const mirror = new ScriptedMirror({ legs: 2, missed: [[1, 1]] });
  mirror.feed({ kind: 'legOut', leg: legIndex(1) });
  expect(about(mirror, 1)).toMatchObject({ outOfService: [1], isWork: false, workBefore: null });
});

test('a region under check, and what the check found', () => {
  const check = { next: regionIndex(0), end: 2, repairFrom: null, throttle: null };
  const mirror = new ScriptedMirror();
  mirror.feed({ kind: 'startCheck', check: { ...check, before: NOTHING_CHECKED } });
  mirror.write(1, 0, 512).endCompare(1, 'ab');
  expect(about(mirror, 0)).toMatchObject({ beingCompared: true, delayedWrites: 1, differs: false });
  expect(about(mirror, 1)).toMatchObject({ beingCompared: false, delayedWrites: 0, differs: true });
});
