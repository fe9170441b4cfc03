import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import type { RegionFacts } from '../../src/control-protocol/region-facts.ts';
import { readDefinition } from '../../src/registry/definition-file.ts';
import { appendEvent } from '../../src/registry/event-file.ts';
import { checkPath } from '../../src/registry/places.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { Bench } from './run-command.ts';

const KIB = 1024;

/** 100 regions of 4 KiB, the last one of 1 KiB. */
async function benchWithMirror(...flags: string[]): Promise<Bench> {
  const bench = new Bench();
  const words = ['--size', '397k', '--region-size', '4k', ...flags];
  expect((await bench.run('create', 'm0', 'a.img', 'b.img', ...words)).code).toBe(0);
  return bench;
}

const CLEAN: RegionFacts = {
  ...{ state: 'clean', holders: [0, 1], missing: [], outOfService: [] },
  ...{ writesInFlight: 0, delayedWrites: 0, writtenAt: null, lost: null },
  ...{ logClean: true, markDurable: true, beingCompared: false, differs: false },
  ...{ isWork: false, workBefore: null, secondsBefore: null, retryInSeconds: null },
  ...{ activatedAt: '2026-01-01T00:00:00.000Z', activationReason: 'the log is new' },
};

const DIRTY: RegionFacts = { ...CLEAN, state: 'dirty', logClean: false };

/** Leg 1 missed it; it is recovery's work. */
const NOSYNC: RegionFacts = {
  ...{ ...DIRTY, state: 'nosync', holders: [0], missing: [1], isWork: true, workBefore: 0 },
  lost: {
    ...{ at: '2026-01-01T00:07:00.000Z', legs: [1] },
    because: 'leg /data/b.img: a write failed',
  },
};

async function benchWithEngine(
  why: RegionFacts,
  status: Partial<MirrorStatus> = {},
  check: CheckReport | null = null,
): Promise<Bench> {
  const bench = await benchWithMirror();
  await bench.engine('m0', async ({ ask }) => {
    if (ask === 'why') return { why };
    return ask === 'check' ? { check } : { status: { ...RUNNING, name: 'm0', ...status } };
  });
  return bench;
}

test('everything about one region, by its number and by an offset', async () => {
  const bench = await benchWithEngine({
    ...NOSYNC,
    writesInFlight: 2,
    workBefore: 1434,
    secondsBefore: 12.3,
  });
  const { out } = await bench.run('why', 'm0', '9');
  expect(out.split('\n').map((line) => line.replaceAll(bench.directory, ''))).toEqual([
    'region 9 of m0: bytes 36864 to 40959 (at 36 KiB)',
    '  state:      nosync',
    '  since:      2026-01-01T00:07:00.000Z, when /data/b.img lost it: leg /data/b.img: a write failed',
    '  held by:    /a.img',
    '  missed by:  /b.img',
    '  writes:     2 in flight, 0 waiting',
    '  log bit:    byte 1025, mask 0x02: dirty',
    '  check:      its legs were never compared',
    '  because:    not every leg has the data that was written here',
    '              reads come from a leg that has it; writes go to all legs that can take them',
    '              the log marks it and will not forget it before it is copied',
    '              the right data is on /data/a.img; /data/b.img missed it',
    '  next:       waits for recovery: 1,434 regions before it, about 0:00:13',
    '',
  ]);
  expect((await bench.run('why', 'm0', '@36k')).out).toBe(out);
  expect((await bench.run('why', 'm0', '@40959')).out).toBe(out);
  expect((await bench.run('why', 'm0', '@40k')).out).toContain('region 10 of m0');
});

