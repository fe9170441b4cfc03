import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import type {
  CompareOutcome,
  CopyJob,
  CopyLeg,
  CopyOutcome,
} from '../../src/copier/copy-messages.ts';
import { CopyPool } from '../../src/copier/copy-pool.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import {
  atEnd,
  bytesAt,
  legAt,
  mountInside,
  noFreezing,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from '../devices/scratch-devices.ts';

const MIB = 2 ** 20;
const REGION = 65_536;
const directory = scratchDirectory();

let made = 0;
const cachedLeg = (device: OpenDevice): CopyLeg => ({
  ...{ device, offsetBytes: byteCount(0), direct: null },
});

function legs(count: number, sizeBytes: number): { legs: CopyLeg[]; files: string[] } {
  const files = Array.from({ length: count }, (_, index) => {
    made += 1;
    return scratchFile(directory, `${made}.img`, sizeBytes, index);
  });
  const pattern = Uint8Array.from({ length: 251 }, (_, index) => index);
  fs.writeFileSync(files[0] ?? '', Buffer.alloc(sizeBytes, pattern), { flag: 'r+' });
  const devices = openForTest(...files.map((file) => legAt(file)));
  return { files, legs: devices.map(cachedLeg) };
}

function jobAt(offset: number, length = REGION, targets = [1]): CopyJob {
  return {
    source: legIndex(0),
    targets: targets.map(legIndex),
    offset: byteOffset(offset),
    length: byteCount(length),
  };
}

function ending(pool: CopyPool, job: CopyJob): Promise<CopyOutcome> {
  return new Promise((resolve, reject) => {
    let ends = 0;
    pool.copy(job, (outcome) => {
      ends += 1;
      if (ends > 1) reject(new Error('done was called twice'));
      resolve(outcome);
    });
  });
}

const regionsOf = (sizeBytes: number) =>
  Array.from({ length: sizeBytes / REGION }, (_, index) => index * REGION);

describe.each([1, 2])('with %d workers', (workers) => {
  test('what is ordered when a copy has ended is carried out, and so is what is ordered later', async () => {
    const { legs: given } = legs(2, 4 * MIB);
    const pool = new CopyPool(given, workers);
    const [first = 0, ...others] = regionsOf(4 * MIB);
    await new Promise<void>((resolve) => {
      const copyNext = () => {
        const next = others.shift();
        if (next === undefined) resolve();
        else pool.copy(jobAt(next), copyNext);
      };
      pool.copy(jobAt(first), copyNext);
    });
    expect((await ending(pool, jobAt(first))).bytesCopied).toBe(REGION);
    await pool.close();
  });

  test('every region is copied to every target, and reported once', async () => {
    const { legs: given, files } = legs(3, 4 * MIB);
    const pool = new CopyPool(given, workers);
    const copies = regionsOf(4 * MIB).map((at) => ending(pool, jobAt(at, REGION, [2, 1])));
    const done = {
      readError: null,
      writeErrors: [null, null],
      bytesCopied: REGION,
      bytesSkippedAsHoles: 0,
    };
    expect(await Promise.all(copies)).toEqual(copies.map(() => done));
    await pool.close();
    const [source, ...targets] = files.map((file) => fs.readFileSync(file));
    assert(source !== undefined);
    expect(targets.map((target) => target.equals(source))).toEqual([true, true]);
  });

  test('closing waits for the copies handed in before', async () => {
    const { legs: given, files } = legs(2, 4 * MIB);
    const pool = new CopyPool(given, workers);
    let ended = 0;
    for (const at of regionsOf(4 * MIB)) pool.copy(jobAt(at), () => (ended += 1));
    expect(ended).toBe(0);
    const closed = pool.close();
    expect(() => pool.copy(jobAt(0), () => {})).toThrow('the copy pool is closed');
    expect(pool.close()).toBe(closed);
    await closed;
    expect(ended).toBe((4 * MIB) / REGION);
    const [source, target] = files.map((file) => fs.readFileSync(file));
    assert(source !== undefined && target !== undefined);
    expect(target.equals(source)).toBe(true);
  });

  test('the copies of workers that die end, and so do those asked for later', async () => {
    const { legs: given } = legs(2, MIB);
    const pool = new CopyPool(given, workers);
    const deadly = Array.from({ length: 3 * workers }, () => ending(pool, jobAt(0, REGION, [7])));
    const outcomes = await Promise.all(deadly);
    expect(new Set(outcomes.map(({ readError }) => readError?.code))).toEqual(
      new Set(['ECANCELED']),
    );
    expect(outcomes[0]?.readError?.message).toBe('the copy worker failed: no leg 7');
    expect(outcomes[0]?.writeErrors).toEqual([null]);
    let ended = false;
    const later = new Promise<CopyOutcome>((resolve) => {
      pool.copy(jobAt(0), (outcome) => {
        ended = true;
        resolve(outcome);
      });
    });
    expect(ended).toBe(false);
    expect((await later).readError?.code).toBe('ECANCELED');
    await pool.close();
  });
});

test('a worker that dies leaves the work to the others', async () => {
  const { legs: given } = legs(2, MIB);
  const pool = new CopyPool(given, 2);
  expect((await ending(pool, jobAt(0, REGION, [7]))).readError?.code).toBe('ECANCELED');
  const outcomes = await Promise.all(regionsOf(MIB).map((at) => ending(pool, jobAt(at))));
  expect(outcomes.map(({ readError }) => readError)).toEqual(outcomes.map(() => null));
  await pool.close();
});

