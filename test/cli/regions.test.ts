import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { RegionRun } from '../../src/control-protocol/control-request.ts';
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

const RUNS: readonly RegionRun[] = [
  { first: 0, count: 8, state: 'clean' },
  { first: 8, count: 4, state: 'dirty' },
  { first: 12, count: 1, state: 'recovering' },
  { first: 13, count: 1, state: 'quiescing' },
  { first: 14, count: 86, state: 'nosync' },
];

async function benchWithEngine(): Promise<Bench> {
  const bench = await benchWithMirror();
  await bench.engine('m0', async ({ ask }) =>
    ask === 'regions'
      ? { regions: RUNS, regionSizeBytes: 4 * KIB, sizeBytes: 397 * KIB }
      : { status: RUNNING },
  );
  return bench;
}

test('the engine knows the states of the regions', async () => {
  const bench = await benchWithEngine();
  expect((await bench.run('regions', 'm0')).out).toBe(
    [
      'FIRST  COUNT  OFFSET   BYTES  STATE',
      '    0      8       0   32768  clean',
      '    8      4   32768   16384  dirty',
      '   12      1   49152    4096  recovering',
      '   13      1   53248    4096  quiescing',
      '   14     86   57344  349184  nosync',
      '',
    ].join('\n'),
  );
  expect((await bench.json('regions', 'm0')).document).toMatchObject({
    ...{ schema: 'mirrorctl.regions/1', name: 'm0', from: 'engine' },
    ...{ sizeBytes: 397 * KIB, regionSizeBytes: 4 * KIB },
    regions: RUNS,
  });
});

test('--state chooses', async () => {
  const bench = await benchWithEngine();
  const { document } = await bench.json('regions', 'm0', '--state', 'nosync,quiescing');
  expect(document.regions).toEqual([
    { first: 13, count: 1, state: 'quiescing', offsetBytes: 53_248, lengthBytes: 4096 },
    { first: 14, count: 86, state: 'nosync', offsetBytes: 57_344, lengthBytes: 349_184 },
  ]);
  for (const states of ['wet', 'clean,', 'clean,wet']) {
    expect(await bench.run('regions', 'm0', '--state', states)).toMatchObject({
      code: 64,
      aside: expect.stringContaining('give clean, dirty, nosync, quiescing, recovering'),
    });
  }
});

test('without an engine the log is asked, as the next activation would believe it', async () => {
  const bench = await benchWithMirror();
  bench.setLog(100, 0xff, 0xf0);
  const { document } = await bench.json('regions', 'm0');
  expect(document.from).toBe('log');
  expect(document.regions).toEqual([
    { first: 0, count: 8, state: 'clean', offsetBytes: 0, lengthBytes: 32_768 },
    { first: 8, count: 4, state: 'nosync', offsetBytes: 32_768, lengthBytes: 16_384 },
    { first: 12, count: 4, state: 'clean', offsetBytes: 49_152, lengthBytes: 16_384 },
    { first: 16, count: 84, state: 'nosync', offsetBytes: 65_536, lengthBytes: 397 * KIB - 65_536 },
  ]);
});

test('a log that cannot be believed, and one that is in memory only, tell nothing', async () => {
  const bench = await benchWithMirror();
  writeFileSync(bench.at('state/m0.log'), 'x'.repeat(1536));
  expect((await bench.run('regions', 'm0')).code).toBe(65);
  const core = await benchWithMirror('--log', 'core');
  expect((await core.run('regions', 'm0')).code).toBe(69);
  expect((await core.run('why', 'm0', '1')).code).toBe(69);
});

test.each([
  ['100', 66, 'there is no region 100 [REGION_UNKNOWN]; regions are numbered 0 to 99'],
  ['99999999999999', 66, '[REGION_UNKNOWN]'],
  ['@397k', 66, 'byte 406528 is past its end [REGION_UNKNOWN]; the mirror has 406528 bytes'],
  ['-1', 64, '-1 is no region [USAGE]; give its number, or @OFFSET'],
  ['1.5', 64, '1.5 is no region'],
  ['first', 64, 'first is no region'],
  ['@', 64, '[SIZE_MALFORMED]'],
  ['@10kb', 64, '[SIZE_MALFORMED]'],
])('why refuses %s', async (region, code, text) => {
  const bench = await benchWithEngine();
  expect(await bench.run('why', 'm0', region)).toMatchObject({
    code,
    aside: expect.stringContaining(text),
  });
});
