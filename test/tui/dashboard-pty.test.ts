/** The built program on a real pseudo-terminal, watching a real engine. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crash, withDefect } from '../terminal/planted-defect.ts';
import { PtyScreen } from '../terminal/pty-screen.ts';

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const PATIENCE_MS = 60_000;
let directory = '';
const screens: PtyScreen[] = [];

const mirrorctl = (...words: string[]) =>
  execa(MIRRORCTL, [...words, '--state-dir', path.join(directory, 'state')], { reject: false });

function open(columns: number, rows: number, ...words: string[]): PtyScreen {
  const stateDir = path.join(directory, 'state');
  const screen = new PtyScreen(MIRRORCTL, [...words, '--state-dir', stateDir], { columns, rows });
  screens.push(screen);
  return screen;
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'mirrorctl-tui-'));
  const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  await mirrorctl('create', 'm', ...legs, '--size', '8M', '--region-size', '4k', '--nosync');
  const { exitCode, stderr } = await mirrorctl('activate', 'm', '--detach');
  if (exitCode !== 0) throw new Error(stderr);
}, PATIENCE_MS);

afterAll(async () => {
  for (const screen of screens) screen.kill();
  await mirrorctl('deactivate', 'm');
  rmSync(directory, { recursive: true });
}, PATIENCE_MS);

test('it shows what status --json says, and gives the terminal back', {
  timeout: PATIENCE_MS,
}, async () => {
  const screen = open(120, 30, 'tui', 'm');
  await screen.until(/clean 2,048/);
  const text = await screen.until(/mirrorctl +m +OK +idle .* 100 %/);
  const { mirrors } = JSON.parse((await mirrorctl('status', 'm', '--json')).stdout);
  const [status] = mirrors;
  expect(status).toMatchObject({ health: 'ok', inSyncRegions: 2048, dirtyRegions: 0 });
  expect(text).toMatch(/dirty 0 .*not in sync 0 .*recovering 0/);
  for (const { path: leg } of status.legs) expect(text).toContain(path.basename(leg));
  expect(screen.isAlternate).toBe(true);
  screen.send('q');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  await screen.text();
  expect(screen.isAlternate).toBe(false);
  expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
});

test('keys, mouse and a resize arrive', { timeout: PATIENCE_MS }, async () => {
  const screen = open(80, 24, 'tui', 'm');
  await screen.until(/clean 2,048/);
  screen.send('g100\r');
  await screen.until(/ 100 clean /);
  screen.send('\x1b[<0;1;6M');
  await screen.until(/ 0 clean /);
  screen.resize(120, 40);
  const text = await screen.until(/Dirty log[\s\S]*Events/);
  expect(text.split('\n').every((line) => line.length <= 120)).toBe(true);
  screen.send('\x03');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
});

test.each(['SIGTERM', 'SIGHUP'])(
  '%s ends it, with the terminal given back',
  { timeout: PATIENCE_MS },
  async (signal) => {
    const screen = open(80, 24, 'tui', 'm');
    await screen.until(/clean 2,048/);
    screen.kill(signal);
    await screen.exited;
    await screen.text();
    expect(screen.isAlternate).toBe(false);
    expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
  },
);

test('Ctrl-Z gives the terminal to the shell, and fg the dashboard back', {
  timeout: PATIENCE_MS,
}, async () => {
  const stateDir = path.join(directory, 'state');
  const env = { PS1: 'shell> ', HISTFILE: '/dev/null' };
  const shell = new PtyScreen('bash', ['--norc', '-i'], { columns: 100, rows: 30, env });
  screens.push(shell);
  await shell.until(/shell> /);
  shell.send(`${MIRRORCTL} tui m --state-dir ${stateDir}\r`);
  const before = await shell.until(/clean 2,048[\s\S]*▄▄▄[\s\S]*alive[\s\S]*help/);
  shell.send('\x1a');
  await shell.until(/Stopped[\s\S]*shell> /);
  expect(shell.isAlternate).toBe(false);
  expect(shell.terminal.modes.mouseTrackingMode).toBe('none');
  shell.send('echo $((6 * 7)) is the shell\r');
  await shell.until(/42 is the shell/);
  shell.send('fg\r');
  const mapOf = (text: string) => text.split('\n').slice(2, 20).join('\n');
  await shell.until((text) => mapOf(text) === mapOf(before));
  expect(shell.isAlternate).toBe(true);
  shell.send('g100\r');
  await shell.until(/ 100 clean /);
  shell.send('q');
  await shell.until(/shell> \n*$/);
  expect(shell.isAlternate).toBe(false);
  shell.send('exit\r');
  await shell.exited;
});

test('stopped without a word and let go on, it takes the terminal anew', {
  timeout: PATIENCE_MS,
}, async () => {
  const screen = open(80, 24, 'tui', 'm');
  await screen.until(/clean 2,048[\s\S]*help/);
  process.kill(screen.pid, 'SIGSTOP');
  // Whoever has the terminal meanwhile leaves it as it likes.
  await new Promise<void>((resolve) => screen.terminal.write('\x1b[?1049l\x1b[2Jshell', resolve));
  process.kill(screen.pid, 'SIGCONT');
  await screen.until(/clean 2,048[\s\S]*help/);
  expect(screen.isAlternate).toBe(true);
  screen.send('q');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
});

test('a defect is said after the terminal has been given back', {
  timeout: PATIENCE_MS,
}, async () => {
  const env = withDefect(directory);
  const words = ['tui', 'm', '--state-dir', path.join(directory, 'state')];
  const screen = new PtyScreen(MIRRORCTL, words, { columns: 80, rows: 24, env });
  screens.push(screen);
  await screen.until(/clean 2,048/);
  const { exitCode, text } = await crash(screen);
  expect(exitCode).toBe(70);
  expect(screen.isAlternate).toBe(false);
  expect(screen.terminal.modes.mouseTrackingMode).toBe('none');
  expect(text).toMatch(/this is a bug in mirrorctl: planted \[BUG\]/);
});

test('c opens the wallboard, and q comes back to the dashboard', {
  timeout: PATIENCE_MS,
}, async () => {
  const screen = open(80, 24, 'tui', 'm');
  await screen.until(/clean 2,048/);
  screen.send('c');
  await screen.until(/Throughput, MiB\/s/);
  screen.send('q');
  await screen.until(/clean 2,048[\s\S]*help/);
  screen.send('q');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
});

test.each(['tui', 'top'])(
  '%s without a terminal refuses in one line, without escape codes',
  async (word) => {
    const { exitCode, stdout, stderr } = await mirrorctl(word, 'm');
    expect([exitCode, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(
      /^mirrorctl: this is not a terminal \[NOT_A_TERMINAL\]; use `mirrorctl status[^\n]*$/,
    );
  },
);

test('for a screen reader it is lines of words, in a pipe too', {
  timeout: PATIENCE_MS,
}, async () => {
  const words = ['tui', 'm', '--screen-reader', '--state-dir', path.join(directory, 'state')];
  const reader = execa(MIRRORCTL, words, { reject: false });
  for await (const line of reader) {
    if (line.startsWith('The log, ')) reader.stdin.end('xyzzy\nquit\n');
  }
  const { exitCode, stdout } = await reader;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Watching m\.[^\n]*\nm is well\.\n(Leg \d, .*\n){2}The log, /);
  expect(stdout).toMatch(/\nThere is no command xyzzy; help lists them\.$/);
  expect(stdout).not.toContain('\u001b');
});

test.each(['tui', 'top'])(
  '%s refuses a terminal that can draw nothing',
  {
    timeout: PATIENCE_MS,
  },
  async (word) => {
    const words = [word, 'm', '--state-dir', path.join(directory, 'state')];
    const screen = new PtyScreen(MIRRORCTL, words, { env: { TERM: 'dumb' } });
    screens.push(screen);
    expect(await screen.exited).toMatchObject({ exitCode: 64 });
    expect(screen.output).toMatch(
      /^mirrorctl: \$TERM says that nothing can be drawn here \[NOT_A_TERM/,
    );
  },
);

test('status loads no screen', async () => {
  const coverage = path.join(directory, 'coverage');
  const words = ['status', '--state-dir', path.join(directory, 'state')];
  await execa(MIRRORCTL, words, { env: { NODE_V8_COVERAGE: coverage } });
  // Node's coverage names every module that was loaded.
  const loaded = readdirSync(coverage)
    .map((file) => readFileSync(path.join(coverage, file), 'utf8'))
    .join();
  expect(loaded).toContain('/dist/cli/commands/status.js');
  expect(loaded).not.toMatch(/node_modules\/(react|ink|blessed)|dist\/(tui|wallboard|watch)\//);
});
