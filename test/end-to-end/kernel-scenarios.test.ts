/**
 * What a kernel was seen to do with failing legs and logs, and what the real program does instead where
 * it is stricter: the status line as dm prints it, and the bits of the log. Two legs of 8 regions unless
 * said otherwise, in sync before anything fails.
 *
 * What a kernel does with the same is said where ours differs.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { NbdClient } from '../../src/nbd-client/nbd-client.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGIONS = 8;
const REGION = SIZE / REGIONS;
/** Sector 3072: in region 3. */
const AT = 3 * REGION;
const BLOCK = 4 * KIB;

let mirror: ScratchMirror;

async function newMirror(
  legCount: number,
  content: 'zero' | 'random',
  ...flags: string[]
): Promise<void> {
  const directory = scratchDirectory();
  const legs = Array.from({ length: legCount }, (_, leg) =>
    makeFile(path.join(directory, `${leg}.img`), SIZE, content),
  );
  mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '512k', ...flags);
}

async function activate(...faults: string[]): Promise<NbdClient> {
  await mirror.activate('--io-timeout', '1', ...faults.flatMap((fault) => ['--inject', fault]));
  return mirror.connect();
}

const block = (value: number) => Buffer.alloc(BLOCK, value);
const onLeg = (leg: number, at = AT) => readFileSync(mirror.legs[leg] ?? '')[at];

async function readBack(client: NbdClient, at = AT): Promise<number | undefined> {
  return Buffer.from(await client.read(at, BLOCK))[0];
}

/** No leg differs from another in a region that the log on disk calls clean. */
function expectCleanMeansEqual(): void {
  const bits = Number.parseInt(mirror.logBits(1), 16);
  const [one, ...others] = mirror.legs.map((leg) => readFileSync(leg));
  for (let region = 0; region < REGIONS; region += 1) {
    if ((bits & (1 << region)) === 0) continue;
    const range = [region * REGION, (region + 1) * REGION] as const;
    for (const other of others) {
      const isEqual = one?.subarray(...range).equals(other.subarray(...range));
      expect(isEqual, `region ${region} of ${mirror.logBits(1)}`).toBe(true);
    }
  }
}

describe('a leg that fails writes', () => {
  test('is replaced while writers go on, with what it missed', async () => {
    await newMirror(2, 'zero', '--nosync');
    const client = await activate('1:write:eio');
    await client.write(AT, block(1));
    await client.write(0, block(2));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['6/8 AD A', 'f6']);
    const spare = makeFile(path.join(mirror.directory, 'spare.img'), SIZE, 'random');
    await mirror.do('leg', 'replace', 'm', '1', spare);
    await mirror.inSync();
    await client.write(5 * REGION, block(3));
    client.close();
    await expect.poll(async () => (await mirror.status()).legs.length).toBe(2);
    await mirror.do('deactivate', 'm');
    const [kept, replaced] = [mirror.legs[0] ?? '', spare].map((leg) => readFileSync(leg));
    expect([kept?.equals(replaced ?? Buffer.of()), mirror.logBits(1)]).toEqual([true, 'ff']);
  });

  test('is back after a stop, and gets the one region that it missed', async () => {
    await newMirror(2, 'zero', '--nosync');
    const client = await activate('1:write:eio');
    await client.write(AT, block(1));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['7/8 AD A', 'f7']);
    client.close();
    await mirror.do('deactivate', 'm');
    expect(mirror.logBits(1)).toBe('f7');
    expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('1 of 8 regions (512 KiB)');
    await activate().then((again) => again.close());
    await mirror.inSync();
    expect(await mirror.dm()).toBe('8/8 AA A');
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), onLeg(1)]).toEqual(['ff', 1]);
  });

  test('without handle_errors: no event; later writes go to the other leg alone', async () => {
    await newMirror(2, 'zero', '--nosync', '--no-handle-errors');
    const client = await activate('1:write:eiox1', '1:write:eio');
    await mirror.do('recovery', 'pause', 'm');
    await client.write(AT, block(1));
    await client.write(AT, block(2));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['7/8 AD A', 'f7']);
    expect([onLeg(0), onLeg(1), await readBack(client)]).toEqual([2, 0, 2]);
    expect(await mirror.do('events', 'm')).not.toContain('a write failed');
    client.close();
    await mirror.do('deactivate', 'm');
    await activate().then((again) => again.close());
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('with keep_log: an event, and other regions are written on both legs', async () => {
    await newMirror(2, 'zero', '--nosync', '--keep-log');
    const client = await activate(`1:write:eio@${AT}+${BLOCK}`);
    await client.write(AT, block(1));
    await client.write(0, block(2));
    expect([await mirror.dm(), onLeg(0), onLeg(1)]).toEqual(['7/8 AD A', 1, 0]);
    expect([onLeg(0, 0), onLeg(1, 0)]).toEqual([2, 2]);
    expect(await mirror.do('events', 'm')).toContain('a write failed');
    client.close();
  });

  test('of three: is removed while writers go on, and the rest is in sync', async () => {
    await newMirror(3, 'zero', '--nosync');
    const client = await activate('2:write:eio');
    await client.write(AT, block(1));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['7/8 AAD A', 'f7']);
    await mirror.do('leg', 'remove', 'm', '2');
    await client.write(0, block(2));
    const { inSyncRegions, legs } = await mirror.status();
    expect([inSyncRegions, legs.map(({ letter }) => letter)]).toEqual([8, ['A', 'A']]);
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), onLeg(0), onLeg(1), onLeg(2)]).toEqual(['ff', 1, 1, 0]);
  });
});

