/**
 * A sidecar that is missing, damaged, of the future, of the past or of another mirror: recognised, and
 * what it may have known is never guessed in favour of being done. The mirror's second leg has missed a
 * write, and is the only other one there is.
 */
import { copyFileSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGION = 512 * KIB;

let mirror: ScratchMirror;
const file = () => path.join(mirror.stateDir, 'm.state.json');
const edit = (change: (known: Record<string, unknown>) => object) =>
  writeFileSync(file(), JSON.stringify(change(JSON.parse(readFileSync(file(), 'utf8')))));
const plan = async (...words: string[]) =>
  (await mirror.run('activate', 'm', '-n', ...words)).stderr;

beforeEach(async () => {
  const directory = scratchDirectory();
  const legs = [0, 1].map((leg) => makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'));
  mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
  await mirror.activate('--inject', '1:write:eio');
  const client = await mirror.connect();
  await client.write(3 * REGION, Buffer.alloc(4 * KIB, 1));
  client.close();
  await mirror.do('deactivate', 'm');
});

test('as it was left, it lets the one region be copied that was missed', async () => {
  expect(await plan()).toContain('1 of 8 regions (512 KiB)');
});

test.each<[string, () => void]>([
  ['missing', () => unlinkSync(file())],
  ['empty', () => writeFileSync(file(), '')],
  ['torn', () => writeFileSync(file(), readFileSync(file()).subarray(0, 100))],
  ['of a later version', () => edit((known) => ({ ...known, schema: 'mirrorctl.sidecar/99' }))],
  [
    'of another mirror',
    () => edit((known) => ({ ...known, uuid: '01234567-89ab-cdef-0123-456789abcdef' })),
  ],
])(
  '%s: nothing is activated before its owner says which leg is right; all is copied then',
  async (_, harm) => {
    harm();
    const before = readFileSync(mirror.logFile);
    const { exitCode, stderr } = await mirror.run('activate', 'm', '--detach');
    expect([exitCode, stderr]).toEqual([
      78,
      expect.stringContaining('[REGISTRY_INVALID]; name the leg'),
    ]);
    expect(readFileSync(mirror.logFile)).toEqual(before);
    expect(await plan('--source', '0')).toContain('8 of 8 regions (4 MiB)');
    await mirror.activate('--source', '0');
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
    expect(await plan()).toContain('all 8 regions are in sync');
  },
);

test('of the version before, it is read', async () => {
  edit(({ legs, ...known }) => ({
    ...known,
    schema: 'mirrorctl.sidecar/1',
    legs: (legs as { missesSince: unknown }[]).map(({ missesSince }) => ({ missesSince })),
  }));
  expect(await plan()).toContain('1 of 8 regions (512 KiB)');
});

test('that says not to believe the log is obeyed when it comes from a backup, too', async () => {
  const kept = `${file()}.kept`;
  edit((known) => ({ ...known, logTrusted: false }));
  copyFileSync(file(), kept);
  unlinkSync(file());
  copyFileSync(kept, file());
  expect(await plan()).toContain('8 of 8 regions (4 MiB)');
});
