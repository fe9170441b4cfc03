/**
 * Failures that nobody injects: file systems that are full, a leg that is deleted under the mirror, a
 * block device whose sectors cannot be read. What needs root, mounts or loop devices is skipped where
 * there are none, with the reason printed.
 */
import {
  copyFileSync,
  readFileSync,
  rmSync,
  statfsSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { NbdClient } from '../../src/nbd-client/nbd-client.ts';
import {
  attachLoop,
  noLoopDevices,
  noMounts,
  smallFileSystem,
  testUnless,
} from '../devices/scratch-devices.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGION = 512 * KIB;
const BLOCK = 4 * KIB;
const block = (value: number) => Buffer.alloc(BLOCK, value);

/** Takes all the room that is left. */
function fill(directory: string): void {
  const { bavail, bsize } = statfsSync(directory);
  writeFileSync(path.join(directory, 'filler'), Buffer.alloc(bavail * bsize, 1));
}

async function activate(mirror: ScratchMirror): Promise<NbdClient> {
  await mirror.activate('--io-timeout', '5');
  return mirror.connect();
}

const failure = (request: Promise<unknown>) =>
  request.then(
    () => 'no failure',
    (error) => error.message,
  );

describe('a file system that is full', () => {
  testUnless(noMounts)('under one leg: writes go on, and that leg has missed them', async () => {
    const small = smallFileSystem(SIZE);
    const directory = scratchDirectory();
    const legs = [makeFile(path.join(directory, '0.img'), SIZE, 'zero'), path.join(small, '1.img')];
    writeFileSync(legs[1] ?? '', '');
    truncateSync(legs[1] ?? '', SIZE);
    const mirror = new ScratchMirror(directory, legs);
    await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
    const client = await activate(mirror);
    fill(small);
    await client.write(3 * REGION, block(1));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['7/8 AD A', 'f7']);
    rmSync(path.join(small, 'filler'));
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
  });

  testUnless(noMounts)('under every leg: the client hears that there is no space', async () => {
    const small = smallFileSystem(2 * SIZE);
    const legs = [0, 1].map((leg) => path.join(small, `${leg}.img`));
    for (const leg of legs) {
      writeFileSync(leg, '');
      truncateSync(leg, SIZE);
    }
    const mirror = new ScratchMirror(scratchDirectory(), legs);
    await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
    const client = await activate(mirror);
    fill(small);
    expect(await failure(client.write(3 * REGION, block(1)))).toMatch(/error 28$/);
    expect(Buffer.from(await client.read(3 * REGION, BLOCK)).every((byte) => byte === 0)).toBe(
      true,
    );
    client.close();
  });

  testUnless(noMounts)('under the log: the activation fails, and says which log', async () => {
    const small = smallFileSystem(64 * KIB);
    const directory = scratchDirectory();
    const legs = [0, 1].map((leg) => makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'));
    const mirror = new ScratchMirror(directory, legs);
    const log = path.join(small, 'm.log');
    await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync', '--log', log);
    fill(small);
    const { exitCode, stderr } = await mirror.run('activate', 'm', '--detach');
    expect([exitCode, stderr]).toEqual([74, expect.stringMatching(/m\.log.*\[LOG_WRITE_FAILED\]/)]);
    rmSync(path.join(small, 'filler'));
    await activate(mirror).then((client) => client.close());
    await mirror.inSync();
  });

  testUnless(noMounts)(
    'under the sidecar: what cannot be remembered is not acknowledged',
    async () => {
      const small = smallFileSystem(256 * KIB);
      const directory = scratchDirectory();
      const legs = [0, 1].map((leg) => makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'));
      const mirror = new ScratchMirror(directory, legs, path.join(small, 'state'));
      await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
      await mirror.activate('--inject', '1:write:eio');
      const client = await mirror.connect();
      await mirror.do('recovery', 'pause', 'm');
      fill(small);
      expect(await failure(client.write(3 * REGION, block(1)))).not.toBe('no failure');
      rmSync(path.join(small, 'filler'));
      await client.write(3 * REGION, block(2));
      const sidecar = JSON.parse(readFileSync(path.join(mirror.stateDir, 'm.state.json'), 'utf8'));
      expect(sidecar).toMatchObject({
        primary: 0,
        legs: [{ missesSince: null }, { missesSince: 1 }],
      });
      expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['7/8 AD A', 'f7']);
      client.close();
    },
  );
});

test('a leg that is deleted while it is used goes on until the mirror stops, and is missed then', async () => {
  const directory = scratchDirectory();
  const legs = [0, 1].map((leg) => makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'));
  const mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
  const client = await activate(mirror);
  unlinkSync(legs[1] ?? '');
  await client.write(3 * REGION, block(1));
  expect(await mirror.dm()).toBe('8/8 AA A');
  client.close();
  await mirror.do('deactivate', 'm');
  expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('does not exist');
  makeFile(legs[1] ?? '', SIZE, 'random');
  await activate(mirror).then((again) => again.close());
  await mirror.inSync();
  await mirror.do('deactivate', 'm');
  expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
});

describe('a block device', () => {
  testUnless(noLoopDevices)('whose sectors cannot be read: the other leg answers', async () => {
    const directory = scratchDirectory();
    const image = makeFile(path.join(directory, 'disk.img'), SIZE, 'random');
    const other = path.join(directory, '1.img');
    copyFileSync(image, other);
    const mirror = new ScratchMirror(directory, [attachLoop(image), other]);
    const policy = ['--nosync', '--read-policy', 'primary'];
    await mirror.do('create', 'm', ...mirror.legs, '--region-size', '512k', ...policy);
    const client = await activate(mirror);
    // The device still says that it has all its sectors; those of the second half are gone.
    truncateSync(image, SIZE / 2);
    for (let region = 0; region < 8; region += 1) {
      const read = Buffer.from(await client.read(region * REGION, BLOCK));
      const wanted = readFileSync(other).subarray(region * REGION, region * REGION + BLOCK);
      expect(read.equals(wanted), `region ${region}`).toBe(true);
    }
    const [leg] = (await mirror.status()).legs;
    expect(leg?.readErrors).toBeGreaterThan(0);
    client.close();
    expect((await mirror.run('deactivate', 'm')).exitCode).toBe(0);
  });

  testUnless(noLoopDevices ?? noMounts)('that loses its cache: the flush says so', async () => {
    const small = smallFileSystem(SIZE);
    const image = path.join(small, 'disk.img');
    writeFileSync(image, '');
    truncateSync(image, SIZE);
    const directory = scratchDirectory();
    const legs = [makeFile(path.join(directory, '0.img'), SIZE, 'zero'), attachLoop(image)];
    const mirror = new ScratchMirror(directory, legs);
    await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync');
    const client = await activate(mirror);
    await mirror.do('recovery', 'pause', 'm');
    fill(small);
    await client.write(3 * REGION, block(1));
    await client.flush();
    const { legs: states, inSyncRegions } = await mirror.status();
    expect([states[1]?.letter, inSyncRegions, mirror.logBits(1)]).toEqual(['F', 7, 'f7']);
    client.close();
    expect((await mirror.run('deactivate', 'm')).exitCode).toBe(0);
    expect(mirror.logBits(1)).toBe('f7');
  });
});
