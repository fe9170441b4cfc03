import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CheckReport } from '../../src/control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount } from '../../src/geometry/units.ts';
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

test('a report about another mirror, other legs or another size tells nothing', () => {
  const places = newPlaces();
  writeCheck(places, HOME.name, REPORT);
  const [first, ...rest] = HOME.legs;
  for (const spec of [
    { ...HOME, uuid: '00000000-0000-4000-8000-000000000000' },
    { ...HOME, legs: [...rest, ...(first === undefined ? [] : [first])] },
    { ...HOME, sizeBytes: byteCount(HOME.sizeBytes * 2) },
  ]) {
    expect(readCheck(places, spec)).toBe(null);
  }
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
