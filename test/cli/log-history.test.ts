/** The history of a mirror's log on the command line, from files that an engine left. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import type { HistoryMoment } from '../../src/forensics/log-history.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';
import { writeDefinition } from '../../src/registry/definition-file.ts';
import { encodeBits, HistoryFile } from '../../src/registry/history-file.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { LogBench } from './log-bench.ts';

const KIB = 1024;

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.frozen = new Date('2026-11-22T16:00:00Z');
  fs.mkdirSync(bench.at('state'));
  bench.write('state/home.log', fs.readFileSync(bench.kernelLog('dirty-inflight-crash')));
  writeDefinition(places(), spec());
});
afterEach(() => bench.remove());

const places = () => ({ stateDir: bench.at('state'), runtimeDir: bench.at('state/run') });
const spec = () => ({
  ...HOME,
  log: { type: 'disk', path: bench.at('state/home.log'), ours: true } as const,
});

/** A record of 128 regions, of which `dirty` are dirty. */
function record(time: string, moment: HistoryMoment, dirty: readonly number[], regions = 128) {
  const bits = new RegionBitset(regionCount(regions));
  bits.fill(0, regions, true);
  for (const region of dirty) bits.fill(region, region + 1, false);
  new HistoryFile(places(), spec()).append({
    ...{ at: `2026-11-22T${time}:00.000Z`, moment, mirror: HOME.uuid, session: 1 },
    ...{ regionCount: regions, regionSizeBytes: byteCount(512 * KIB), cleanRegions: bits.count() },
    bits: encodeBits(bits),
  });
}

test('the records are listed', async () => {
  record('12:00', 'resumed', []);
  record('13:00', 'leg-failed', [3, 4, 5]);
  const { code, out } = await bench.log('history', 'home');
  expect([code, out]).toEqual([
    0,
    [
      'RECORD  AT                        MOMENT      SESSION  DIRTY  REGIONS',
      '     1  2026-11-22T12:00:00.000Z  resumed           1      0      128',
      '     2  2026-11-22T13:00:00.000Z  leg-failed        1      3      128',
      '',
    ].join('\n'),
  ]);
  const { report } = await bench.json('history', 'home');
  expect(report).toMatchObject({
    ...{ schema: 'mirrorctl.log-history/1', mirror: 'home', damagedLines: [] },
    path: bench.at('state/home.history'),
    records: [{ number: 1 }, { number: 2, moment: 'leg-failed', cleanRegions: 125, kept: true }],
  });
});

test('a mirror that never ran has none', async () => {
  expect((await bench.log('history', 'home')).out).toContain('no history yet');
  const { code, aside } = await bench.log('diff', 'home', '--at', '-1h');
  expect([code, aside]).toEqual([66, expect.stringContaining('the history of home is empty')]);
});

test('two moments are compared, by time or by number', async () => {
  record('12:00', 'resumed', [7]);
  record('13:00', 'leg-failed', [3, 4, 5, 7]);
  record('15:30', 'in-sync', []);
  const { code, out } = await bench.log('diff', 'home', '--at', '-3.5h', '-1h');
  expect([code, out.split('\n').slice(1)]).toEqual([
    1,
    ['  turned dirty: 3 regions', '    3-5', ''],
  ]);
  expect(out).toContain('home at 2026-11-22T12:00:00.000Z (record 1, resumed)');
  const { report } = await bench.json('diff', 'home', '--at', '2', '3');
  expect(report.runs).toEqual([
    { first: 3, count: 3, change: 'turned-clean' },
    { first: 7, count: 1, change: 'turned-clean' },
  ]);
  expect((await bench.log('diff', 'home', '--at', '#1', '2026-11-22T12:30Z')).code).toBe(0);
  expect((await bench.log('diff', 'home', '--at', '2', '2')).code).toBe(0);
});

test('a moment is compared with the log as it is now', async () => {
  record('12:00', 'resumed', []);
  const { report } = await bench.json('diff', 'home', '--at', '1');
  expect(report).toMatchObject({ to: bench.at('state/home.log'), same: false });
  expect(report.runs.map(({ first }: { first: number }) => first)).toEqual([
    ...[5, 17, 31, 63, 99, 127],
  ]);
});

test('what the log said then is dumped', async () => {
  record('12:00', 'resumed', [9]);
  const { report } = await bench.json('dump', 'home', '--at', '2026-11-22T13:00:00Z');
  expect(report).toMatchObject({ dirtyRuns: [{ first: 9, count: 1 }], mirrorSizeBytes: 64 << 20 });
});

test('a mirror that was of another size is compared, with a word of warning', async () => {
  record('12:00', 'stopped', [], 64);
  fs.writeFileSync(
    bench.at('state/home.history'),
    fs.readFileSync(bench.at('state/home.history'), 'utf8').replace('524288', '1048576'),
  );
  const { aside, out } = await bench.log('diff', 'home', '--at', '1');
  expect(aside).toContain('regions were 1 MiB, then 512 KiB');
  expect(out).toContain('added: 64 regions');
});

test('lines that are damaged are told and left out', async () => {
  record('12:00', 'resumed', []);
  fs.appendFileSync(bench.at('state/home.history'), '{"number":2\n\u0000\n');
  record('14:00', 'stopped', []);
  const { code, out, aside } = await bench.log('history', 'home');
  expect([code, aside]).toEqual([
    0,
    `${bench.at('state/home.history')}: left out what cannot be read: line 2, 3\n`,
  ]);
  expect(out).toContain('stopped');
});

test.each([
  { words: ['home', '--at', '2026-11-22T11:59Z'], code: 66, says: 'begins at 2026-11-22T12:00' },
  { words: ['home', '--at', '9'], code: 66, says: 'no record 9 of home' },
  { words: ['home', '--at', 'lately'], code: 64, says: 'lately is no time' },
  { words: ['other', '--at', '1'], code: 66, says: 'other' },
  { words: ['home', '--at', '2'], code: 66, says: 'record 2 of' },
])('log diff $words: $says', async ({ words, code, says }) => {
  record('12:00', 'resumed', []);
  fs.appendFileSync(
    bench.at('state/home.history'),
    fs
      .readFileSync(bench.at('state/home.history'), 'utf8')
      .replace(/"number":1(.*)"bits":.*/, '"number":2$1"bits":null}'),
  );
  const ran = await bench.log('diff', ...words);
  expect([ran.code, ran.aside]).toEqual([code, expect.stringContaining(says)]);
});

test('--at without a mirror is refused', async () => {
  const { code, aside } = await bench.log('dump', '--at', '1');
  expect([code, aside]).toEqual([64, expect.stringContaining('give its name')]);
});

test('it goes when the mirror is removed', async () => {
  record('12:00', 'resumed', []);
  const { out } = await bench.run('remove', 'home', '--yes');
  expect(out).toContain(`removed ${path.join(bench.at('state'), 'home.history')}`);
  expect(fs.existsSync(bench.at('state/home.history'))).toBe(false);
});
