/** Mirrors that are changed while they serve, with the real program: legs, primary, size, log. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';
import { WriteLoad } from './write-load.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const SIZE = 8 * MIB;
const block = (value: number) => Buffer.alloc(4 * KIB, value);

let mirror: ScratchMirror;

const at = (name: string) => path.join(mirror.directory, `${name}.img`);
const fresh = (name: string, bytes = SIZE) => makeFile(at(name), bytes, 'random');
const content = (name: string, bytes = SIZE) =>
  createHash('sha256')
    .update(readFileSync(at(name)).subarray(0, bytes))
    .digest('hex');

async function newMirror(names: string, ...flags: string[]): Promise<void> {
  const directory = scratchDirectory();
  mirror = new ScratchMirror(directory, []);
  for (const name of names) makeFile(at(name), SIZE, 'zero');
  const legs = [...names].map(at);
  await mirror.do('create', 'm', ...legs, '--region-size', '256k', '--nosync', ...flags);
}

/** `a b*`: the legs in order, a star at the primary. */
async function legs(): Promise<string> {
  const { legs: found } = await mirror.status();
  const words = found.map((leg) => `${path.basename(leg.path, '.img')}${leg.primary ? '*' : ''}`);
  return words.join(' ');
}

function defined(): string {
  const { legs: found } = JSON.parse(readFileSync(path.join(mirror.stateDir, 'm.json'), 'utf8'));
  return found
    .map(
      (leg: { path: string; stage?: string }) =>
        `${leg.stage ?? ''}${path.basename(leg.path, '.img')}`,
    )
    .join(' ');
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo()));
}

const refused = (code: string, exitCode: number) => ({
  exitCode,
  stderr: expect.stringContaining(`[${code}]`),
});

describe('under a load of writes', () => {
  beforeEach(() => newMirror('ab'));

  test.each(['auto', 'fs'])(
    'a leg is replaced, no client notices, and all legs have every byte (%s)',
    async (io) => {
      await mirror.activate('--io', io);
      const load = await WriteLoad.begin(await mirror.connect());
      fresh('n');
      await mirror.do('recovery', 'pause', 'm');
      await mirror.do('leg', 'replace', 'm', at('a'), at('n'));
      expect([await legs(), defined()]).toEqual(['a* n b', 'leavinga n b']);
      await load.round();
      await mirror.do('recovery', 'resume', 'm');
      await until(async () => (await legs()) === 'n* b');
      const old = content('a');
      await load.round();
      await load.end();
      await mirror.inSync();
      await mirror.do('deactivate', 'm');
      expect(defined()).toBe('n b');
      expect(Buffer.from(readFileSync(at('n'))).equals(load.expected(SIZE))).toBe(true);
      expect([content('n'), content('a')]).toEqual([content('b'), old]);
      expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('nothing to copy');
    },
  );

  test('legs come and go, the primary moves, the log is written anew', async () => {
    await mirror.activate();
    const load = await WriteLoad.begin(await mirror.connect());
    fresh('c');
    await mirror.do('leg', 'add', 'm', at('c'));
    await mirror.inSync();
    await mirror.do('leg', 'set', 'm', '2', '--primary');
    await mirror.do('log', 'reattach', 'm');
    expect(await legs()).toBe('a b c*');
    await mirror.do('leg', 'remove', 'm', '2');
    expect(await legs()).toBe('a* b');
    await load.round();
    await load.end();
    await mirror.do('deactivate', 'm');
    expect(Buffer.from(readFileSync(at('a'))).equals(load.expected(SIZE))).toBe(true);
    expect(content('a')).toBe(content('b'));
  });
});

