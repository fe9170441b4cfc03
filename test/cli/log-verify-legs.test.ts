/** `log verify --legs`: the legs' data against the log's bits, from the command line on. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { LogBench } from './log-bench.ts';

const SIZE = 64 << 20;
const REGION = 512 << 10;
/** Of 128 regions these are dirty: 5, 17, 31-32, 63-64, 99, 127. */
const LOG = 'dirty-inflight-crash.log';

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.kernelLog('dirty-inflight-crash');
  bench.leg('a.img', SIZE, { 77: 1, [5 * REGION]: 2, [40 * REGION + 9]: 3 });
});
afterEach(() => bench.remove());

const idsOf = (report: { findings: { id: string; severity: string }[] }) =>
  report.findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);

describe('legs that differ', () => {
  test('only where the log says dirty give no finding that matters', async () => {
    bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 9, [40 * REGION + 9]: 3 });
    const { code, report } = await bench.json('verify', LOG, '--legs', 'a.img', 'b.img');
    expect([code, idsOf(report)]).toEqual([0, []]);
    expect(report).toMatchObject({ level: 'legs', comparedRegions: 128, regionCount: 128 });
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: 'LOG_DIRTY_AND_DIFFERENT', region: 5, regionCount: 1 }),
    );
    expect(report.findings).toContainEqual(
      expect.objectContaining({ id: 'LOG_DIRTY_BUT_EQUAL', region: 31, regionCount: 2 }),
    );
  });

  test('where the log says clean are critical', async () => {
    bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 2, [40 * REGION + 9]: 4 });
    const { code, report } = await bench.json('verify', LOG, '--legs', 'a.img', 'b.img');
    expect([code, idsOf(report)]).toEqual([1, ['LOG_CLEAN_BUT_DIFFERENT']]);
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        ...{ id: 'LOG_CLEAN_BUT_DIFFERENT', region: 40 },
        bytes: [40 * REGION, 41 * REGION],
      }),
    );
  });

  test('on one of three, and from offsets on, are found too', async () => {
    bench.leg('b.img', SIZE + 4096, { [4096 + 77]: 1, [4096 + 5 * REGION]: 2 });
    fs.copyFileSync(bench.at('a.img'), bench.at('c.img'));
    const { report } = await bench.json('verify', LOG, '--legs', 'a.img', 'c.img', 'b.img@4k');
    expect(idsOf(report)).toEqual(['LOG_CLEAN_BUT_ONE_SIDED']);
    expect(JSON.stringify(report)).toContain('leg 2 differs from leg 0 in 1 sector');
  });

  test('are no finding where a sample does not look', async () => {
    bench.leg('b.img', SIZE, { 77: 1 });
    const all = await bench.json('verify', LOG, '--legs', '--sample', '100%', 'a.img', 'b.img');
    expect(idsOf(all.report)).toEqual(['LOG_CLEAN_BUT_ONE_SIDED']);
    const some = await bench.json('verify', LOG, '--legs', '--sample', '2', 'a.img', 'b.img');
    expect(some.report.comparedRegions).toBe(3);
    expect(idsOf(some.report)).toEqual([]);
  });
});

describe('the geometry', () => {
  test('follows from the length of the legs', async () => {
    bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 2, [40 * REGION + 9]: 3 });
    const { report } = await bench.json('verify', LOG, '--legs', 'a.img', 'b.img');
    expect(report.findings).toContainEqual(expect.objectContaining({ id: 'REGION_SIZE_INFERRED' }));
  });

  test('is asked for where it does not', async () => {
    bench.leg('b.img', SIZE - 512 * 1024 - 512);
    const { code, aside } = await bench.log('verify', LOG, '--legs', 'a.img', 'b.img');
    expect([code, aside]).toEqual([65, expect.stringContaining('[GEOMETRY_INVALID]')]);
    const told = ['--region-size', '256k'];
    const half = await bench.json('verify', LOG, '--legs', ...told, 'a.img', 'b.img');
    expect(half.report).toMatchObject({ comparedRegions: 128 });
  });

  test('a leg shorter than the mirror is refused', async () => {
    bench.leg('b.img', SIZE - 512);
    const words = ['verify', LOG, '--legs', '--size', '64m', 'a.img', 'b.img'];
    expect((await bench.log(...words)).aside).toContain('[LEG_TOO_SMALL]');
  });
});