describe('what happens next', () => {
  test.each<[string, RegionFacts, string]>([
    ['clean', CLEAN, 'nothing; a write marks it first'],
    [
      'being written',
      { ...DIRTY, writesInFlight: 1 },
      'when its writes have ended and it has rested',
    ],
    [
      'at rest',
      DIRTY,
      'when it has rested for some seconds the legs are flushed, and it becomes clean',
    ],
    ['next to be copied', NOSYNC, 'recovery copies it next'],
    [
      'waiting, at no pace yet',
      { ...NOSYNC, workBefore: 1 },
      'waits for recovery: 1 region before it',
    ],
    ['failed', { ...NOSYNC, retryInSeconds: 4.2 }, 'its copy failed; tried again in 0:00:05'],
    ['quiescing', { ...NOSYNC, state: 'quiescing', writesInFlight: 1 }, 'when 1 write has ended'],
    ['recovering', { ...NOSYNC, state: 'recovering' }, 'when the copy ends it is in sync'],
    ['under check', { ...CLEAN, beingCompared: true }, 'a check compares its legs'],
    ['known to differ', { ...CLEAN, differs: true }, 'nothing, until you say which leg is right'],
    [
      'with its target out',
      { ...NOSYNC, isWork: false, workBefore: null, outOfService: [1] },
      'cannot be recovered until /data/b.img is let in',
    ],
    [
      'with its source out',
      { ...NOSYNC, isWork: false, workBefore: null, outOfService: [0] },
      'cannot be recovered until /data/a.img is let in: nobody else has it',
    ],
  ])('to a region %s', async (_, facts, words) => {
    const { document } = await (await benchWithEngine(facts)).json('why', 'm0', '9');
    expect(document.next).toContain(words);
  });

  test('while recovery is paused: nothing', async () => {
    const bench = await benchWithEngine(NOSYNC, {
      recovery: { ...RUNNING.recovery, paused: true },
    });
    const { document } = await bench.json('why', 'm0', '9');
    expect(document.next).toBe('nothing: recovery is paused (mirrorctl recovery resume m0)');
  });
});

describe('since when, and by what', () => {
  test.each<[string, RegionFacts, string | null]>([
    ['a clean region is clean: nobody noted it', CLEAN, null],
    ['being written: now', { ...DIRTY, writesInFlight: 1 }, 'now: it is being written'],
    [
      'written',
      { ...DIRTY, writtenAt: '2026-01-01T00:03:00.000Z' },
      '2026-01-01T00:03:00.000Z, when its last write ended',
    ],
    ['copied', DIRTY, 'the end of its copy'],
    [
      'lost, nobody knows by what',
      { ...NOSYNC, lost: { at: '2026-01-01T00:07:00.000Z', legs: [1], because: null } },
      '2026-01-01T00:07:00.000Z, when /data/b.img lost it',
    ],
    [
      'out of sync from the start',
      { ...NOSYNC, lost: null },
      'the activation, 2026-01-01T00:00:00.000Z: the log is new',
    ],
  ])('%s', async (_, facts, since) => {
    const { document } = await (await benchWithEngine(facts)).json('why', 'm0', '9');
    expect(document.since).toBe(since);
  });
});

test('JSON says the same, key by key', async () => {
  const { document } = await (await benchWithEngine(NOSYNC)).json('why', 'm0', '99');
  expect(document).toEqual({
    ...{ schema: 'mirrorctl.why/1', name: 'm0', region: 99, bytes: [99 * 4 * KIB, 397 * KIB] },
    ...{ state: 'nosync', from: 'engine', holders: [0], missing: [1] },
    because: expect.arrayContaining(['the right data is on /data/a.img; /data/b.img missed it']),
    since: expect.any(String),
    writes: { inFlight: 0, delayed: 0 },
    log: { byte: 1036, mask: 8, clean: false },
    check: 'its legs were never compared',
    next: 'recovery copies it next',
  });
});

test('a mark that is not on disk yet is said, and a finding of the last check', async () => {
  const finding = { region: 9, offset: 36_864, length: 512, hashes: [], repaired: false };
  const check: CheckReport = {
    ...{
      schema: 'mirrorctl.check/1',
      uuid: 'u',
      legs: [],
      regionSizeBytes: 4096,
      regionCount: 100,
    },
    ...{ state: 'paused', startedAt: 'x', updatedAt: '2026-01-01T00:00:00.123Z' },
    ...{ first: 5, next: 20, end: 50, repairFrom: null, throttle: null, tally: NOTHING_CHECKED },
    ...{ findings: [finding], differing: [9, 1] },
  };
  const facts = { ...DIRTY, markDurable: false, differs: true };
  const bench = await benchWithEngine(facts, {}, check);
  const found = async (region: string) => (await bench.json('why', 'm0', region)).document;
  expect((await found('9')).because.join()).toContain('its mark in the log is not on disk yet');
  expect((await found('9')).because.join()).toContain('it is read from /data/a.img alone');
  expect((await found('9')).check).toBe(
    '2026-01-01T00:00:00Z: 512 bytes differed from byte 36864 on',
  );
  expect((await found('10')).check).toBe('2026-01-01T00:00:00Z: no difference found');
  expect((await found('30')).check).toBe('the last check has not come so far');
  expect((await found('4')).check).toBe('not part of the last check');
});