describe('what would lose data, or cannot be', () => {
  beforeEach(() => newMirror('abc'));

  test('the only good copy is neither removed nor handed on, and -n says so, too', async () => {
    await mirror.activate();
    await mirror.do('recovery', 'pause', 'm');
    await mirror.do('leg', 'fail', 'm', 'b.img');
    await mirror.do('leg', 'fail', 'm', 'c.img');
    const client = await mirror.connect();
    await client.write(0, block(1));
    for (const words of [
      ['leg', 'remove', 'm', 'a.img'],
      ['leg', 'remove', 'm', 'a.img', '-n'],
      ['leg', 'set', 'm', 'b.img', '--primary'],
    ]) {
      expect(await mirror.run(...words)).toMatchObject(refused('LEG_NEEDED', 75));
    }
    expect([await legs(), (await client.read(0, 1))[0]]).toEqual(['a* b c', 1]);
    client.close();
  });
});

describe('a leg that does not serve', () => {
  beforeEach(() => newMirror('abc'));

  test('a leg out of service is replaced at once, and what it missed with it', async () => {
    await mirror.activate();
    await mirror.do('leg', 'fail', 'm', 'b.img');
    fresh('n');
    await mirror.do('leg', 'replace', 'm', 'b.img', 'n.img');
    expect(await legs()).toBe('a* n c');
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([content('n'), content('c')]).toEqual([content('a'), content('a')]);
  });

  test('a leg that hangs is replaced, and not waited for', async () => {
    await mirror.activate('--io-timeout', '0.3', '--inject', '1:write:hang');
    const client = await mirror.connect();
    await client.write(0, block(1));
    fresh('n');
    await mirror.do('leg', 'replace', 'm', 'b.img', 'n.img');
    await client.write(MIB, block(2));
    await mirror.inSync();
    expect([await legs(), (await mirror.status()).health]).toEqual(['a* n c', 'ok']);
    client.close();
    await mirror.do('deactivate', 'm');
    expect([content('n'), content('c')]).toEqual([content('a'), content('a')]);
  });

  test('a leg that cannot be one, or is one already, or the mirror’s own, is refused and nothing happens', async () => {
    await mirror.activate();
    fresh('small', SIZE - 512);
    expect(await mirror.run('leg', 'add', 'm', 'small.img')).toMatchObject(
      refused('LEG_TOO_SMALL', 73),
    );
    expect(await mirror.run('leg', 'add', 'm', 'a.img')).toMatchObject(
      refused('LEG_GIVEN_TWICE', 73),
    );
    expect(await mirror.run('leg', 'add', 'm', 'a.img@4096')).toMatchObject(
      refused('LEG_GIVEN_TWICE', 73),
    );
    expect(await mirror.run('leg', 'add', 'm', 'none.img')).toMatchObject(
      refused('LEG_NOT_FOUND', 66),
    );
    fresh('n');
    const { stdout } = await mirror.run('leg', 'add', 'm', 'n.img', '-n');
    expect(stdout).toContain('32 of 32 regions (8 MiB) will be copied');
    expect([await legs(), defined()]).toEqual(['a* b c', 'a b c']);
    await mirror.do('leg', 'add', 'm', 'n.img');
  });
});

describe('a leg that its owner is to decide about', () => {
  test.each([
    ['removed', ['leg', 'remove', 'm', 'b.img'], 'a* c'],
    ['replaced', ['leg', 'replace', 'm', 'b.img', 'n.img'], 'a* n c'],
  ] as const)('is %s, and the write that waited for that is answered', async (_, words, after) => {
    await newMirror('abc', '--hold-on-failure');
    fresh('n');
    await mirror.activate('--inject', '1:write:eio');
    const client = await mirror.connect();
    const held = client.write(0, block(1));
    await until(async () => (await mirror.status()).legs[1]?.writeErrors === 1);
    await mirror.do('recovery', 'pause', 'm');
    await mirror.do(...words);
    await held;
    expect(await legs()).toBe(after);
    client.close();
    await mirror.do('recovery', 'resume', 'm');
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect(content('c')).toBe(content('a'));
  });
});

