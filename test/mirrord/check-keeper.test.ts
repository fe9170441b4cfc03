import { expect, test } from 'vitest';
import { FINDINGS_MAX, NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount } from '../../src/geometry/units.ts';
import type { CheckWish } from '../../src/mirrord/check-keeper.ts';
import { CheckKeeper, isUnfinished } from '../../src/mirrord/check-keeper.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

const { regionCount } = RegionGeometry.of(HOME.sizeBytes, HOME.regionSizeBytes);
const ALL: CheckWish = {
  first: 0,
  end: regionCount,
  repairFrom: null,
  throttle: null,
  anew: false,
};
const finding = (region: number, repaired = false) => {
  return { region, offset: region * HOME.regionSizeBytes, length: 512, hashes: [], repaired };
};

function newKeeper(known: ConstructorParameters<typeof CheckKeeper>[1] = null) {
  const differing = new Uint8Array(regionCount);
  let seconds = 0;
  const now = () => {
    seconds += 1;
    return new Date(seconds * 1000);
  };
  return { differing, keeper: new CheckKeeper(HOME, known, differing, now) };
}

test('before anybody has looked there is no report', () => {
  expect(newKeeper().keeper.report).toBe(null);
});

test('a report says what was ordered, and grows', () => {
  const { keeper, differing } = newKeeper();
  const begun = keeper.begin({ ...ALL, first: 2, end: 9, repairFrom: 1, throttle: { percent: 5 } });
  expect(begun).toMatchObject({ state: 'running', first: 2, next: 2, end: 9, repairFrom: 1 });
  differing[4] = 1;
  keeper.found(finding(4));
  keeper.moved({ next: 5, tally: { ...NOTHING_CHECKED, compared: 3, different: 1 } });
  expect(keeper.report).toMatchObject({
    ...{ next: 5, tally: { compared: 3, different: 1 }, throttle: { percent: 5 } },
    ...{ findings: [finding(4)], differing: [4, 1] },
    ...{ startedAt: begun.startedAt, updatedAt: '1970-01-01T00:00:03.000Z' },
  });
});

test('what is not different any more is no finding; what was repaired is one until the next check', () => {
  const { keeper, differing } = newKeeper();
  keeper.begin(ALL);
  differing[4] = 1;
  for (const one of [finding(7, true), finding(4), finding(5)]) keeper.found(one);
  expect(keeper.report?.findings).toEqual([finding(4), finding(7, true)]);
  keeper.moved({ state: 'finished', next: regionCount });
  expect(keeper.begin(ALL).next).toBe(0);
  expect(keeper.report?.findings).toEqual([finding(4)]);
});

test('an unfinished check of the same kind goes on, any other begins anew', () => {
  const { keeper } = newKeeper();
  keeper.begin({ ...ALL, throttle: { percent: 5 } });
  const tally = { ...NOTHING_CHECKED, compared: 3 };
  for (const [state, wish, goesOn] of [
    ['paused', ALL, true],
    ['running', ALL, true],
    ['stopped', ALL, false],
    ['paused', { ...ALL, anew: true }, false],
    ['paused', { ...ALL, first: 1 }, false],
    ['paused', { ...ALL, repairFrom: 0 }, false],
  ] as const) {
    keeper.begin({ ...ALL, anew: true });
    keeper.moved({ state, next: 3, tally });
    const { next, tally: before } = keeper.begin(wish);
    expect([state, next, before.compared]).toEqual([
      state,
      goesOn ? 3 : wish.first,
      goesOn ? 3 : 0,
    ]);
  }
});

test('what one session has found the next one knows', () => {
  const first = newKeeper();
  first.keeper.begin(ALL);
  for (const region of [0, 3, 4, 9]) first.differing[region] = 1;
  first.keeper.found(finding(3));
  const report = first.keeper.report;
  expect(report?.differing).toEqual([0, 1, 3, 2, 9, 1]);
  const { keeper, differing } = newKeeper(JSON.parse(JSON.stringify(report)));
  expect(
    [...differing.entries()].flatMap(([region, flag]) => (flag === 1 ? [region] : [])),
  ).toEqual([0, 3, 4, 9]);
  expect(keeper.report).toEqual(report);
});

test('of very many findings the first keep their details, and all are known to differ', () => {
  const many = FINDINGS_MAX + 10;
  const spec = { ...HOME, sizeBytes: byteCount(many * 4096), regionSizeBytes: byteCount(4096) };
  const keeper = new CheckKeeper(spec, null, new Uint8Array(many).fill(1), () => new Date(0));
  keeper.begin({ ...ALL, end: many });
  for (let region = 0; region < many; region += 1) keeper.found(finding(region));
  keeper.found({ ...finding(5), length: 1024 });
  const { findings = [], differing } = keeper.report ?? {};
  expect([findings.length, findings[5]?.length, differing]).toEqual([
    FINDINGS_MAX,
    1024,
    [0, many],
  ]);
});

test('only what was paused or interrupted, and has something left, is unfinished', () => {
  const { keeper } = newKeeper();
  const report = keeper.begin(ALL);
  expect(isUnfinished(report)).toBe(true);
  expect(isUnfinished({ ...report, state: 'paused' })).toBe(true);
  expect(isUnfinished({ ...report, state: 'stopped' })).toBe(false);
  expect(isUnfinished({ ...report, next: regionCount })).toBe(false);
});
