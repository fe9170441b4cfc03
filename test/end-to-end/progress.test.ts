/** Progress of the real program's long jobs, on a pseudo-terminal and in a pipe. */
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { PtyScreen } from '../terminal/pty-screen.ts';
import { KIB, MIB, ScratchMirror } from './scratch-mirror.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
/** Holes in many small regions: seconds of work, and no space. */
const SIZE = 1024 * MIB;
const REGION = 4 * KIB;
const RATE = '1M';

async function newMirror(): Promise<ScratchMirror> {
  const directory = scratchDirectory();
  const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  const mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--size', '1G', '--region-size', '4k');
  return mirror;
}

function onTerminal(mirror: ScratchMirror, ...words: string[]): PtyScreen {
  const env = { MIRRORCTL_STATE_DIR: mirror.stateDir, NO_COLOR: '1' };
  const screen = new PtyScreen(MIRRORCTL, words, { columns: 100, env });
  onTestFinished(() => screen.kill());
  return screen;
}

test('activate has a bar on a terminal, one line of it, gone at the end', async () => {
  const mirror = await newMirror();
  const screen = onTerminal(mirror, 'activate', 'm');
  await screen.until(/serving nbd\+unix:\/\/\/m/);
  await mirror.do('recovery', 'throttle', 'm', RATE);
  await screen.until(/^m: recovering {2}━*─+ {2}\d+\.\d % of 1 GiB, .* to go$/m);
  const percents = async () => {
    const shown = await screen.text();
    return shown.match(/\d+\.\d % of/g) ?? [];
  };
  const [first] = await percents();
  await screen.until((shown) => !shown.includes(first ?? ''));
  expect(await percents()).toHaveLength(1);
  screen.kill('SIGTERM');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  const last = await screen.text();
  expect(last).not.toContain('recovering');
  expect(last).toMatch(/^m: stopped; \d+ regions? left to be recovered$/m);
});

test('a job that fails takes its bar away before it says why', async () => {
  const mirror = await newMirror();
  await mirror.activate();
  await mirror.do('recovery', 'throttle', 'm', RATE);
  const screen = onTerminal(mirror, 'wait', 'm', '--until', 'in-sync');
  await screen.until(/^m: recovering {2}━*─+/m);
  await mirror.do('deactivate', 'm');
  expect(await screen.exited).toMatchObject({ exitCode: 69 });
  expect((await screen.text()).trimEnd()).toMatch(/^mirrorctl: .*\[ENGINE_UNREACHABLE\]/);
});

test('in a pipe there is JSON on stderr if asked for, and nothing of it on stdout', async () => {
  const mirror = await newMirror();
  const env = { MIRRORCTL_STATE_DIR: mirror.stateDir };
  const engine = execa(MIRRORCTL, ['activate', 'm', '--progress', 'json'], { env });
  onTestFinished(async () => void (await mirror.run('deactivate', 'm')));
  const shares: number[] = [];
  for await (const line of engine.iterable({ from: 'stderr' })) {
    if (!line.startsWith('{')) continue;
    const { schema, job, subject, doneBytes, totalBytes } = JSON.parse(line);
    expect({ schema, job, subject, totalBytes }).toEqual({
      ...{ schema: 'mirrorctl.progress/1', job: 'recovery', subject: 'm', totalBytes: SIZE },
    });
    shares.push(doneBytes);
    if (shares.length === 3) engine.kill('SIGTERM');
  }
  expect(shares.length).toBeGreaterThanOrEqual(3);
  expect(shares).toEqual([...shares].sort((one, other) => one - other));
  expect(shares.every((done) => done % REGION === 0)).toBe(true);
  const { stdout } = await engine;
  expect(stdout).toMatch(/^serving nbd\+unix:\S+$/);
});
