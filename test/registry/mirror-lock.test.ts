import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { lockMirror, whoActivated } from '../../src/registry/mirror-lock.ts';
import type { Places } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const MODULE = path.resolve(import.meta.dirname, '../../src/registry/mirror-lock.ts');

function newPlaces(): Places {
  const stateDir = scratchDirectory();
  return { stateDir, runtimeDir: path.join(stateDir, 'run') };
}

const fileOf = ({ stateDir }: Places) => path.join(stateDir, 'm0.lock');

/** A process that holds the lock until it is killed. */
async function activateElsewhere(places: Places) {
  const program = path.join(places.stateDir, 'holder.ts');
  writeFileSync(
    program,
    `import { lockMirror } from ${JSON.stringify(MODULE)};
     lockMirror(${JSON.stringify(places)}, 'm0', 'activate');
     console.log('locked');
     setInterval(() => {}, 1000);`,
  );
  const holder = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  return holder;
}

test('a lock excludes every other, and its end lets the next one in', () => {
  const places = newPlaces();
  const lock = lockMirror(places, 'm0', 'activate');
  expect(() => lockMirror(places, 'm0', 'change')).toThrow(
    expect.objectContaining({ code: 'MIRROR_ACTIVE', facts: { mirror: 'm0', pid: process.pid } }),
  );
  lock.release();
  lockMirror(places, 'm0', 'change').release();
  expect(existsSync(fileOf(places))).toBe(false);
});

test('a lock that was released is gone, with its descriptor, and cannot be released again', () => {
  const places = newPlaces();
  lockMirror(places, 'm0', 'change').release();
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  const lock = lockMirror(places, 'm0', 'change');
  lock.release();
  expect(descriptors()).toBe(before);
  expect(() => lock.release()).toThrow(/released twice/);
});

test('however many processes come and go, one at a time is in', async () => {
  const places = newPlaces();
  const program = path.join(places.stateDir, 'contender.ts');
  // Each makes sure that the mark of no other is there while it holds the lock.
  writeFileSync(
    program,
    `import { lockMirror } from ${JSON.stringify(MODULE)};
     import { unlinkSync, writeFileSync } from 'node:fs';
     const [places, mark] = [${JSON.stringify(places)}, ${JSON.stringify(path.join(places.stateDir, 'mark'))}];
     for (let locked = 0, tries = 0; locked < 1000 && tries < 100_000; tries += 1) {
       let lock;
       try { lock = lockMirror(places, 'm0', 'change'); }
       catch (error) { if (error.code !== 'MIRROR_BUSY' && error.code !== 'MIRROR_ACTIVE') throw error; continue; }
       writeFileSync(mark, '', { flag: 'wx' });
       unlinkSync(mark);
       lock.release();
       locked += 1;
     }`,
  );
  const contend = () => execa(process.execPath, [program], { reject: false });
  const outcomes = await Promise.all([contend(), contend(), contend()]);
  expect(outcomes.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
    outcomes.map(() => ({ exitCode: 0, stderr: '' })),
  );
});

test('a link in the place of the lock file is not followed', () => {
  const places = newPlaces();
  const victim = path.join(places.stateDir, 'victim');
  writeFileSync(victim, 'precious');
  symlinkSync(victim, fileOf(places));
  expect(() => lockMirror(places, 'm0', 'change')).toThrow(/ELOOP/);
  expect(readFileSync(victim, 'utf8')).toBe('precious');
});

test('mirrors are locked one by one', () => {
  const places = newPlaces();
  const lock = lockMirror(places, 'm0', 'activate');
  const other = lockMirror(places, 'm1', 'activate');
  expect(existsSync(fileOf(places))).toBe(true);
  lock.release();
  other.release();
});

test('who only changes files makes others wait, but has not activated the mirror', () => {
  const places = newPlaces();
  const lock = lockMirror(places, 'm0', 'change');
  expect(() => lockMirror(places, 'm0', 'activate')).toThrow(
    expect.objectContaining({ code: 'MIRROR_BUSY' }),
  );
  expect(whoActivated(places, 'm0')).toBe('nobody');
  lock.release();
});

test('another process is told by its pid', async () => {
  const places = newPlaces();
  const holder = await activateElsewhere(places);
  expect(whoActivated(places, 'm0')).toEqual({ pid: holder.pid });
  expect(() => lockMirror(places, 'm0', 'activate')).toThrow(
    expect.objectContaining({
      code: 'MIRROR_ACTIVE',
      message: `m0 is active in process ${holder.pid}`,
    }),
  );
});

test('what a killed engine leaves behind blocks nobody', async () => {
  const places = newPlaces();
  const holder = await activateElsewhere(places);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(readFileSync(fileOf(places), 'utf8')).toBe(`${holder.pid} activate\n`);
  expect(whoActivated(places, 'm0')).toBe('nobody');
  lockMirror(places, 'm0', 'activate').release();
});

test('a lock file with other content is as good as an empty one', () => {
  const places = newPlaces();
  writeFileSync(fileOf(places), 'x'.repeat(1000));
  const lock = lockMirror(places, 'm0', 'activate');
  expect(readFileSync(fileOf(places), 'utf8')).toBe(`${process.pid} activate\n`);
  lock.release();
});

test('who holds a lock and has not said so yet is another process', () => {
  const places = newPlaces();
  const lock = lockMirror(places, 'm0', 'activate');
  writeFileSync(fileOf(places), '');
  expect(whoActivated(places, 'm0')).toEqual({ pid: null });
  expect(() => lockMirror(places, 'm0', 'activate')).toThrow('m0 is active in another process');
  lock.release();
});

test('a lock on a file that has lost its name excludes nobody', () => {
  const places = newPlaces();
  const old = lockMirror(places, 'm0', 'activate');
  rmSync(fileOf(places));
  const fresh = lockMirror(places, 'm0', 'activate');
  old.release();
  expect(() => lockMirror(places, 'm0', 'activate')).toThrow(/is active/);
  fresh.release();
});

test('a state directory that cannot be written is named', () => {
  const file = path.join(scratchDirectory(), 'file');
  writeFileSync(file, '');
  const places = { stateDir: file, runtimeDir: file };
  expect(() => lockMirror(places, 'm0', 'change')).toThrow(
    expect.objectContaining({ code: 'CANNOT_CREATE' }),
  );
});

test('a name that is none is not locked', () => {
  expect(() => lockMirror(newPlaces(), '../m0', 'change')).toThrow(
    expect.objectContaining({ code: 'NAME_MALFORMED' }),
  );
});
