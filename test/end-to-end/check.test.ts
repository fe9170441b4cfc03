/** Comparing legs, and what is told of it, with the real program. */
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// Every command is a process of its own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SIZE = 4 * MIB;
const REGION = 512 * KIB;

let mirror: ScratchMirror;
let legs: readonly [string, string];

/** As a disk that forgets: nobody is told. */
function rot(leg: string, at: number, value: number): void {
  const fd = openSync(leg, 'r+');
  writeSync(fd, Uint8Array.of(value), 0, 1, at);
  closeSync(fd);
}

async function check(...words: string[]) {
  const { exitCode, stdout, stderr } = await mirror.run('check', 'm', ...words);
  return { exitCode, stdout, stderr, report: stdout.startsWith('{') ? JSON.parse(stdout) : null };
}

const differing = async () => (await check('--list', '--json')).report?.differing;

beforeEach(async () => {
  const directory = scratchDirectory();
  const paths = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  const [a = '', b = ''] = paths;
  makeFile(a, SIZE, 'random');
  writeFileSync(b, readFileSync(a));
  legs = [a, b];
  mirror = new ScratchMirror(directory, paths);
  await mirror.do('create', 'm', ...paths, '--region-size', '512k', '--nosync');
  await mirror.activate();
});

describe('a check of a mirror in use', () => {
  test('finds nothing where there is nothing, and changes nothing', async () => {
    const before = mirror.logBits(1);
    expect(await check()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^m: 8 of 8 regions \(4 MiB\) compared .*: no difference$/),
    });
    expect([mirror.logBits(1), mirror.legsAreEqual()]).toEqual([before, true]);
  });

  test('says where the legs differ, and what each has there', async () => {
    rot(legs[1], 2 * REGION + 1000, 1);
    rot(legs[1], 2 * REGION + 3000, 2);
    const { exitCode, report } = await check('--json');
    expect(exitCode).toBe(1);
    expect(report).toMatchObject({ schema: 'mirrorctl.check/1', state: 'finished', next: 8 });
    expect(report.tally).toMatchObject({ compared: 8, different: 1, repaired: 0 });
    expect(report.findings).toEqual([
      {
        ...{ region: 2, offset: 2 * REGION + 512, length: 5 * 512, repaired: false },
        hashes: [0, 1].map((leg) => ({ leg, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })),
      },
    ]);
    expect(mirror.legsAreEqual()).toBe(false);
    const { health, mismatchedRegions, legs: states, attention } = await mirror.status();
    expect([health, mismatchedRegions]).toEqual(['degraded', 1]);
    expect(states.map(({ letter }) => letter)).toEqual(['A', 'A']);
    expect(attention.status).toContain(`the legs differ in 1 region (512 KiB)`);
  });

  test('is known after a stop and after a crash, until a later check finds nothing', async () => {
    const [byte = 0] = readFileSync(legs[1]).subarray(5 * REGION);
    rot(legs[1], 5 * REGION, byte ^ 1);
    await check();
    await mirror.do('deactivate', 'm');
    expect(await differing()).toEqual([5, 1]);
    await mirror.activate();
    expect((await mirror.status()).mismatchedRegions).toBe(1);
    await mirror.kill();
    await mirror.activate();
    expect((await mirror.status()).mismatchedRegions).toBe(1);
    rot(legs[1], 5 * REGION, byte);
    expect(await check('--regions', '5')).toMatchObject({ exitCode: 0 });
    expect((await mirror.status()).health).toBe('ok');
  });

  test('is known after the mirror was changed, and until one leg alone holds the region', async () => {
    rot(legs[1], 5 * REGION, 1 ^ (readFileSync(legs[1])[5 * REGION] ?? 0));
    await check();
    const c = makeFile(path.join(mirror.directory, 'c.img'), SIZE, 'zero');
    await mirror.do('leg', 'add', 'm', c);
    await mirror.inSync();
    expect((await mirror.status()).mismatchedRegions).toBe(1);
    await mirror.do('deactivate', 'm');
    await mirror.do('leg', 'remove', 'm', c);
    expect(await differing()).toEqual([5, 1]);
    await mirror.activate();
    expect((await mirror.status()).mismatchedRegions).toBe(1);
    await mirror.do('leg', 'fail', 'm', '1');
    const client = await mirror.connect();
    await client.write(5 * REGION, Buffer.alloc(512));
    client.close();
    await mirror.do('leg', 'clear', 'm', '1');
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([await differing(), mirror.legsAreEqual()]).toEqual([[], true]);
  });

  test('copies from the leg that is named, and from no other', async () => {
    rot(legs[1], 3 * REGION, 7);
    rot(legs[0], 6 * REGION, 8);
    const right = readFileSync(legs[1]);
    expect((await check('--repair', '--from', '1')).stderr).toContain('[CONFIRMATION_NEEDED]');
    const { report } = await check('--repair', '--from', '1', '--yes', '--json');
    expect(report.tally).toMatchObject({ different: 2, repaired: 2 });
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([0, 1].map((leg) => readFileSync(legs[leg as 0 | 1]).equals(right))).toEqual([
      true,
      true,
    ]);
    const { primary } = JSON.parse(
      readFileSync(path.join(mirror.stateDir, 'm.state.json'), 'utf8'),
    );
    expect(primary).toBe(1);
  });

  test('copies from the leg that is named even if the machine dies in the middle', async () => {
    for (const region of [1, 4]) rot(legs[1], region * REGION, region);
    const right = readFileSync(legs[1]);
    await mirror.do('recovery', 'pause', 'm');
    expect((await check('--repair', '--from', '1', '--yes')).exitCode).toBe(1);
    expect((await mirror.status()).inSyncRegions).toBe(6);
    await mirror.kill();
    expect((await mirror.run('activate', 'm', '-n')).stderr).toContain(
      `2 of 8 regions (1 MiB) will be copied from ${legs[1]}`,
    );
    await mirror.activate();
    await mirror.inSync();
    await mirror.do('deactivate', 'm');
    expect([readFileSync(legs[0]).equals(right), mirror.legsAreEqual()]).toEqual([true, true]);
  });

  test('pauses, survives a crash paused, and goes on where it was', async () => {
    rot(legs[1], 0, 1);
    await mirror.do('check', 'm', '--throttle', '64k/s', '--no-wait');
    await mirror.do('check', 'm', '--pause');
    const { activity, check: paused } = await mirror.status();
    expect([activity, paused?.state]).toEqual(['idle', 'paused']);
    expect(paused?.nextRegion).toBeLessThan(8);
    await mirror.kill();
    await mirror.activate();
    expect((await mirror.status()).check?.nextRegion).toBe(paused?.nextRegion);
    await mirror.do('check', 'm', '--resume', '--no-wait');
    const { exitCode, report } = await check('--throttle', '1G/s', '--json');
    expect([exitCode, report.tally.compared, report.startedAt]).toEqual([1, 8, paused?.startedAt]);
  });

  test('that a stop interrupts goes on by itself at the next activation', async () => {
    await mirror.do('check', 'm', '--throttle', '64k/s', '--no-wait');
    await mirror.do('deactivate', 'm');
    await mirror.activate();
    const { activity, check: found } = await mirror.status();
    expect([activity, found?.state]).toEqual(['checking', 'running']);
    await mirror.do('check', 'm', '--stop');
    expect((await mirror.status()).activity).toBe('idle');
    expect((await check('--resume')).stderr).toContain('[CHECK_UNKNOWN]');
  });
});

