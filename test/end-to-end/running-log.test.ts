/** The log of a mirror while it runs, with the real program: one moment of it, and its history. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const REGION = 512 * KIB;

async function newMirror(...flags: string[]): Promise<ScratchMirror> {
  const directory = scratchDirectory();
  const legs = ['a.img', 'b.img'].map((name) =>
    makeFile(path.join(directory, name), 4 * MIB, 'zero'),
  );
  const mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync', ...flags);
  return mirror;
}

/** Leg 1 misses the write, so region 3 stays dirty. */
async function activateWithRegion3Dirty(mirror: ScratchMirror): Promise<void> {
  await mirror.activate('--inject', '1:write:eio');
  const client = await mirror.connect();
  await client.write(3 * REGION, Buffer.alloc(4096, 1));
  client.close();
}

test.each([
  { log: 'core', flags: ['--log', 'core'] },
  { log: 'disk', flags: [] },
])('a running mirror gives its $log log as it is at one moment', async ({ flags }) => {
  const mirror = await newMirror(...flags);
  await activateWithRegion3Dirty(mirror);
  expect(JSON.parse(await mirror.do('log', 'dump', '--live', 'm', '--json'))).toMatchObject({
    ...{ headerState: 'normal', regionCount: 8, regionSizeBytes: REGION, imageBytes: 1536 },
    ...{ path: 'the running log of m', dirtyRuns: [{ first: 3, count: 1 }], otherBytes: [] },
  });
  const verified = JSON.parse((await mirror.run('log', 'verify', '--live', 'm', '--json')).stdout);
  expect(verified.findings.map(({ id }: { id: string }) => id)).toContain('LEG_MISSES_WRITES');
});

test('what a running mirror gives is what its log on disk says', async () => {
  const mirror = await newMirror();
  await activateWithRegion3Dirty(mirror);
  const saved = path.join(mirror.directory, 'saved.log');
  writeFileSync(saved, readFileSync(mirror.logFile));
  const { exitCode, stdout } = await mirror.run('log', 'diff', saved, '--live', 'm');
  expect([exitCode, stdout]).toEqual([0, `${saved} and the running log of m say the same`]);
});

async function momentsOf(mirror: ScratchMirror) {
  const { records } = JSON.parse(await mirror.do('log', 'history', 'm', '--json'));
  return records.map(({ moment, session, cleanRegions }: Readonly<Record<string, unknown>>) => [
    ...[moment, session, cleanRegions],
  ]);
}

test('a running mirror keeps a history of its log, across activations', async () => {
  const mirror = await newMirror();
  await activateWithRegion3Dirty(mirror);
  await mirror.do('deactivate', 'm');
  await mirror.activate();
  await mirror.inSync();
  await mirror.do('deactivate', 'm');
  const moments = await momentsOf(mirror);
  expect(moments.slice(0, 3)).toEqual([
    ['resumed', 1, 8],
    ['leg-failed', 1, 7],
    ['stopped', 1, 7],
  ]);
  expect(moments.slice(3)).toContainEqual(['found', 2, 7]);
  expect(moments.slice(3)).toContainEqual(['resumed', 2, 7]);
  expect(moments.at(-1)).toEqual(['stopped', 2, 8]);
  const { stdout } = await mirror.run('log', 'diff', 'm', '--at', '3');
  expect(stdout).toContain('turned clean: 1 region\n    3');
});

test('a mirror whose history cannot be kept works as well, and says so', async () => {
  const mirror = await newMirror();
  mkdirSync(path.join(mirror.stateDir, 'm.history'));
  await activateWithRegion3Dirty(mirror);
  expect(await mirror.do('events', 'm')).toContain('the history of its log is no longer kept');
  await mirror.do('deactivate', 'm');
  expect(mirror.logBits(1)).toBe('f7');
});