describe('a region out of sync', () => {
  beforeEach(() => newMirror(2, 'zero', '--nosync'));

  test('is written on the primary alone, and its bit stays 0, also when the mirror stops', async () => {
    const client = await activate('1:write:eiox1');
    await mirror.do('recovery', 'pause', 'm');
    await client.write(AT, block(1));
    await client.write(AT, block(2));
    expect([onLeg(0), onLeg(1), await readBack(client), mirror.logBits(1)]).toEqual([
      2,
      0,
      2,
      'f7',
    ]);
    client.close();
    await mirror.do('deactivate', 'm');
    expect([onLeg(1), mirror.logBits(1)]).toEqual([0, 'f7']);
  });

  test('keeps its bit 0 when its copy fails, and becomes clean once one goes well', async () => {
    const client = await activate('1:write:eiox2');
    await mirror.do('recovery', 'pause', 'm');
    await client.write(AT, block(1));
    await mirror.do('recovery', 'resume', 'm');
    await expect.poll(async () => (await mirror.status()).legs[1]?.syncErrors).toBe(1);
    expect(mirror.logBits(1)).toBe('f7');
    await client.write(AT, block(2));
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    client.close();
    await mirror.do('deactivate', 'm');
    expect([onLeg(1), mirror.logBits(1)]).toEqual([2, 'ff']);
  });
});

describe('the log', () => {
  test('that fails without any feature: a kernel goes on with a lie; here it is on record', async () => {
    await newMirror(2, 'zero', '--nosync', '--no-handle-errors');
    const client = await activate('log:write:delay=0x2', 'log:any:eio');
    await client.write(0, block(1));
    expect([await mirror.dm(), mirror.logBits(1)]).toEqual(['8/8 AA D', 'ff']);
    expect([onLeg(0, 0), onLeg(1, 0)]).toEqual([1, 1]);
    client.close();
    await mirror.kill();
    expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('8 of 8 regions');
  });

  test('that is slow: no leg is touched before the mark is on disk', async () => {
    await newMirror(2, 'zero', '--nosync');
    const client = await activate(
      'log:write:delay=0x2',
      'log:write:delay=500',
      'log:flush:delay=500',
    );
    let isOver = false;
    const write = client.write(AT, block(1)).then(() => {
      isOver = true;
    });
    const seen = new Set<string>();
    while (!isOver) {
      const written = [onLeg(0), onLeg(1)].some((byte) => byte === 1);
      // The legs are looked at first: a mark that comes between the two looks does no harm.
      seen.add(`${written ? 'written' : 'untouched'} ${mirror.logBits(1)}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await write;
    expect(seen).toContain('untouched ff');
    expect(seen).not.toContain('written ff');
    client.close();
    await mirror.do('deactivate', 'm');
    expect(mirror.logBits(1)).toBe('ff');
  });
});

describe('a discard', () => {
  test('in sync leaves all in sync, reads as zeroes, and the log is clean in the end', async () => {
    await newMirror(2, 'random', '--source', '0');
    const client = await activate();
    await mirror.inSync();
    await client.trim(AT, REGION);
    expect([await mirror.dm(), await readBack(client)]).toEqual(['8/8 AA A', 0]);
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('with a dead leg: a kernel calls it in sync; here that leg has missed it', async () => {
    await newMirror(2, 'zero', '--nosync');
    const client = await activate('1:any:eio');
    await client.trim(AT, BLOCK);
    expect([(await mirror.dm()).slice(0, 3), mirror.logBits(1)]).toEqual(['7/8', 'f7']);
    client.close();
  });
});

describe('initial recovery', () => {
  beforeEach(() => newMirror(2, 'random'));

  test('onto a leg that fails without handle_errors never calls itself done', async () => {
    await mirror.do('remove', 'm', '--yes');
    await mirror.do('create', 'm', ...mirror.legs, '--region-size', '512k', '--no-handle-errors');
    await activate('1:write:eio').then((client) => client.close());
    await expect.poll(() => mirror.dm(), { timeout: 30_000 }).toBe('0/8 AS A');
    expect(mirror.logBits(1)).toBe('00');
    await mirror.do('deactivate', 'm');
    await activate().then((client) => client.close());
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('a flush that fails in the middle of it does not keep the mirror from stopping', async () => {
    const client = await activate('1:flush:eio');
    await Promise.all(
      [...Array(REGIONS).keys()].map((region) => client.write(region * REGION, block(region + 1))),
    );
    await client.flush();
    client.close();
    expect((await mirror.run('deactivate', 'm')).exitCode).toBe(0);
    expectCleanMeansEqual();
    await activate().then((again) => again.close());
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('killed again and again, with writes everywhere, never calls clean what differs', async () => {
    for (let life = 1; life <= 4; life += 1) {
      const client = await activate(`1:write:delay=${5 * life}`);
      const writes = [...Array(REGIONS).keys()].map((region) =>
        client.write(region * REGION, block(16 * life + region)),
      );
      // The fate of the others is open: they are in the middle of something.
      await Promise.any(writes);
      const lost = Promise.allSettled(writes);
      await mirror.kill();
      await lost;
      expectCleanMeansEqual();
    }
    await activate().then((client) => client.close());
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });
});
