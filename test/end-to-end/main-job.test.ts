/**
 * The main job with the real program, real files and real sockets: create, activate, write while it
 * recovers, die, come back, deactivate, and look at what lies on disk.
 */
import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

const REGION = 64 * KIB;
const SIZE = 8 * MIB;
const REGIONS = SIZE / REGION;

async function scratchMirror(legCount = 2): Promise<ScratchMirror> {
  const directory = scratchDirectory();
  const legs = Array.from({ length: legCount }, (_, leg) =>
    makeFile(path.join(directory, `${leg}.img`), SIZE, 'random'),
  );
  const mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '64k');
  return mirror;
}

describe('a mirror from create to deactivate', () => {
  test.each([2, 3, 9])(
    'of %i legs that differ ends with equal legs and a clean log',
    async (legs) => {
      const mirror = await scratchMirror(legs);
      await mirror.activate();
      const client = await mirror.connect();
      const block = Buffer.alloc(4096, 0x5a);
      for (let at = 0; at < SIZE; at += 300_000) await client.write(at, block);
      await mirror.inSync();
      expect(Buffer.from(await client.read(300_000, 4096))).toEqual(block);
      client.close();
      expect((await mirror.status()).health).toBe('ok');
      await mirror.do('deactivate', 'm');
      expect(mirror.legsAreEqual()).toBe(true);
      expect(mirror.logBits(REGIONS / 8)).toBe('ff'.repeat(REGIONS / 8));
    },
  );

  test('the second activation copies nothing', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    const { stderr } = await mirror.run('activate', 'm', '-n');
    expect(stderr).toContain(`all ${REGIONS} regions are in sync`);
  });

  test('a dry run of activate changes neither log nor legs nor state', async () => {
    const mirror = await scratchMirror();
    const before = statSync(mirror.logFile).mtimeMs;
    const { exitCode, stderr } = await mirror.run('activate', 'm', '-n');
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`${REGIONS} of ${REGIONS} regions (8 MiB) will be copied`);
    expect(statSync(mirror.logFile).mtimeMs).toBe(before);
  });
});

describe('a mirror that is killed', () => {
  test('copies exactly the regions that were being written, and the legs are equal', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    await mirror.activate();
    const written = [3, 4, 17, 100];
    const client = await mirror.connect();
    for (const region of written) await client.write(region * REGION, Buffer.alloc(4096, region));
    await client.flush();
    await mirror.kill();

    const { stderr } = await mirror.run('activate', 'm', '-n');
    expect(stderr).toContain(`${written.length} of ${REGIONS} regions (256 KiB) will be copied`);
    await mirror.activate();
    await mirror.inSync();
    const again = await mirror.connect();
    for (const region of written) {
      expect(Buffer.from(await again.read(region * REGION, 4096))).toEqual(
        Buffer.alloc(4096, region),
      );
    }
    again.close();
    await mirror.do('deactivate', 'm');
    expect(mirror.legsAreEqual()).toBe(true);
  });

  test('during recovery goes on where the log says', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    await mirror.do('recovery', 'throttle', 'm', '512k');
    await mirror.kill();
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect(mirror.legsAreEqual()).toBe(true);
  });

  test('leaves nothing behind that stops the next activation', async () => {
    const mirror = await scratchMirror();
    for (let round = 0; round < 3; round += 1) {
      await mirror.activate();
      await mirror.kill();
    }
    await mirror.activate();
    expect((await mirror.status()).active).toBe(true);
  });
});

describe('what is in use', () => {
  test('a second activation is refused and names the process', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    const { pid } = await mirror.status();
    const { exitCode, stderr } = await mirror.run('activate', 'm');
    expect(exitCode).toBe(75);
    expect(stderr).toContain(`[MIRROR_ACTIVE]`);
    expect(stderr).toContain(String(pid));
  });

  test('a leg of an active mirror cannot be used by another one', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    const other = makeFile(path.join(mirror.directory, 'other.img'), SIZE, 'zero');
    const [leg = ''] = mirror.legs;
    const elsewhere = ['--state-dir', path.join(mirror.directory, 'elsewhere')];
    const here = await mirror.run('create', 'n', other, leg);
    expect(here.stderr).toContain('[LEG_GIVEN_TWICE]');
    await mirror.do('create', 'n', other, leg, ...elsewhere);
    const there = await mirror.run('activate', 'n', ...elsewhere);
    expect(there.exitCode).toBe(75);
    expect(there.stderr).toContain('[LEG_LOCKED]');
  });
});

describe('SIGTERM', () => {
  test('is an orderly deactivation', async () => {
    const mirror = await scratchMirror();
    await mirror.activate();
    await mirror.inSync();
    const client = await mirror.connect();
    await client.write(0, Buffer.alloc(4096, 1));
    const { pid } = await mirror.status();
    process.kill(pid ?? 0, 'SIGTERM');
    await expect
      .poll(() => mirror.logBits(REGIONS / 8), { timeout: 20_000 })
      .toBe('ff'.repeat(REGIONS / 8));
    expect(mirror.legsAreEqual()).toBe(true);
  });
});