describe('a receipt', () => {
  const receipt = () => JSON.parse(fs.readFileSync(bench.at('receipt.json'), 'utf8'));
  const verify = () =>
    bench.log('verify', LOG, '--legs', '--receipt', 'receipt.json', 'a.img', 'b.img');

  beforeEach(() => {
    bench.leg('b.img', SIZE, { 77: 9, [50 * REGION]: 2 });
  });

  test('keeps what an interrupted comparison had found, and the next one goes on from there', async () => {
    bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted by SIGINT'));
    expect((await verify()).code).toBe(130);
    const { comparedBytes, complete, runs } = receipt();
    expect([complete, comparedBytes % REGION, comparedBytes > 0]).toEqual([false, 0, true]);
    expect(runs).toMatchObject([{ first: 0 }]);

    bench.interruption = new AbortController();
    const ran = await verify();
    expect(receipt()).toMatchObject({ complete: true, comparedBytes: SIZE });
    expect(receipt().runs.slice(0, 1)).toEqual(runs);
    expect(receipt().runs[1]).toMatchObject({ first: 5 });
    const { comparedRegions } = (await bench.json('verify', LOG, '--legs', 'a.img', 'b.img'))
      .report;
    expect(comparedRegions).toBe(128);
    expect(ran.out).toContain(`(${128 - comparedBytes / REGION} of 128 regions compared)`);
  });

  test('of legs that have changed since is not believed', async () => {
    await verify();
    bench.leg('b.img', SIZE, {});
    const { aside, out } = await verify();
    expect(aside).toContain('b.img is another or has changed; comparing from the start');
    expect(out).toContain('128 of 128 regions compared');
  });

  test('counts only whole regions as compared', async () => {
    const log = new Uint8Array(1536);
    log.set([0x72, 0x52, 0x69, 0x4d, 2, 0, 0, 0, 2]);
    bench.write('two.log', log);
    bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted by SIGINT'));
    const words = ['--legs', '--receipt', 'receipt.json', 'a.img', 'b.img'];
    expect((await bench.log('verify', 'two.log', ...words)).code).toBe(130);
    expect(receipt()).toMatchObject({ comparedBytes: 0, complete: false, runs: [] });
  });

  test('of a log that has changed since is not believed', async () => {
    await verify();
    bench.write(LOG, bench.read(LOG).with(1024, 0));
    expect((await verify()).aside).toContain('has changed; comparing from the start');
  });

  test('is never written over a file that is none', async () => {
    bench.write('receipt.json', Uint8Array.of(1, 2, 3));
    const { code, aside } = await verify();
    expect([code, aside]).toEqual([64, expect.stringContaining('is no receipt')]);
    expect([...bench.read('receipt.json')]).toEqual([1, 2, 3]);
  });
});

test('legs that were written to after the log was closed are mentioned', async () => {
  bench.kernelLog('synced-removed');
  const legs = ['a.img', 'b.img'];
  for (const leg of legs) bench.leg(leg, SIZE);
  const ids = async () => {
    const { report } = await bench.json('verify', 'synced-removed.log', '--legs', ...legs);
    return report.findings.map(({ id }: { id: string }) => id);
  };
  expect(await ids()).not.toContain('LEG_CHANGED_AFTER_LOG');
  fs.utimesSync(bench.at('synced-removed.log'), 1_000_000_000, 1_000_000_000);
  expect(await ids()).toContain('LEG_CHANGED_AFTER_LOG');
});

test('the way made is shown to a person who waits', async () => {
  bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 2, [40 * REGION + 9]: 3 });
  bench.asks = true;
  const { aside } = await bench.log('verify', LOG, '--legs', 'a.img', 'b.img');
  expect(aside).toMatch(/comparing legs {2}.* of 64 MiB, .*\/s, \d+:\d\d:\d\d to go\r/);
  // Erased, so that the answer begins a line of its own.
  expect(aside.endsWith('\r\u001b[K')).toBe(true);
});

test('legs that someone writes to are not compared', async () => {
  bench.leg('b.img', SIZE);
  const holder = spawn('python3', [
    '-c',
    'import fcntl,sys,time\nf=open(sys.argv[1],"r+b")\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint("held",flush=True)\nsys.stdin.read()',
    bench.at('b.img'),
  ]);
  await once(holder.stdout, 'data');
  const { code, aside } = await bench.log('verify', LOG, '--legs', 'a.img', 'b.img');
  holder.stdin.end();
  await once(holder, 'exit');
  expect([code, aside]).toEqual([75, expect.stringContaining('[LEG_LOCKED]')]);
});

test('nothing of the legs changes', async () => {
  bench.leg('b.img', SIZE, { 77: 9 });
  const before = execFileSync('sha256sum', [bench.at('a.img'), bench.at('b.img')]).toString();
  const times = ['a.img', 'b.img'].map((name) => fs.statSync(bench.at(name)).mtimeMs);
  await bench.log('verify', LOG, '--legs', 'a.img', 'b.img');
  expect(execFileSync('sha256sum', [bench.at('a.img'), bench.at('b.img')]).toString()).toBe(before);
  expect(['a.img', 'b.img'].map((name) => fs.statSync(bench.at(name)).mtimeMs)).toEqual(times);
});

test.each([
  { words: ['a.img', 'b.img'], says: 'not --legs' },
  { words: ['--legs'], says: 'two legs or more' },
  { words: ['--legs', 'a.img'], says: 'two legs or more' },
  { words: ['--legs', '--level', 'header', 'a.img', 'b.img'], says: 'deeper' },
  { words: ['--sample', '5'], says: '--sample is about comparing legs' },
  { words: ['--receipt', 'r'], says: '--receipt is about comparing legs' },
  { words: ['--legs', '--sample', '0', 'a.img', 'b.img'], says: 'no percentage' },
  { words: ['--legs', '--sample', '101', 'a.img', 'b.img'], says: 'no percentage' },
  {
    words: ['--legs', '--sample', '5', '--receipt', 'r', 'a.img', 'b.img'],
    says: 'proves nothing',
  },
])('$words is a usage error', async ({ words, says }) => {
  bench.leg('b.img', SIZE);
  const { code, out, aside } = await bench.log('verify', LOG, ...words);
  expect([code, out]).toEqual([64, '']);
  expect(aside).toContain(says);
});
