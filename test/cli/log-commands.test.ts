/** `log dump` and `log verify` as they are typed: where a log may be, and what exit codes mean. */
import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { byteCount, legIndex } from '../../src/geometry/units.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { MIRROR_SPEC_SCHEMA } from '../../src/mirror-set/mirror-spec.ts';
import { unpacked } from '../forensics/lvm-fixtures.ts';
import { LogBench } from './log-bench.ts';

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
});
afterEach(() => bench.remove());

const UUID = '5f0c9d8a-57c1-4c0e-9a54-6d2f6f2f9d11';

function define(name: string, log: MirrorSpec['log']): void {
  const leg = (file: string) => ({ path: bench.at(file), offsetBytes: byteCount(0) });
  const spec: MirrorSpec = {
    schema: MIRROR_SPEC_SCHEMA,
    ...{ name, uuid: UUID },
    ...{ sizeBytes: byteCount(128 << 19), regionSizeBytes: byteCount(1 << 19), log },
    ...{ legs: [leg('a.img'), leg('b.img')], source: legIndex(0), syncIntent: null },
    ...{ logIntent: null, handleErrors: true, holdOnFailure: false, onLogFailure: 'core' },
    ...{ readPolicy: 'queue', readOnly: false },
  };
  fs.mkdirSync(bench.at('state'), { recursive: true });
  fs.writeFileSync(bench.at(`state/${name}.json`), JSON.stringify(spec));
}

describe('where a log may be', () => {
  test('in a file', async () => {
    bench.kernelLog('dirty-inflight-crash');
    const { code, report } = await bench.json('dump', 'dirty-inflight-crash.log', '--size', '64m');
    expect(code).toBe(0);
    expect(report).toMatchObject({ regionCount: 128, dirtyRegions: 8, regionSizeBytes: 1 << 19 });
  });

  test('inside an image, from an offset on', async () => {
    const log = fs.readFileSync(bench.kernelLog('dirty-inflight-crash'));
    bench.write('pv.img', Buffer.concat([Buffer.alloc(1 << 20, 0xee), log]));
    const { report } = await bench.json('dump', 'pv.img@1m');
    expect(report).toMatchObject({ path: 'pv.img@1m', regionCount: 128, dirtyRegions: 8 });
    const past = await bench.json('verify', 'pv.img@2g');
    expect(past.report.findings[0]).toMatchObject({ id: 'LOG_TRUNCATED' });
  });

  test('a file whose name has an @ in it comes before an offset', async () => {
    fs.renameSync(bench.kernelLog('dirty-inflight-crash'), bench.at('m0@512'));
    const { report } = await bench.json('dump', 'm0@512');
    expect(report).toMatchObject({ magicOk: true, regionCount: 128 });
  });
});

describe('the name of a mirror stands for', () => {
  test('its log, with the geometry of its definition', async () => {
    const log = bench.kernelLog('dirty-inflight-crash');
    define('m0', { type: 'disk', path: log, ours: true });
    const { report } = await bench.json('dump', 'm0');
    expect(report).toMatchObject({
      ...{ path: log, mirrorSizeBytes: 64 << 20, regionSizeBytes: 1 << 19 },
      ...{ regionSizeInferred: false, factsFrom: 'the definition of m0' },
    });
    const overruled = await bench.json('dump', 'm0', '--region-size', '1m');
    expect(overruled.report.factsFrom).toBe('--region-size, the definition of m0');
    expect(overruled.report.mirrorctlOnResume).toContain('refuses it');
  });

  test('its log, with what its sidecar remembers', async () => {
    const log = bench.kernelLog('dirty-inflight-crash');
    define('m0', { type: 'disk', path: log, ours: true });
    const sidecar = {
      ...{ schema: 'mirrorctl.sidecar/1', uuid: UUID, session: 3, open: true, primary: 0 },
      ...{ legs: [{ missesSince: null }, { missesSince: 2 }], logTrusted: false },
      ...{ sizeBytes: 128 << 19, regionSizeBytes: 1 << 19, regionCount: 128 },
    };
    fs.writeFileSync(bench.at('state/m0.state.json'), JSON.stringify(sidecar));
    const { code, report } = await bench.json('verify', 'm0');
    const ids = report.findings.map(({ id }: { id: string }) => id);
    expect([code, ids]).toEqual([1, ['LOG_NOT_TRUSTED', 'LEG_MISSES_WRITES', 'MIRROR_NOT_CLOSED']]);
    expect(JSON.stringify(report)).toContain('leg 1 misses writes');
    const dump = await bench.json('dump', 'm0');
    expect(dump.report.kernelOnResume).toContain('copies 8 regions');
    expect(dump.report.mirrorctlOnResume).toContain('copies 128 regions');
  });

  test('nothing where the log is kept in memory', async () => {
    define('m1', { type: 'core' });
    const { code, aside } = await bench.log('dump', 'm1');
    expect([code, aside]).toEqual([66, expect.stringContaining('[LOG_NOT_FOUND]')]);
  });
});

