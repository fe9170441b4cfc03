/**
 * Legs and logs that fail on purpose (`--inject`), with the real program: what the client hears, what
 * `status` says, and what is left on disk. Two legs of 8 regions, in sync before anything fails; the
 * cases follow the kernel's behaviour with handle_errors, but no write is ever held.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { NbdClient } from '../../src/nbd-client/nbd-client.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGION = 512 * KIB;
/** Sector 3072: in region 3. */
const AT = 3 * REGION;
const BLOCK = 4 * KIB;

let mirror: ScratchMirror;

async function newMirror(legCount: number, ...flags: string[]): Promise<void> {
  const directory = scratchDirectory();
  const legs = Array.from({ length: legCount }, (_, leg) =>
    makeFile(path.join(directory, `${leg}.img`), SIZE, 'zero'),
  );
  mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--region-size', '512k', '--nosync', ...flags);
}

async function activate(...faults: string[]): Promise<NbdClient> {
  await mirror.activate('--io-timeout', '0.3', ...faults.flatMap((fault) => ['--inject', fault]));
  return mirror.connect();
}

const dm = () => mirror.dm();

function sidecar() {
  const file = path.join(mirror.stateDir, 'm.state.json');
  return JSON.parse(readFileSync(file, 'utf8'));
}

const block = (value: number) => Buffer.alloc(BLOCK, value);
const onLeg = (leg: number, at = AT) => readFileSync(mirror.legs[leg] ?? '')[at];
const failure = (request: Promise<unknown>) =>
  request.then(
    () => 'no failure',
    (error) => error.message,
  );

async function readBack(client: NbdClient, at = AT): Promise<number | undefined> {
  return Buffer.from(await client.read(at, BLOCK))[0];
}

describe('two legs in sync', () => {
  beforeEach(() => newMirror(2));

  test('a leg that fails writes: they succeed on the other, and who misses what is durable', async () => {
    const client = await activate('1:write:eio');
    await client.write(AT, block(1));
    expect(await dm()).toBe('7/8 AD A');
    expect(mirror.logBits(1)).toBe('f7');
    expect([onLeg(0), onLeg(1), await readBack(client)]).toEqual([1, 0, 1]);
    await client.write(0, block(2));
    expect([await dm(), mirror.logBits(1)]).toEqual(['6/8 AD A', 'f6']);
    expect(sidecar()).toMatchObject({
      primary: 0,
      legs: [{ missesSince: null }, { missesSince: 1 }],
    });
    client.close();
    await mirror.kill();
    expect((await mirror.run('activate', 'm', '-n')).stderr).toContain(
      '2 of 8 regions (1 MiB) will be copied from',
    );
  });

  test('a leg that fails once is brought up to date by itself', async () => {
    const client = await activate('1:write:eiox1');
    await client.write(AT, block(1));
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    expect(await dm()).toBe('8/8 AA A');
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual(), onLeg(1)]).toEqual(['ff', true, 1]);
  });

  test('a primary that fails writes hands its part to the other leg, for good', async () => {
    const client = await activate('0:write:eio');
    await client.write(AT, block(1));
    expect([await dm(), mirror.logBits(1)]).toEqual(['7/8 DA A', 'f7']);
    expect([onLeg(0), onLeg(1), await readBack(client)]).toEqual([0, 1, 1]);
    expect(sidecar()).toMatchObject({
      primary: 1,
      legs: [{ missesSince: 1 }, { missesSince: null }],
    });
    client.close();
    await mirror.kill();
    const again = await activate();
    await mirror.inSync();
    expect([await readBack(again), onLeg(0)]).toEqual([1, 1]);
    again.close();
  });

  test('a read error is served from the other leg, and writes still reach both', async () => {
    const client = await activate('0:read:eio');
    await client.write(AT, block(1));
    expect(await readBack(client)).toBe(1);
    // The leg is given again what it could not read; R until then.
    await mirror.inSync();
    expect(await dm()).toMatch(/^8\/8 [RA]A A$/);
    expect((await mirror.status()).legs[0]?.readErrors).toBeGreaterThan(0);
    await client.write(AT, block(2));
    expect([onLeg(0), onLeg(1)]).toEqual([2, 2]);
    client.close();
  });

  test('when both legs fail a write its client hears of it, and the rest goes on', async () => {
    const range = `@${AT}+${BLOCK}`;
    const client = await activate(`0:any:eio${range}`, `1:any:eio${range}`);
    expect(await failure(client.write(AT, block(1)))).not.toBe('no failure');
    expect(await failure(client.read(AT, BLOCK))).not.toBe('no failure');
    await client.write(0, block(2));
    expect(await readBack(client, 0)).toBe(2);
    expect((await dm()).slice(0, 6)).toBe('7/8 DD');
    client.close();
  });

  test('no space on every leg is said to be no space', async () => {
    const client = await activate('0:write:enospc', '1:write:enospc');
    expect(await failure(client.write(AT, block(1)))).toMatch(/ENOSPC|error 28|no space/i);
    client.close();
  });
});