describe('a check without an engine', () => {
  beforeEach(() => mirror.do('deactivate', 'm'));

  test('compares the files, and repairs nothing', async () => {
    rot(legs[1], REGION, 3);
    const { exitCode, report } = await check('--json');
    expect([exitCode, report.differing]).toEqual([1, [1, 1]]);
    expect(await check('--repair', '--from', '0', '--yes')).toMatchObject({
      exitCode: 69,
      stderr: expect.stringContaining('only an engine repairs'),
    });
    await mirror.activate();
    expect((await mirror.status()).mismatchedRegions).toBe(1);
  });

  test('leaves out what the next activation copies anyway', async () => {
    const log = openSync(mirror.logFile, 'r+');
    writeSync(log, Uint8Array.of(0xfb), 0, 1, 1024);
    closeSync(log);
    rot(legs[1], 2 * REGION, 3);
    const { exitCode, report } = await check('--json');
    expect([exitCode, report.tally]).toMatchObject([0, { compared: 7, skipped: 1 }]);
  });
});

test('why names the write that a leg missed, and what it waits for', async () => {
  await mirror.do('deactivate', 'm');
  await mirror.activate('--inject', '1:write:eiox1');
  await mirror.do('recovery', 'pause', 'm');
  const client = await mirror.connect();
  await client.write(3 * REGION, Buffer.alloc(4 * KIB, 1));
  client.close();
  const answer = JSON.parse(await mirror.do('why', 'm', '3', '--json'));
  expect(answer).toMatchObject({
    ...{ state: 'nosync', holders: [0], missing: [1], log: { byte: 1024, mask: 8, clean: false } },
    since: expect.stringContaining(`${legs[1]} lost it: leg ${legs[1]}: a write failed`),
    next: 'nothing: recovery is paused (mirrorctl recovery resume m)',
  });
  await mirror.do('recovery', 'resume', 'm');
  await mirror.inSync();
  const { state, missing } = JSON.parse(await mirror.do('why', 'm', '3', '--json'));
  expect([state === 'dirty' || state === 'clean', missing]).toEqual([true, []]);
});