describe('the number of legs', () => {
  test('nine are taken, ten are not', async () => {
    await newMirror('abc');
    await mirror.activate();
    for (const name of 'defghi') {
      fresh(name);
      await mirror.do('leg', 'add', 'm', `${name}.img`);
    }
    fresh('j');
    expect(await mirror.run('leg', 'add', 'm', 'j.img')).toMatchObject(refused('USAGE', 64));
    await mirror.inSync();
    expect(await legs()).toBe('a* b c d e f g h i');
    const client = await mirror.connect();
    await client.write(MIB, block(7));
    client.close();
    await mirror.do('deactivate', 'm');
    expect(new Set([...'abcdefghi'].map((name) => content(name))).size).toBe(1);
  });
});

const noExt4 = ['mkfs.ext4', 'e2fsck', 'resize2fs'].find(
  (tool) => spawnSync(tool, ['-V']).error !== undefined,
);
if (noExt4 !== undefined) console.log(`skipped: a file system that grows (no ${noExt4} here)`);

describe('a mirror gets another size', () => {
  beforeEach(() => newMirror('ab'));

  test.skipIf(noExt4 !== undefined)(
    'grown, it keeps a file system, which can grow with it',
    async () => {
      execFileSync('mkfs.ext4', ['-q', '-F', at('a')]);
      execFileSync('cp', [at('a'), at('b')]);
      const before = content('a');
      await mirror.activate();
      const old = await mirror.connect();
      expect(await mirror.run('resize', 'm', '12M')).toMatchObject(refused('LEG_TOO_SMALL', 73));
      await mirror.do('resize', 'm', '12M', '--grow-legs');
      const client = await mirror.connect();
      expect([old.sizeBytes, client.sizeBytes]).toEqual([SIZE, 12 * MIB]);
      await client.write(11 * MIB, block(9));
      expect((await client.read(11 * MIB, 1))[0]).toBe(9);
      await client.write(11 * MIB, block(0));
      client.close();
      old.close();
      await mirror.inSync();
      await mirror.do('deactivate', 'm');
      expect([content('a'), content('a', 12 * MIB)]).toEqual([before, content('b', 12 * MIB)]);
      execFileSync('e2fsck', ['-fp', at('a')]);
      execFileSync('resize2fs', [at('a')], { stdio: 'pipe' });
      execFileSync('e2fsck', ['-fn', at('a')], { stdio: 'pipe' });
    },
  );

  test('shrunk, it wants to be sure, and nobody to be connected', async () => {
    await mirror.activate();
    expect(await mirror.run('resize', 'm', '4M')).toMatchObject(refused('CONFIRMATION_NEEDED', 64));
    const client = await mirror.connect();
    await client.write(3 * MIB, block(5));
    expect(await mirror.run('resize', 'm', '4M', '--yes')).toMatchObject(
      refused('MIRROR_BUSY', 75),
    );
    client.close();
    await until(async () => (await mirror.status()).io.connections === 0);
    await mirror.do('resize', 'm', '4M', '--yes');
    const again = await mirror.connect();
    expect([again.sizeBytes, (await again.read(3 * MIB, 1))[0]]).toEqual([4 * MIB, 5]);
    again.close();
    const { regionCount, inSyncRegions } = await mirror.status();
    expect([regionCount, inSyncRegions, statSync(at('a')).size]).toEqual([16, 16, SIZE]);
  });
});

