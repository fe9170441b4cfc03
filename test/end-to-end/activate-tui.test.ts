/** `activate --tui`: engine and dashboard in one process, on a real pseudo-terminal. */
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { scratchDirectory } from '../scratch-directory.ts';
import { PtyScreen } from '../terminal/pty-screen.ts';
import { ScratchMirror } from './scratch-mirror.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');

async function newMirror(): Promise<ScratchMirror> {
  const directory = scratchDirectory();
  const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  const mirror = new ScratchMirror(directory, legs);
  await mirror.do('create', 'm', ...legs, '--size', '8M', '--region-size', '4k', '--nosync');
  return mirror;
}

/** Once the dashboard shows the mirror. */
async function withDashboard(mirror: ScratchMirror, env = {}, ...flags: string[]) {
  const screen = new PtyScreen(MIRRORCTL, ['activate', 'm', ...flags], {
    env: { MIRRORCTL_STATE_DIR: mirror.stateDir, NO_COLOR: '1', ...env },
  });
  onTestFinished(() => screen.kill());
  await screen.until(/clean 2,048/);
  expect(screen.isAlternate).toBe(true);
  return screen;
}

const STOPPED = /^m: stopped; every region is in sync and clean$/m;

test('left, the engine goes on, what happened meanwhile is said, and Ctrl-C deactivates', async () => {
  const mirror = await newMirror();
  const screen = await withDashboard(mirror, {}, '--tui');
  const client = await mirror.connect();
  await mirror.do('leg', 'fail', 'm', '1');
  await screen.until(/DEGRADED/);
  screen.send('q');
  await screen.until(/l: leave/);
  screen.send('l');
  const text = await screen.until(/^m: .*b\.img.*$/m);
  expect(screen.isAlternate).toBe(false);
  expect(text).toMatch(/^serving nbd\+unix:/m);
  expect(text).not.toMatch(/stopped/);
  expect((await mirror.status()).active).toBe(true);
  await client.write(0, new Uint8Array(4096).fill(7));
  client.close();
  screen.send('\x03');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  expect(await screen.text()).toMatch(/m: stopped; 1 region left to be recovered$/m);
});

test('d deactivates and gives the terminal back', async () => {
  const screen = await withDashboard(await newMirror(), {}, '--tui');
  screen.send('q');
  await screen.until(/d: deactivate/);
  screen.send('d');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  expect(await screen.text()).toMatch(STOPPED);
  expect(screen.isAlternate).toBe(false);
  expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('%s deactivates in order', async (signal) => {
  const mirror = await newMirror();
  const screen = await withDashboard(mirror, {}, '--tui');
  process.kill(screen.pid, signal);
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  expect(await screen.text()).toMatch(STOPPED);
  expect(screen.isAlternate).toBe(false);
  const { active, inSyncRegions } = await mirror.status();
  expect({ active, inSyncRegions }).toEqual({ active: false, inSyncRegions: 2048 });
});

test('deactivated from elsewhere, the dashboard closes', async () => {
  const mirror = await newMirror();
  const screen = await withDashboard(mirror, { MIRRORCTL_TUI: '1' });
  await mirror.do('deactivate', 'm');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  expect(await screen.text()).toMatch(STOPPED);
});

test.each([
  [['--tui', '--no-tui'], '--no-tui contradicts --tui [USAGE]'],
  [['--tui', '--detach'], '--tui contradicts --detach [USAGE]'],
  [['--tui'], 'this is not a terminal [NOT_A_TERMINAL]; use `mirrorctl activate`'],
])('activate %j is refused, and nothing is activated', async (flags, message) => {
  const mirror = await newMirror();
  const { exitCode, stderr } = await mirror.run('activate', 'm', ...flags);
  expect([exitCode, stderr]).toEqual([64, expect.stringContaining(message)]);
});