describe('commands that are run on events', () => {
  const said = () => {
    const file = path.join(mirror.directory, 'said');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  };
  const say = (words: string) => `echo "${words}" >> ${path.join(mirror.directory, 'said')}`;

  beforeEach(() => mirror.do('deactivate', 'm'));

  test('hear what happened, in order, the end too; one that fails is told of', async () => {
    rot(legs[1], REGION, 3);
    await mirror.activate(
      ...['--on', `mismatch=${say('$MIRRORCTL_MIRROR $MIRRORCTL_REGION')}`],
      ...['--on', `any=${say('$MIRRORCTL_EVENT')}`],
      ...['--on', 'check-started=exit 3'],
    );
    await check();
    await mirror.do('deactivate', 'm');
    expect(said()).toEqual([
      ...['activated', 'check-started', 'm 1', 'mismatch', 'check-finished', 'deactivated'],
    ]);
    const events = (await mirror.do('events', 'm', '--json')).split('\n').map((line) => {
      return JSON.parse(line);
    });
    expect(events.find(({ event }) => event === 'hook-failed')?.text).toBe('exit 3: ended with 3');
    expect(events.find(({ event }) => event === 'mismatch')).toMatchObject({
      ...{ kind: 'bad', fields: { region: 1, offset: REGION, length: 512 } },
    });
  });

  test('hear at the start that a leg is missing', async () => {
    renameSync(legs[1], `${legs[1]}.away`);
    await mirror.activate('--on', `degraded=${say('$MIRRORCTL_LEG $MIRRORCTL_PATH')}`);
    await mirror.do('deactivate', 'm');
    expect(said()).toEqual([`1 ${legs[1]}`]);
  });

  test('are refused before anything happens if there is no such event, or no command', async () => {
    expect(await mirror.run('activate', 'm', '--on', 'mismach=true')).toMatchObject({
      exitCode: 64,
      stderr: expect.stringMatching(/there is no event mismach .*did you mean mismatch\?/),
    });
    expect((await mirror.run('activate', 'm', '--on', 'mismatch')).exitCode).toBe(64);
    expect((await mirror.run('activate', 'm', '--on', 'mismatch= ')).exitCode).toBe(64);
  });
});