describe('a log that failed', () => {
  beforeEach(() => newMirror('ab'));

  // The two writes with which a log is resumed are left alone.
  const activateWith = (fault: string) =>
    mirror.activate('--inject', 'log:write:delay=0x2', '--inject', fault);

  test('is written anew, and believed at the next activation', async () => {
    await activateWith('log:write:eiox1');
    const client = await mirror.connect();
    await client.write(0, block(1));
    expect((await mirror.status()).log.letter).toBe('D');
    await mirror.do('log', 'reattach', 'm');
    const { log, health } = await mirror.status();
    expect([log.letter, health]).toEqual(['A', 'ok']);
    await client.write(MIB, block(2));
    client.close();
    await mirror.do('deactivate', 'm');
    expect((await mirror.run('activate', 'm', '-n')).stderr).toContain('nothing to copy');
  });

  test('and still does says so, and the mirror serves on', async () => {
    await activateWith('log:write:eiox2');
    const client = await mirror.connect();
    await client.write(0, block(1));
    expect(await mirror.run('log', 'reattach', 'm')).toMatchObject(refused('LOG_WRITE_FAILED', 74));
    await client.write(MIB, block(2));
    expect((await mirror.status()).log.letter).toBe('D');
    await mirror.do('log', 'reattach', 'm');
    expect((await mirror.status()).log.letter).toBe('A');
    client.close();
  });

  test('that is another file of that name by now is that one from then on', async () => {
    await mirror.activate();
    const log = path.join(mirror.stateDir, 'm.log');
    renameSync(log, `${log}.old`);
    writeFileSync(log, Buffer.alloc(statSync(`${log}.old`).size));
    await mirror.do('log', 'reattach', 'm');
    const client = await mirror.connect();
    await client.write(0, block(1));
    expect(mirror.logBits(4)).toBe('feffffff');
    client.close();
    await mirror.do('deactivate', 'm');
    expect([mirror.logBits(4), existsSync(`${log}.old`)]).toEqual(['ffffffff', true]);
  });
});

test('a mirror that is not active is changed, and the next activation makes it true', async () => {
  await newMirror('ab');
  await mirror.activate();
  const client = await mirror.connect();
  await client.write(MIB, block(3));
  client.close();
  await mirror.do('deactivate', 'm');
  fresh('c');
  await mirror.do('leg', 'add', 'm', 'c.img');
  await mirror.do('leg', 'set', 'm', 'b.img', '--primary');
  await mirror.do('resize', 'm', '10M', '--grow-legs');
  expect(defined()).toBe('a b joiningc');
  await mirror.activate();
  await mirror.inSync();
  expect([await legs(), defined()]).toEqual(['a b* c', 'a b c']);
  await mirror.do('deactivate', 'm');
  const [a, b, c] = ['a', 'b', 'c'].map((name) => content(name, 10 * MIB));
  expect([b, c, readFileSync(at('c'))[MIB]]).toEqual([a, a, 3]);
  await mirror.do('leg', 'remove', 'm', 'b.img');
  await mirror.activate();
  expect([await legs(), (await mirror.status()).health]).toEqual(['a* c', 'ok']);
});

test.each(['m.state.json', 'm.json'])(
  'if %s cannot be written, nothing is changed, and the mirror serves on',
  async (file) => {
    await newMirror('ab');
    fresh('n');
    await mirror.activate();
    const load = await WriteLoad.begin(await mirror.connect());
    const inTheWay = path.join(mirror.stateDir, `${file}.new`);
    mkdirSync(inTheWay);
    expect(await mirror.run('leg', 'add', 'm', 'n.img')).toMatchObject(
      refused('STATE_WRITE_FAILED', 74),
    );
    expect([await legs(), defined()]).toEqual(['a* b', 'a b']);
    await load.round();
    rmdirSync(inTheWay);
    await mirror.do('leg', 'add', 'm', 'n.img');
    await load.end();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect(Buffer.from(readFileSync(at('n'))).equals(load.expected(SIZE))).toBe(true);
  },
);

test('a deactivation waits for a change, and a change is refused while another is made', async () => {
  await newMirror('ab');
  await mirror.activate();
  fresh('c');
  fresh('d');
  const results = await Promise.all([
    mirror.run('leg', 'add', 'm', 'c.img'),
    mirror.run('leg', 'add', 'm', 'd.img'),
    mirror.run('deactivate', 'm'),
  ]);
  for (const { exitCode, stderr } of results) {
    expect([0, 69, 75], stderr).toContain(exitCode);
  }
  const plan = (await mirror.run('activate', 'm', '-n')).stderr;
  expect(plan).toMatch(/nothing to copy|will be copied from .*a\.img/);
});