describe('a log may also come from', () => {
  test('standard input', async () => {
    const log = fs.readFileSync(bench.kernelLog('dirty-inflight-crash'));
    const start = path.resolve(import.meta.dirname, '../../src/cli/start.ts');
    const options = { input: log, reject: false };
    const piped = await execa(process.execPath, [start, 'log', 'dump', '-', '--json'], options);
    expect(JSON.parse(piped.stdout)).toMatchObject({ path: 'standard input', dirtyRegions: 8 });
  });

  test('anywhere, while a table line says what the mirror is', async () => {
    bench.kernelLog('dirty-inflight-crash');
    const table = 'm0: 0 131072 mirror disk 2 /dev/vdc 1024 2 /dev/vda 0 /dev/vdb 0';
    const { report } = await bench.json('dump', 'dirty-inflight-crash.log', '--table', table);
    expect(report).toMatchObject({ regionSizeBytes: 1 << 19, factsFrom: '--table' });
  });
});

describe('log verify', () => {
  test('ends with 0 where nothing serious was found, also with remarks', async () => {
    bench.kernelLog('synced-removed-on-garbage');
    const { code, report } = await bench.json('verify', 'synced-removed-on-garbage.log');
    expect(code).toBe(0);
    expect(report).toMatchObject({ schema: 'mirrorctl.log-verify/1', level: 'plausibility' });
    expect(report.findings.length).toBeGreaterThan(0);
  });

  test('ends with 1 where there is a finding', async () => {
    bench.kernelLog('version-3-crash');
    const { code, out } = await bench.log('verify', 'version-3-crash.log');
    expect(code).toBe(1);
    expect(out).toMatch(/^critical {2}LOG_VERSION_UNSUPPORTED: /);
  });

  test('looks only as deep as it is told', async () => {
    bench.kernelLog('fresh-on-garbage-crash');
    const { report } = await bench.json(
      'verify',
      'fresh-on-garbage-crash.log',
      '--level',
      'header',
    );
    expect(report).toMatchObject({ level: 'header', findings: [] });
  });

  test('takes the block size of the device that a copy came from', async () => {
    bench.write('short.log', fs.readFileSync(bench.kernelLog('synced-removed')).subarray(0, 1536));
    expect((await bench.json('verify', 'short.log')).code).toBe(0);
    const { report } = await bench.json('verify', 'short.log', '--block-size', '4k');
    expect(report.findings[0]).toMatchObject({ id: 'LOG_TRUNCATED' });
  });
});

test('nothing of the log changes, no time stamp either', async () => {
  const log = bench.kernelLog('dirty-inflight-crash');
  fs.utimesSync(log, 1_000_000_000, 1_000_000_000);
  const before = [fs.readFileSync(log), fs.statSync(log)] as const;
  await bench.log('dump', log);
  await bench.log('verify', log);
  expect(fs.readFileSync(log)).toEqual(before[0]);
  expect(fs.statSync(log)).toMatchObject({
    mtimeMs: before[1].mtimeMs,
    ctimeMs: before[1].ctimeMs,
  });
});

