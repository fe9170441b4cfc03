/**
 * The process dies while a mirror is being changed: after each rename, with which a definition or a
 * sidecar becomes another one, and before whatever follows. The directory is synced there, so strace
 * counts that, and kills. Whatever the next activation finds, no leg is stale, and no byte is lost.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { execa, execaSync } from 'execa';
import { expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and there are many activations.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 60_000 });

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const SIZE = 4 * MIB;
/** More files than any change replaces. */
const WRITES_MAX = 24;
/** An activation replaces its sidecar and its definition before it serves. */
const FIRST_WRITE = 3;

const missing = straceMissing();
if (missing !== null) console.log(`skipped: crashes between writes (${missing})`);

function straceMissing(): string | null {
  const calls = ['-e', 'trace=fsync', 'true'];
  const { failed, shortMessage } = execaSync('strace', ['-o', '/dev/null', ...calls], {
    reject: false,
  });
  return failed ? (shortMessage ?? 'strace failed') : null;
}

const definitionOf = ({ mirror }: World) =>
  JSON.parse(readFileSync(path.join(mirror.stateDir, 'm.json'), 'utf8'));
const isChanging = (world: World) =>
  definitionOf(world).legs.some(({ stage }: { stage?: string }) => stage !== undefined);

interface World {
  readonly mirror: ScratchMirror;
  readonly data: Buffer;
  readonly at: (name: string) => string;
}

/** Legs a, b, c with the same data, in sync; n is as large, and holds something else. */
async function newWorld(): Promise<World> {
  const mirror = new ScratchMirror(scratchDirectory(), []);
  const at = (name: string) => path.join(mirror.directory, `${name}.img`);
  for (const name of 'abc') makeFile(at(name), SIZE, 'zero');
  makeFile(at('n'), SIZE, 'random');
  await mirror.do('create', 'm', at('a'), at('b'), at('c'), '--region-size', '256k', '--nosync');
  return { mirror, data: Buffer.alloc(SIZE), at };
}

/** Activates under strace; resolves once it serves. */
async function activateDoomed(
  { mirror }: World,
  write: number,
): Promise<{ gone: Promise<unknown> }> {
  const inject = `inject=fsync:signal=SIGKILL:when=${write}`;
  const doom = ['-P', mirror.stateDir, '-e', 'trace=fsync', '-e', inject];
  const traced = execa('strace', ['-f', '-o', '/dev/null', ...doom, MIRRORCTL, 'activate', 'm'], {
    reject: false,
    env: { MIRRORCTL_STATE_DIR: mirror.stateDir },
  });
  while (!(await mirror.status()).exports.length) expect(traced.exitCode ?? null).toBeNull();
  return { gone: traced };
}

async function writeSomething({ mirror, data }: World, value: number): Promise<void> {
  const client = await mirror.connect();
  for (let at = 0; at < SIZE; at += MIB) {
    const block = Buffer.alloc(4096, value + at / MIB);
    await client.write(at, block);
    data.set(block, at);
  }
  await client.flush();
  client.close();
}

/** Every leg of the definition has all that was acknowledged. Returns their names. */
async function survey(world: World): Promise<string> {
  const { mirror, data } = world;
  await mirror.do('activate', 'm', '--detach');
  const client = await mirror.connect();
  expect(Buffer.from(await client.read(0, SIZE)).equals(data)).toBe(true);
  client.close();
  await mirror.inSync();
  expect(await mirror.do('deactivate', 'm')).toContain('all regions are in sync and clean');
  const { legs } = definitionOf(world);
  for (const leg of legs) {
    expect(readFileSync(leg.path).subarray(0, SIZE).equals(data), leg.path).toBe(true);
  }
  return legs.map((leg: { path: string }) => path.basename(leg.path, '.img')).join('');
}

/** True: it got through, so that there are no more writes to die at. */
async function tryWith(write: number, outcomes: Set<string>): Promise<boolean> {
  const world = await newWorld();
  const { mirror } = world;
  const { gone } = await activateDoomed(world, write);
  await writeSomething(world, write);
  await mirror.run('leg', 'replace', 'm', 'a.img', 'n.img');
  // What follows a change by itself, and the end of the session, may be where it dies, too.
  while (isChanging(world) && (await mirror.run('wait', 'm', '--until', 'idle')).exitCode === 0);
  const lives = (await mirror.run('deactivate', 'm')).exitCode === 0;
  await gone;
  outcomes.add(await survey(world));
  return lives;
}

test.skipIf(missing !== null)(
  'a leg is replaced, the process is killed after each write in turn: nothing is stale',
  async () => {
    const outcomes = new Set<string>();
    let write = FIRST_WRITE;
    while (!(await tryWith(write, outcomes))) {
      write += 1;
      expect(write).toBeLessThan(WRITES_MAX);
    }
    // Sidecar and definition, before the log is written and after, at the begin and at the end of it.
    expect(write).toBeGreaterThanOrEqual(FIRST_WRITE + 8);
    expect([...outcomes].sort()).toEqual(['abc', 'nbc']);
  },
);
