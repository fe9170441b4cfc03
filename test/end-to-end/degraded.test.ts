/** Legs that are missing, exchanged, or taken out of service, with the real program. */
import { copyFileSync, readFileSync, renameSync, truncateSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGION = 512 * KIB;
const block = (value: number) => Buffer.alloc(4 * KIB, value);

let mirror: ScratchMirror;
let legs: readonly [string, string, string];

async function newMirror(legCount: number): Promise<void> {
  const directory = scratchDirectory();
  const paths = Array.from({ length: legCount }, (_, leg) =>
    makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'),
  );
  legs = [paths[0] ?? '', paths[1] ?? '', paths[2] ?? ''];
  mirror = new ScratchMirror(directory, paths);
  await mirror.do('create', 'm', ...paths, '--region-size', '512k', '--nosync');
  await mirror.activate();
  await mirror.do('deactivate', 'm');
}

async function writeTo(...regions: number[]): Promise<void> {
  const client = await mirror.connect();
  for (const region of regions) await client.write(region * REGION, block(region + 1));
  await client.flush();
  client.close();
}

async function firstByte(region: number): Promise<number | undefined> {
  const client = await mirror.connect();
  const [byte] = await client.read(region * REGION, 4 * KIB);
  client.close();
  return byte;
}

const plan = async (...words: string[]) =>
  (await mirror.run('activate', 'm', '-n', ...words)).stderr;
const dm = async () =>
  (await mirror.do('status', 'm', '--format', 'dm')).trim().split(' ').slice(7, 10).join(' ');
const away = (leg: string) => renameSync(leg, `${leg}.away`);
const back = (leg: string) => renameSync(`${leg}.away`, leg);

describe('a leg that is not there', () => {
  beforeEach(() => newMirror(2));

  test('does not stop the mirror, and gets only what it missed when it is back', async () => {
    away(legs[1]);
    await mirror.activate();
    expect(await dm()).toBe('8/8 1 AD');
    await writeTo(2, 5);
    const {
      health,
      activity,
      legs: [, leg],
      attention,
    } = await mirror.status();
    expect([health, activity, leg?.state]).toEqual(['degraded', 'idle', 'missing']);
    expect(attention.status).toContain(`${legs[1]} does not exist; 2 regions (1 MiB)`);
    expect([await firstByte(2), mirror.logBits(1)]).toEqual([3, 'db']);
    expect((await mirror.run('leg', 'clear', 'm', '1')).stderr).toContain('[LEG_NOT_FOUND]');
    expect(await mirror.do('events', 'm')).toContain(`${legs[1]} does not exist`);
    await mirror.do('deactivate', 'm');
    back(legs[1]);
    expect(await plan()).toContain('2 of 8 regions (1 MiB) will be copied from');
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
  });

  test.each([
    ['gone', (leg: string) => unlinkSync(leg), 'LEG_NOT_FOUND'],
    ['too small', (leg: string) => truncateSync(leg, SIZE - 1), 'LEG_TOO_SMALL'],
  ])('is refused with --degraded no: %s', async (_, harm, code) => {
    harm(legs[1]);
    expect(await plan()).toContain('degraded: leg');
    expect(await plan('--degraded', 'no')).toContain(`[${code}]`);
  });

  test('is refused when it is the source; naming the other one, which missed nothing, goes', async () => {
    away(legs[0]);
    expect(await plan()).toContain('[LEG_NOT_FOUND]');
    await mirror.activate('--source', '1');
    await writeTo(1);
    expect([
      await firstByte(1),
      (await mirror.status()).legs.map(({ primary }) => primary),
    ]).toEqual([2, [false, true]]);
    await mirror.do('deactivate', 'm');
    back(legs[0]);
    await mirror.activate();
    await mirror.inSync();
    expect(await firstByte(1)).toBe(2);
    await mirror.do('deactivate', 'm');
    expect(mirror.legsAreEqual()).toBe(true);
  });

  test('may be the source with --degraded yes: what is clean is on the other leg, which takes over', async () => {
    await mirror.activate();
    await writeTo(1);
    await mirror.do('deactivate', 'm');
    away(legs[0]);
    await mirror.activate('--degraded', 'yes');
    await writeTo(3);
    expect([await firstByte(1), await dm()]).toEqual([2, '7/8 1 DA']);
    await mirror.do('deactivate', 'm');
    back(legs[0]);
    expect(await plan()).toContain('1 of 8 regions (512 KiB) will be copied from');
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
  });

  test('and was the source of what the other missed: that is not read, and nothing written', async () => {
    away(legs[1]);
    await mirror.activate();
    await writeTo(2);
    await mirror.do('deactivate', 'm');
    back(legs[1]);
    away(legs[0]);
    await mirror.activate('--degraded', 'yes');
    await expect(firstByte(2)).rejects.toThrow();
    await expect(writeTo(0)).rejects.toThrow();
    expect([await firstByte(0), (await mirror.status()).health]).toEqual([0, 'failed']);
    // The source cannot be flushed, so the log stays as it is.
    expect((await mirror.run('deactivate', 'm')).exitCode).toBe(1);
    back(legs[0]);
    await mirror.activate();
    await mirror.inSync();
    expect(await firstByte(2)).toBe(3);
    await mirror.do('deactivate', 'm');
    expect(mirror.legsAreEqual()).toBe(true);
  });

  test('is refused with --degraded yes, if it is the source and nothing is known to be clean', async () => {
    away(legs[0]);
    expect(await plan('--degraded', 'yes', '--init-log')).toContain('[LEG_NOT_FOUND]');
    away(legs[1]);
    expect(await plan('--degraded', 'yes')).toContain('[LEG_NOT_FOUND]');
  });

  test('that missed writes is not taken as the source by itself', async () => {
    away(legs[1]);
    await mirror.activate();
    await writeTo(1);
    await mirror.do('deactivate', 'm');
    back(legs[1]);
    away(legs[0]);
    expect(await plan()).toContain('[LEG_NOT_FOUND]');
    expect(await plan('--source', '1')).toContain('[CONFIRMATION_NEEDED]');
  });
});

describe('a leg that is another file of the same name', () => {
  beforeEach(() => newMirror(3));

  test('holds nothing: all of it is copied, while the others keep what they hold', async () => {
    unlinkSync(legs[1]);
    makeFile(legs[1], SIZE, 'random');
    expect(await plan()).toContain(
      `8 of 8 regions (4 MiB) will be copied from ${legs[0]}: leg ${legs[1]} is not the file`,
    );
    await mirror.activate('--inject', '0:any:eio', '--inject', '1:write:eio');
    // Only leg 2 can answer: it did not lose its part because leg 1 is new.
    expect(await firstByte(3)).toBe(0);
    await mirror.kill();
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
    expect(await plan()).toContain('all 8 regions are in sync');
  });

  test('is no source unless its owner says so twice', async () => {
    copyFileSync(legs[0], `${legs[0]}.new`);
    renameSync(`${legs[0]}.new`, legs[0]);
    expect(await plan()).toContain('[CONFIRMATION_NEEDED]');
    expect(await plan('--source', '0')).toContain('[CONFIRMATION_NEEDED]');
    expect(await plan('--source', '0', '--yes')).toContain('8 of 8 regions');
    expect(await plan('--source', '1')).toContain('8 of 8 regions');
    expect((await mirror.status()).attention.status).toContain(
      'not the file or device that it was',
    );
  });
});

describe('a leg taken out of service', () => {
  beforeEach(() => newMirror(2));

  test('is not touched, and gets what it missed when it is cleared', async () => {
    await mirror.activate();
    await mirror.do('leg', 'fail', 'm', legs[1]);
    await writeTo(4);
    expect([await dm(), readFileSync(legs[1])[4 * REGION]]).toEqual(['7/8 1 AD', 0]);
    const {
      legs: [, leg],
      attention,
    } = await mirror.status();
    expect([leg?.state, attention.action]).toEqual(['out', 'mirrorctl leg clear m 1']);
    await mirror.do('leg', 'clear', 'm', '1');
    await mirror.inSync();
    expect(readFileSync(legs[1])[4 * REGION]).toBe(5);
    await mirror.do('deactivate', 'm');
    expect([mirror.legsAreEqual(), mirror.logBits(1)]).toEqual([true, 'ff']);
  });

  test('hands its part on if it is the primary', async () => {
    await mirror.activate();
    await writeTo(1);
    await mirror.do('leg', 'fail', 'm', '0');
    const status = await mirror.status();
    await writeTo(6);
    expect(status.legs.map(({ primary, state }) => [primary, state])).toEqual([
      [false, 'out'],
      [true, 'alive'],
    ]);
    expect([status.health, await firstByte(1), await firstByte(6)]).toEqual(['degraded', 2, 7]);
    await mirror.kill();
    await mirror.activate();
    await mirror.inSync();
    expect([await firstByte(6), readFileSync(legs[0])[6 * REGION]]).toEqual([7, 7]);
  });

  test('is refused when it has the only copy of something', async () => {
    await mirror.activate();
    await mirror.do('recovery', 'pause', 'm');
    await mirror.do('leg', 'fail', 'm', '1');
    await writeTo(4);
    const { exitCode, stderr } = await mirror.run('leg', 'fail', 'm', '0');
    expect([exitCode, stderr]).toEqual([75, expect.stringContaining('[LEG_NEEDED]')]);
    await mirror.do('leg', 'clear', 'm', '1');
    expect((await mirror.run('leg', 'fail', 'm', '0')).exitCode).toBe(75);
    expect(await firstByte(4)).toBe(5);
  });
});
