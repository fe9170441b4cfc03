import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount } from '../../src/geometry/units.ts';
import type { LegPlace } from '../../src/mirror-set/mirror-spec.ts';
import { readCheck, writeCheck } from '../../src/registry/check-file.ts';
import { checkPath } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { HOME } from './mirror-spec-example.ts';

const { regionCount } = RegionGeometry.of(HOME.sizeBytes, HOME.regionSizeBytes);

const REPORT: CheckReport = {
  ...{ schema: 'mirrorctl.check/1', uuid: HOME.uuid, legs: HOME.legs.map((leg) => leg.path) },
  ...{ regionSizeBytes: HOME.regionSizeBytes, regionCount, state: 'paused' },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:01.000Z' },
  ...{ first: 0, next: 3, end: 5, repairFrom: 1, throttle: { percent: 5 } },
  tally: { ...NOTHING_CHECKED, compared: 3, different: 1 },
  findings: [
    {
      ...{ region: 1, offset: HOME.regionSizeBytes, length: 512, repaired: false },
      hashes: [0, 1].map((leg) => ({ leg, sha256: `${leg}`.repeat(64) })),
    },
  ],
  differing: [1, 1],
};

function newPlaces() {
  const stateDir = path.join(scratchDirectory(), 'state');
  mkdirSync(stateDir);
  return { stateDir, runtimeDir: stateDir };
}

test('what was written is read again', () => {
  const places = newPlaces();
  expect(readCheck(places, HOME)).toBe(null);
  writeCheck(places, HOME.name, REPORT);
  expect(readCheck(places, HOME)).toEqual(REPORT);
});

test('a report about another mirror, or other regions, tells nothing', () => {
  const places = newPlaces();
  writeCheck(places, HOME.name, REPORT);
  for (const spec of [
    { ...HOME, uuid: '00000000-0000-4000-8000-000000000000' },
    { ...HOME, regionSizeBytes: byteCount(HOME.regionSizeBytes * 2) },
  ]) {
    expect(readCheck(places, spec)).toBe(null);
  }
});

describe('what was found before the mirror was changed', () => {
  const [a, b] = HOME.legs as [LegPlace, LegPlace];
  const c = { path: '/data/c.img', offsetBytes: byteCount(0) };
  const [finding] = REPORT.findings;
  const [hashOfA, hashOfB] = finding?.hashes.map(({ sha256 }) => sha256) ?? [];

  test('is known of the legs that are left, wherever they are now; the check is over', () => {
    const places = newPlaces();
    writeCheck(places, HOME.name, REPORT);
    const found = readCheck(places, { ...HOME, legs: [c, b, a] });
    expect(found).toMatchObject({ state: 'stopped', next: 3, repairFrom: 1, differing: [1, 1] });
    expect(found?.findings[0]?.hashes).toEqual([
      { leg: 2, sha256: hashOfA },
      { leg: 1, sha256: hashOfB },
    ]);
    const other = readCheck(places, { ...HOME, legs: [a, c] });
    expect(other).toMatchObject({ repairFrom: null, findings: [], differing: [1, 1] });
    writeCheck(places, HOME.name, other as CheckReport);
    expect(readCheck(places, { ...HOME, legs: [a, c] })).toEqual(other);
  });

  test.each([
    [2, { end: 2, next: 2, first: 0, differing: [1, 1] }],
    [1, { end: 1, next: 1, first: 0, differing: [], findings: [] }],
    [regionCount * 2, { end: 5, next: 3, differing: [1, 1], findings: REPORT.findings }],
  ])('is known of the regions that are left, of %i', (count, expected) => {
    const places = newPlaces();
    const spec = { ...HOME, sizeBytes: byteCount(count * HOME.regionSizeBytes) };
    writeCheck(places, HOME.name, REPORT);
    const found = readCheck(places, spec);
    expect(found).toMatchObject({ regionCount: count, ...expected });
    writeCheck(places, HOME.name, found as CheckReport);
    expect(readCheck(places, spec)).toEqual(found);
  });
});

test.each<[string, object | string]>([
  ['no JSON', '{'],
  ['another schema', { ...REPORT, schema: 'mirrorctl.check/2' }],
  ['a position past the end', { ...REPORT, next: 6 }],
  ['an end past the mirror', { ...REPORT, end: regionCount + 1 }],
  ['no regions at all', { ...REPORT, next: 0, end: 0 }],
  ['a source that is no leg', { ...REPORT, repairFrom: 9 }],
  ['regions that are none', { ...REPORT, differing: [regionCount, 1] }],
  ['runs that overlap', { ...REPORT, differing: [3, 2, 4, 1] }],
  ['half a run', { ...REPORT, differing: [3] }],
  [
    'a hash that is none',
    { ...REPORT, findings: [{ ...REPORT.findings[0], hashes: [{ leg: 0, sha256: 'x' }] }] },
  ],
])('a damaged report tells nothing: %s', (_, content) => {
  const places = newPlaces();
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(checkPath(places, HOME.name), text);
  expect(readCheck(places, HOME)).toBe(null);
});