describe('a flush that fails', () => {
  beforeEach(() => newMirror(2));

  test('a leg that fails its flush loses what was written since, and is never AA', async () => {
    const client = await activate('1:flush:eio');
    await mirror.do('recovery', 'pause', 'm');
    await client.write(REGION, block(1));
    await client.flush();
    expect([await dm(), mirror.logBits(1)]).toEqual(['7/8 AF A', 'fd']);
    expect(sidecar().legs[1].missesSince).toBe(1);
    client.close();
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    // The next flush may have failed already, and have taken the region again.
    expect(await dm()).toMatch(/^[78]\/8 AF A$/);
    expect(mirror.logBits(1)).toBe('fd');
  });

  test('once is forgiven when the leg has what it lost, and has flushed it', async () => {
    const client = await activate('1:flush:eiox1');
    await client.write(REGION, block(1));
    await client.flush();
    await mirror.inSync();
    await client.flush();
    expect(await dm()).toBe('8/8 AA A');
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('a primary that fails its flush hands its part to the other leg', async () => {
    const client = await activate('0:flush:eio');
    await mirror.do('recovery', 'pause', 'm');
    await client.write(REGION, block(1));
    await client.flush();
    expect([await dm(), mirror.logBits(1), sidecar().primary]).toEqual(['7/8 FA A', 'fd', 1]);
    client.close();
  });
});

describe('a leg that hangs', () => {
  beforeEach(() => newMirror(2));

  test('fails its writes when the time is over, and is refused everything after that', async () => {
    const client = await activate('1:write:hangx1');
    await client.write(AT, block(1));
    await client.write(0, block(2));
    expect([await dm(), mirror.logBits(1)]).toEqual(['6/8 AD A', 'f6']);
    expect([onLeg(1), onLeg(1, 0)]).toEqual([0, 0]);
    client.close();
    expect((await mirror.run('deactivate', 'm')).exitCode).toBe(0);
    expect(mirror.logBits(1)).toBe('f6');
  });

  test('fails its reads, which the other leg answers', async () => {
    const client = await activate('0:read:hangx1');
    await client.write(AT, block(1));
    expect(await readBack(client)).toBe(1);
    expect((await mirror.status()).legs[0]?.readErrors).toBe(1);
    client.close();
  });
});

describe('recovery', () => {
  beforeEach(async () => {
    await newMirror(2);
    await mirror.do('remove', 'm', '--yes');
    for (const leg of mirror.legs) makeFile(leg, SIZE, 'random');
    await mirror.do('create', 'm', ...mirror.legs, '--region-size', '512k');
  });

  test('onto a leg that fails is tried again, and tells nobody that it is done', async () => {
    await activate('1:write:eio').then((client) => client.close());
    await expect.poll(dm, { timeout: 10_000 }).toBe('0/8 AS A');
    expect(mirror.logBits(1)).toBe('00');
  });

  test('that fails in one region goes on everywhere else, and there too in the end', async () => {
    await activate(`1:write:eio@${AT}+1x1`).then((client) => client.close());
    await expect.poll(dm, { timeout: 10_000 }).toMatch(/^[78]\/8/);
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual(['ff', true]);
  });

  test('from a source that cannot be read leaves everything as it was; reads fail', async () => {
    const client = await activate('0:read:eio');
    await expect.poll(dm, { timeout: 10_000 }).toBe('0/8 SA A');
    expect(await failure(client.read(AT, BLOCK))).not.toBe('no failure');
    expect(mirror.legsAreEqual()).toBe(false);
    client.close();
  });
});

describe('the log', () => {
  test.each(['eio', 'hang'])(
    'that fails (%s) makes the next activation copy everything',
    async (kind) => {
      await newMirror(2);
      const client = await activate('log:write:delay=0x2', `log:any:${kind}`);
      await client.write(AT, block(1));
      expect([await dm(), mirror.logBits(1)]).toEqual(['8/8 AA D', 'ff']);
      expect([onLeg(0), onLeg(1), await readBack(client)]).toEqual([1, 1, 1]);
      expect(sidecar().logTrusted).toBe(false);
      client.close();
      await mirror.kill();
      expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('8 of 8 regions');
    },
  );

  test('that fails with keep_log fails the writes that it does not record', async () => {
    await newMirror(2, '--keep-log');
    const client = await activate(`log:write:delay=0x2`, 'log:write:eio');
    expect(await failure(client.write(AT, block(1)))).not.toBe('no failure');
    expect([onLeg(0), onLeg(1), await dm()]).toEqual([0, 0, '8/8 AA D']);
    expect(await readBack(client)).toBe(0);
    client.close();
  });
});

test('of three legs the one that missed a write never answers for it', async () => {
  await newMirror(3);
  const client = await activate(`1:write:eio@${AT}+${BLOCK}`, `0:write:eio@0+${BLOCK}`);
  await client.write(AT, block(1));
  await client.write(AT, block(2));
  await client.write(0, block(3));
  expect([await readBack(client), await readBack(client, 0)]).toEqual([2, 3]);
  expect(await dm()).toBe('6/8 DDA A');
  client.close();
  await mirror.kill();
  const again = await activate();
  await mirror.inSync();
  expect([await readBack(again), await readBack(again, 0)]).toEqual([2, 3]);
  again.close();
  await mirror.do('deactivate', 'm');
  expect(mirror.legsAreEqual()).toBe(true);
});

test('faults on purpose are announced when activating and in status', async () => {
  await newMirror(2);
  await mirror.activate('--inject', '0:read:eio@1M+4k');
  const { attention, health } = await mirror.status();
  expect(health).toBe('ok');
  expect(attention.status).toBe('faults are injected on purpose: 0:read:eio@1M+4k');
  const said = readFileSync(path.join(mirror.stateDir, 'm.messages'), 'utf8');
  expect(said).toContain('m: a fault is injected on purpose: 0:read:eio@1M+4k');
});
