/**
 * A mirror that is defined read-only, as `import` does, with the real program: it is served and writes
 * nothing at all, until somebody says `--read-write`.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { lvmImage } from '../forensics/lvm-fixtures.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000 });

const REGION = 64 * KIB;
const LEG_AT = MIB;
/** The volumes that hold leg 0, leg 1 and the log. */
const VOLUMES = ['vda', 'vdb', 'vdc'];

/** LVM's mirror, by default after a crash: regions `dirty` may differ, and on leg 1 they do. */
async function importedMirror(
  session = 'lvm-dirtycrash',
): Promise<{ mirror: ScratchMirror; dirty: readonly number[] }> {
  const directory = scratchDirectory();
  const files = VOLUMES.map((disk) => path.join(directory, `${disk}.img`));
  const mirror = new ScratchMirror(directory, files.slice(0, 2));
  const log = ['log', 'dump', `${files[2]}@1m`, '--json'];
  for (const [index, file] of files.entries()) {
    writeFileSync(file, lvmImage(session, VOLUMES[index] ?? ''));
  }
  const { dirtyRuns } = JSON.parse(await mirror.do(...log));
  const dirty = dirtyRuns.flatMap(({ first, count }: { first: number; count: number }) =>
    Array.from({ length: count }, (_, at) => first + at),
  );
  const leg = readFileSync(files[1] ?? '');
  for (const region of dirty)
    leg.fill(0xbb, LEG_AT + region * REGION, LEG_AT + (region + 1) * REGION);
  writeFileSync(files[1] ?? '', leg);
  await mirror.do('import', 'm', '--lvm', ...files);
  return { mirror, dirty };
}

/** Bytes and time stamp of everything that a mirror is made of and of all it remembers. */
function everything({ directory, stateDir }: ScratchMirror) {
  const files = [
    ...VOLUMES.map((disk) => path.join(directory, `${disk}.img`)),
    ...readdirSync(stateDir)
      .filter((name) => /^m\.(json|state\.json|log|history)$/.test(name))
      .map((name) => path.join(stateDir, name)),
  ];
  return files.map((file) => ({
    file,
    modified: statSync(file, { bigint: true }).mtimeNs,
    bytes: readFileSync(file).toString('base64'),
  }));
}

const readRegion = async (mirror: ScratchMirror, region: number) => {
  const client = await mirror.connect();
  try {
    return Buffer.from(await client.read(region * REGION, REGION));
  } finally {
    client.close();
  }
};

const onLeg = (mirror: ScratchMirror, leg: number, region: number) =>
  readFileSync(mirror.legs[leg] ?? '').subarray(
    LEG_AT + region * REGION,
    LEG_AT + (region + 1) * REGION,
  );

test('an imported mirror is served without a byte being written anywhere', async () => {
  const { mirror, dirty } = await importedMirror();
  const before = everything(mirror);
  await mirror.activate();
  expect(dirty.length).toBe(3);
  // Often enough that a policy which spreads reads would take every leg.
  for (const region of [...dirty, ...dirty]) {
    expect(await readRegion(mirror, region)).toEqual(onLeg(mirror, 0, region));
  }
  const client = await mirror.connect();
  await expect(client.write(0, Buffer.alloc(4096))).rejects.toThrow(/1|EPERM|permitted/);
  client.close();
  const { inSyncRegions, recovery, attention } = await mirror.status();
  expect([inSyncRegions, recovery.active]).toEqual([93, false]);
  expect(attention.action).toContain('mirrorctl activate m --read-write');
  for (const words of [
    ['recovery', 'resume', 'm'],
    ['leg', 'fail', 'm', '1'],
  ]) {
    expect(await mirror.run(...words)).toMatchObject({ exitCode: 77 });
  }
  await mirror.do('deactivate', 'm');
  expect(everything(mirror)).toEqual(before);
});

test('a primary that fails is left, and nobody notes it down', async () => {
  const { mirror } = await importedMirror('lvm-disk');
  const before = everything(mirror);
  await mirror.activate('--inject', '0:read:eio', '--inject', '0:flush:eio');
  const client = await mirror.connect();
  expect(Buffer.from(await client.read(0, REGION))).toEqual(onLeg(mirror, 1, 0));
  await client.flush().catch(() => {});
  client.close();
  expect((await mirror.status()).legs[1]).toMatchObject({ primary: true });
  await mirror.do('deactivate', 'm');
  expect(everything(mirror)).toEqual(before);
});

test('with --read-write it is told what will be written, copied, and stays writable', async () => {
  const { mirror, dirty } = await importedMirror();
  const { stderr } = await mirror.run('activate', 'm', '--read-write', '--dry-run');
  expect(stderr).toContain('3 of 96 regions (192 KiB) will be copied from');
  expect(stderr).toContain('read-only no longer');
  await mirror.activate('--read-write');
  await mirror.inSync();
  await mirror.do('deactivate', 'm');
  for (const region of dirty) expect(onLeg(mirror, 1, region)).toEqual(onLeg(mirror, 0, region));
  expect(JSON.parse(await mirror.do('show', 'm', '--json')).definition.readOnly).toBe(false);
  await mirror.activate();
  const client = await mirror.connect();
  await client.write(0, Buffer.alloc(4096, 7));
  client.close();
});

test('--read-only and --read-write exclude each other', async () => {
  const { mirror } = await importedMirror();
  const ran = await mirror.run('activate', 'm', '--read-only', '--read-write');
  expect([ran.exitCode, ran.stderr]).toEqual([64, expect.stringContaining('contradict')]);
});