testUnless(noFreezing)('a leg that hangs is left out, and who is behind it goes on', async () => {
  made += 1;
  const mountPoint = mountInside(scratchFile(directory, `${made}.img`, 16 * MIB, 0), 'ext4');
  const frozen = scratchFile(mountPoint, 'leg.img', MIB, 9);
  const { legs: given } = legs(2, MIB);
  const [device] = openForTest(legAt(frozen));
  assert(device);
  const service: string[] = [];
  let over = () => {};
  const isOver = new Promise<void>((resolve) => {
    over = resolve;
  });
  let wanted = Promise.resolve<CopyOutcome | null>(null);
  const hangs = (leg: number) => {
    service.push(`${leg} hangs`);
    wanted = ending(pool, jobAt(2 * REGION));
    return over;
  };
  const all = [...given, cachedLeg(device)];
  const pool = new CopyPool(all, 1, undefined, { limitMs: 1_000, hangs });
  const thaw = () => spawnSync('fsfreeze', ['--unfreeze', mountPoint]);
  atEnd(thaw);
  spawnSync('fsfreeze', ['--freeze', mountPoint]);
  const late = ending(pool, jobAt(0, REGION, [2]));
  const laterStill = ending(pool, jobAt(REGION, REGION, [2]));
  const behind = ending(pool, jobAt(REGION));
  const compared = new Promise<CompareOutcome>((resolve) =>
    pool.compare({ ...jobAt(0), legs: [0, 1].map(legIndex) }, resolve),
  );
  let elapsed = 0;
  await vi.waitFor(() => {
    elapsed += 100;
    pool.tick(elapsed);
    expect(service).toHaveLength(1);
  }, 20_000);
  expect((await late).writeErrors[0]?.code).toBe('ETIMEDOUT');
  expect((await laterStill).writeErrors[0]?.code).toBe('ETIMEDOUT');
  expect((await wanted)?.writeErrors).toEqual([null]);
  expect((await behind).writeErrors).toEqual([null]);
  expect((await compared).unreadable).toEqual([]);
  await pool.close();
  expect(bytesAt(given[1]?.device.path ?? '', REGION, 1)[0]).toBe(REGION % 251);
  thaw();
  await isOver;
  expect(service).toEqual(['2 hangs']);
});

test('closing the pool closes no descriptor', async () => {
  const { legs: given } = legs(2, MIB);
  const pool = new CopyPool(given, 1);
  await ending(pool, jobAt(0));
  await pool.close();
  for (const { device } of given) expect(fs.fstatSync(device.fd).size).toBe(MIB);
});

const ROOTS = { sources: 'src', 'compiled files': 'dist' } as const;

describe.each(Object.entries(ROOTS))('a program made of %s', (_, root) => {
  const extension = root === 'src' ? 'ts' : 'js';
  const home = path.resolve(import.meta.dirname, '../..', root);
  const fileUrl = (name: string) => pathToFileURL(path.join(home, `${name}.${extension}`)).href;

  /** Runs `body` in a process of its own, with `pool` over the two files and `copyAll(done)`. */
  function run(body: string, sizeBytes: number) {
    made += 1;
    const files = ['from', 'to'].map((name, index) =>
      scratchFile(directory, `${made}-${name}.img`, sizeBytes, 5 - index),
    );
    const script = path.join(directory, `${made}.mjs`);
    const program = `
      const { CopyPool } = await import('${fileUrl('copier/copy-pool')}');
      const { openDevices } = await import('${fileUrl('devices/open-device')}');
      const files = ${JSON.stringify(files)};
      const whole = { role: 'leg', access: 'write', offsetBytes: 0, lengthBytes: null };
      const devices = openDevices(files.map((path) => ({ ...whole, path })));
      // One worker: with its first outcome it has loaded all it needs, and exiting cannot cut that short.
      const pool = new CopyPool(devices.map((device) => ({ device, offsetBytes: 0, direct: null })), 1);
      const job = { source: 0, targets: [1], offset: 0, length: ${sizeBytes} };
      ${body}`;
    fs.writeFileSync(script, program);
    const options = { encoding: 'utf8', timeout: 20_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, [script], options);
    return { status, stdout, stderr, files };
  }

  test('copies, and ends by itself once the pool is closed', () => {
    const { files, ...ended } = run(
      `pool.copy(job, ({ bytesCopied }) => console.log(bytesCopied));
       await pool.close();`,
      MIB,
    );
    expect(ended).toEqual({ status: 0, stdout: `${MIB}\n`, stderr: '' });
    expect(fs.readFileSync(files[1] ?? '').every((byte) => byte === 5)).toBe(true);
  });

  test('can exit in the middle of a copy', () => {
    const { status, stderr } = run(
      `const exit = ({ readError }) => process.exit(readError === null ? 7 : 1);
       for (let copies = 0; copies < 200; copies += 1) pool.copy(job, exit);`,
      16 * MIB,
    );
    expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
  });
});

test('copies give way: their thread is nicer than the one that asked', async () => {
  const { legs: given } = legs(2, REGION);
  const pool = new CopyPool(given, 1);
  await ending(pool, jobAt(0));
  const niceness = fs.readdirSync('/proc/self/task').map((thread) => {
    const stat = fs.readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  });
  await pool.close();
  const mine = os.getPriority();
  expect(niceness.filter((nice) => nice > mine)).toHaveLength(1);
});