describe('without an engine', () => {
  test('the log, the sidecar and what was noted answer', async () => {
    const bench = await benchWithMirror();
    bench.setLog(100, 0x01);
    const answer = async (region: string) => (await bench.json('why', 'm0', region)).document;
    expect(await answer('0')).toMatchObject({
      ...{ state: 'clean', from: 'log', since: null, holders: null, writes: null },
      because: ['the log says that all legs hold the same data here; it will not be copied'],
      log: { byte: 1024, mask: 1, clean: true },
      next: 'nothing at the next activation',
    });
    expect(await answer('1')).toMatchObject({
      because: [
        'the log does not vouch for it: the next activation copies it',
        `the right data is on ${bench.at('a.img')}`,
      ],
      next: `the next activation copies it from ${bench.at('a.img')}: the log says so`,
    });
    const noted = { number: 1, at: '2026-01-01T00:00:00.000Z', kind: 'bad' } as const;
    const text = 'leg b: a write failed';
    appendEvent(bench.places, 'm0', { ...noted, event: 'leg-failed', text, fields: {} });
    expect((await answer('1')).since).toContain('last noted: 2026-01-01T00:00:00.000Z, leg b');
  });

  test('a leg that is gone is what everything waits for', async () => {
    const bench = await benchWithMirror();
    bench.setLog(100, 0x01);
    const { uuid, sizeBytes, regionSizeBytes } = readDefinition(bench.places, 'm0');
    const legs = ['a.img', 'b.img'].map((name, leg) => {
      const missesSince = leg === 1 ? 4 : null;
      return { path: bench.at(name), offsetBytes: 0, missesSince, identity: null };
    });
    const sidecar = {
      ...{ schema: 'mirrorctl.sidecar/3', uuid, session: 5, open: false, primary: 0, legs },
      ...{ logTrusted: true, sizeBytes, regionSizeBytes, regionCount: 100 },
    };
    writeFileSync(bench.at('state/m0.state.json'), JSON.stringify(sidecar));
    const answer = async () => (await bench.json('why', 'm0', '1')).document;
    expect((await answer()).because.at(-1)).toBe(
      `${bench.at('b.img')} has missed writes since session 4, here or elsewhere`,
    );
    bench.file('b.img', 0);
    expect((await answer()).next).toBe(`cannot be recovered until ${bench.at('b.img')} is back`);
    bench.file('a.img', 0);
    expect((await answer()).next).toContain(
      `cannot be recovered until ${bench.at('a.img')} is back`,
    );
  });

  test('what a check found is known', async () => {
    const bench = await benchWithMirror();
    bench.setLog(100, 0xff);
    const { uuid } = readDefinition(bench.places, 'm0');
    const legs = ['a.img', 'b.img'].map((name) => bench.at(name));
    const report: CheckReport = {
      ...{ schema: 'mirrorctl.check/1', uuid, legs, regionSizeBytes: 4096, regionCount: 100 },
      ...{ state: 'finished', startedAt: 'x', updatedAt: '2026-01-01T00:00:00.123Z' },
      ...{ first: 0, next: 100, end: 100, repairFrom: null, throttle: null },
      ...{ tally: NOTHING_CHECKED, findings: [], differing: [5, 1] },
    };
    mkdirSync(bench.places.stateDir, { recursive: true });
    writeFileSync(checkPath(bench.places, 'm0'), JSON.stringify(report));
    const because = async (region: string) =>
      (await bench.json('why', 'm0', region)).document.because.join();
    expect(await because('5')).toContain('a check found that the legs differ here');
    expect(await because('6')).not.toContain('a check found');
  });
});