describe.each(['dump', 'verify'])('log %s refuses', (verb) => {
  test.each([
    { words: [], code: 64, says: 'LOG is missing' },
    { words: ['none.log'], code: 66, says: 'no log none.log' },
    { words: ['none.img@1m'], code: 66, says: 'none.img does not exist' },
    { words: ['none.img@1mb'], code: 64, says: 'powers of 1000' },
    { words: ['.'], code: 74, says: 'directory' },
    { words: ['l', '--size', '10kb'], code: 64, says: '--size' },
    { words: ['l', '--size', '64m', '--region-size', '1000'], code: 65, says: 'power of two' },
    { words: ['l', '--table', 'nonsense'], code: 65, says: 'word 1' },
    {
      words: ['l', '--size', '1m', '--table', '0 8192 mirror core 1 1024 2 a 0 b 0'],
      ...{ code: 64, says: '--table' },
    },
    { words: ['l', '--block-size', '1000'], code: 64, says: '--block-size' },
    { words: ['l', '--level', 'deep'], code: 64, says: '--level' },
  ])('$words', async ({ words, code, says }) => {
    bench.write('l', new Uint8Array(2048));
    const ran = await bench.log(verb, ...words);
    expect([ran.code, ran.out]).toEqual([code, '']);
    expect(ran.aside).toContain(says);
    expect(ran.aside.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('log diff', () => {
  test('ends with 0 where logs say the same and with 1 where they differ', async () => {
    bench.kernelLog('synced-removed');
    bench.kernelLog('dirty-inflight-crash');
    const same = await bench.log('diff', 'synced-removed.log', 'synced-removed.log');
    expect([same.code, same.out]).toEqual([0, expect.stringContaining('say the same')]);
    const words = ['diff', 'synced-removed.log', 'dirty-inflight-crash.log'];
    const { code, report } = await bench.json(...words);
    expect([code, report.schema, report.same]).toEqual([1, 'mirrorctl.log-diff/1', false]);
    expect(report.runs[0]).toEqual({ first: 5, count: 1, change: 'turned-dirty' });
  });

  test('says which of the two is missing', async () => {
    bench.kernelLog('synced-removed');
    const { code, aside } = await bench.log('diff', 'synced-removed.log', 'none.log');
    expect([code, aside]).toEqual([66, expect.stringContaining('no log none.log')]);
  });
});

test('log explain names the bytes, in text and in JSON', async () => {
  bench.kernelLog('shrunk-128-to-40');
  const { code, out } = await bench.log('explain', 'shrunk-128-to-40.log');
  expect(code).toBe(0);
  expect(out).toContain('40 regions, as many as the mirror had at the last resume');
  const { report } = await bench.json('explain', 'shrunk-128-to-40.log', '--size', '20m');
  expect(report.ranges).toContainEqual(expect.objectContaining({ name: 'slack', first: 1032 }));
  expect(report.kernel).toBe('copies nothing');
});

describe('md’s bitmaps', () => {
  test('are dumped and verified inside a member', async () => {
    bench.write('member.img', unpacked('md-crash/vda.img.gz'));
    const { code, report } = await bench.json('dump', 'member.img');
    expect([code, report.schema, report.dirtyChunks]).toEqual([0, 'mirrorctl.md-bitmap/1', 4]);
    expect((await bench.log('dump', 'member.img')).out).toContain('chunks 2,31-32,100');
    expect((await bench.json('verify', 'member.img')).report.findings).toEqual([]);
  });

  test('in a file, at the end of a member, or at an offset, too', async () => {
    const member = unpacked('md-internal/just-written-vda-first64k.bin.gz');
    bench.write('bitmap', member.slice(8192, 8192 + 286));
    bench.write('disk.img', Buffer.concat([Buffer.alloc(4096, 1), member]));
    bench.write('old.img', unpacked('md-metadata10/vda.img.gz'));
    const chunks = async (word: string) => (await bench.json('dump', word)).report.chunkCount;
    expect(await Promise.all(['bitmap', 'disk.img@4k', 'old.img'].map(chunks))).toEqual([
      240, 240, 255,
    ]);
  });

  test('are not changed, compared or drawn', async () => {
    bench.write('bitmap', unpacked('md-internal/stopped-vda-first64k.bin.gz').slice(8192, 8500));
    expect((await bench.log('dump', 'bitmap', '--format', 'csv')).aside).toContain('text or json');
    expect((await bench.log('verify', 'bitmap', '--legs', 'a', 'b')).aside).toContain('md bitmap');
    expect((await bench.log('edit', 'bitmap', '--set-dirty', '1', '--yes')).code).toBe(65);
  });

  test('a finding ends with 1', async () => {
    const bitmap = unpacked('md-internal/stopped-vda-first64k.bin.gz').slice(8192, 8500);
    bench.write('bitmap', bitmap.with(48, 2));
    const { code, out } = await bench.log('verify', 'bitmap');
    expect([code, out]).toEqual([1, expect.stringContaining('MD_STALE')]);
  });
});
