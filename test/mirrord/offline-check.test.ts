import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CheckReport } from '../../src/control-protocol/check-report.ts';
import { byteCount } from '../../src/geometry/units.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import type { OfflineCheck } from '../../src/mirrord/offline-check.ts';
import { checkOffline } from '../../src/mirrord/offline-check.ts';
import { readCheck } from '../../src/registry/check-file.ts';
import { lockMirror } from '../../src/registry/mirror-lock.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const REGION = 4096;
const REGIONS = 8;

/** Two legs of eight regions; those named differ in their second sector. */
function newCheck(different: readonly number[], rest: Partial<OfflineCheck> = {}): OfflineCheck {
  const directory = scratchDirectory();
  const places = { stateDir: path.join(directory, 'state'), runtimeDir: directory };
  mkdirSync(places.stateDir);
  const contents = [Buffer.alloc(REGIONS * REGION, 7), Buffer.alloc(REGIONS * REGION, 7)] as const;
  for (const region of different) contents[1].fill(8, region * REGION + 512, region * REGION + 513);
  const legs = contents.map((content, leg) => {
    const file = path.join(directory, `${leg}.img`);
    writeFileSync(file, content);
    return { path: file, offsetBytes: byteCount(0) };
  });
  const sizes = { sizeBytes: byteCount(REGIONS * REGION), regionSizeBytes: byteCount(REGION) };
  const spec: MirrorSpec = { ...HOME, legs, ...sizes };
  let ms = 0;
  return {
    places,
    spec,
    wish: { first: 0, end: REGIONS, repairFrom: null, throttle: null, anew: false },
    isLeftOut: () => false,
    now: () => {
      ms += 1;
      return new Date(ms);
    },
    sleep: async (milliseconds) => {
      ms += milliseconds;
    },
    interruption: new AbortController().signal,
    moved: () => {},
    ...rest,
  };
}

test('says where the legs differ, and keeps it', async () => {
  const check = newCheck([2, 5], { isLeftOut: (region) => region === 5 });
  const report = await checkOffline(check);
  expect(report).toMatchObject({ state: 'finished', next: REGIONS, differing: [2, 1] });
  expect(report.tally).toMatchObject({ compared: 7, skipped: 1, different: 1 });
  expect(report.findings).toMatchObject([{ region: 2, offset: 2 * REGION + 512, length: 512 }]);
  expect(readCheck(check.places, check.spec)).toEqual(report);
});

test('interrupted, it is paused, and goes on from there', async () => {
  const interruption = new AbortController();
  const moved = ({ next }: CheckReport) => {
    if (next >= 3) interruption.abort();
  };
  const check = newCheck([1, 6], { interruption: interruption.signal, moved });
  const paused = await checkOffline(check);
  expect([paused.state, paused.differing]).toEqual(['paused', [1, 1]]);
  expect(paused.next).toBeGreaterThanOrEqual(3);
  expect(paused.next).toBeLessThan(REGIONS);
  const rest = await checkOffline({ ...check, interruption: new AbortController().signal });
  expect(rest).toMatchObject({
    ...{ state: 'finished', startedAt: paused.startedAt, differing: [1, 1, 6, 1] },
    tally: { compared: REGIONS, different: 2 },
  });
});

test('throttled, it takes its time', async () => {
  const slept: number[] = [];
  const check = newCheck([]);
  const limited = {
    ...check,
    wish: { ...check.wish, throttle: { bytesPerSecond: 10 * REGION } },
    sleep: async (ms: number) => {
      slept.push(ms);
      await check.sleep(ms);
    },
  };
  await checkOffline(limited);
  const waited = slept.reduce((sum, ms) => sum + ms, 0);
  expect(waited).toBeGreaterThan(500);
});

test('a leg that ends too early is told of, and differs nowhere', async () => {
  const check = newCheck([]);
  await expect(
    checkOffline({
      ...check,
      moved: () => truncateSync(check.spec.legs[1]?.path ?? '', 2 * REGION),
    }),
  ).resolves.toMatchObject({ state: 'finished', differing: [] });
  const report = readCheck(check.places, check.spec);
  expect(report?.tally.unreadable).toBeGreaterThan(0);
});

test('an engine, or another check, is in the way', async () => {
  const check = newCheck([]);
  const lock = lockMirror(check.places, check.spec.name, 'activate');
  await expect(checkOffline(check)).rejects.toMatchObject({ code: 'MIRROR_ACTIVE' });
  lock.release();
  await expect(checkOffline(check)).resolves.toMatchObject({ state: 'finished' });
});
