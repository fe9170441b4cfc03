/** The built program as people start it: streams, signals, exit codes. `npm test` builds it first. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pty from '@lydell/node-pty';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const PROGRAM = path.resolve(import.meta.dirname, '../../bin/mirrorctl');

function start(bench: Bench, ...words: string[]) {
  return execa(PROGRAM, words, { reject: false, cwd: bench.directory, env: environment(bench) });
}

const environment = (bench: Bench) => ({ MIRRORCTL_STATE_DIR: bench.places.stateDir });

test('answers go to stdout, errors to stderr, and the exit code tells which', async () => {
  const { version } = JSON.parse(readFileSync(path.resolve(PROGRAM, '../../package.json'), 'utf8'));
  const bench = new Bench();
  expect(await start(bench, '--version')).toMatchObject({
    ...{ exitCode: 0, stdout: `mirrorctl ${version}`, stderr: '' },
  });
  expect(await start(bench, 'show', 'm0')).toMatchObject({
    exitCode: 66,
    stdout: '',
    stderr: expect.stringMatching(/^mirrorctl: no mirror m0 in .* \[MIRROR_UNKNOWN\]; .*$/),
  });
  const { exitCode, stdout } = await start(bench, 'show', 'm0', '--json');
  expect(exitCode).toBe(66);
  expect(JSON.parse(stdout).error.code).toBe('MIRROR_UNKNOWN');
});

test('a mirror is made, shown and removed', async () => {
  const bench = new Bench();
  const words = ['create', 'm0', 'a.img', 'b.img', '--size', '1M'];
  expect((await start(bench, ...words)).exitCode).toBe(0);
  expect((await start(bench, 'list', '--names')).stdout).toBe('m0');
  expect((await start(bench, 'status', '--check')).exitCode).toBe(1);
  expect((await start(bench, 'remove', 'm0')).exitCode).toBe(0);
  expect((await start(bench, 'list', '--names')).stdout).toBe('');
});

/** Runs the program in a pipe whose reader is gone. */
async function unread(bench: Bench, words: string): Promise<{ code: string; stderr: string }> {
  const line = `"${PROGRAM}" ${words} | true; printf %s "\${PIPESTATUS[0]}" >&3`;
  const run = await execa('bash', ['-c', line], {
    ...{ cwd: bench.directory, env: environment(bench), reject: false },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  return { code: String(run.stdio[3]), stderr: String(run.stderr) };
}

test('output that nobody reads is dropped, and the command does what it was told', async () => {
  const bench = new Bench();
  expect(await unread(bench, '--help')).toEqual({ code: '0', stderr: '' });
  const created = await unread(bench, 'create m0 a.img b.img --size 1M');
  expect(created).toEqual({ code: '0', stderr: '' });
  expect(existsSync(bench.at('state/m0.json'))).toBe(true);
  expect(await unread(bench, 'status --check')).toEqual({ code: '1', stderr: '' });
});

test('a command that would go on for ever ends when nobody reads it', async () => {
  expect(await unread(new Bench(), 'status --watch 0.1')).toEqual({ code: '0', stderr: '' });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a command that waits, with 130',
  async (signal) => {
    const bench = new Bench();
    bench.define(HOME);
    const asked = Promise.withResolvers<void>();
    await bench.engine('home', async () => {
      asked.resolve();
      return { status: { ...RUNNING, health: 'degraded' } };
    });
    const waiting = start(bench, 'wait', 'home', '--until', 'healthy');
    await asked.promise;
    waiting.kill(signal);
    expect(await waiting).toMatchObject({
      ...{ exitCode: 130, stdout: '', stderr: `mirrorctl: interrupted by ${signal} [INTERRUPTED]` },
    });
  },
);

test('a command that sleeps for an hour wakes up for a signal', async () => {
  const watching = start(new Bench(), 'status', '--watch', '3600');
  await once(watching.stdout, 'data');
  watching.kill('SIGINT');
  expect((await watching).exitCode).toBe(130);
});

/** Runs the program on a terminal, types `keys` once it asks, and returns its exit code. */
async function onTerminal(bench: Bench, words: string[], keys: string): Promise<number> {
  const terminal = pty.spawn(PROGRAM, words, {
    cwd: bench.directory,
    env: { ...process.env, ...environment(bench) },
  });
  onTestFinished(() => terminal.kill('SIGKILL'));
  const ended = Promise.withResolvers<number>();
  let shown = '';
  terminal.onData((text) => {
    shown += text;
    if (!shown.includes('[y/N] ')) return;
    shown = '';
    terminal.write(keys);
  });
  terminal.onExit(({ exitCode }) => ended.resolve(exitCode));
  return await ended.promise;
}

test.each([
  ['n\r', 64],
  ['\r', 64],
  ['yellow\r', 64],
  ['\u0004', 64],
  ['y\r', 0],
  ['YES\r', 0],
])('on a terminal it asks before something is lost: %j', async (keys, code) => {
  const bench = new Bench();
  await bench.run('create', 'm0', 'a.img', 'b.img', '--size', '1M');
  // What it has learnt cannot be read, so it may be anything.
  bench.file('state/m0.state.json', 1);
  expect(await onTerminal(bench, ['remove', 'm0'], keys)).toBe(code);
  expect(existsSync(bench.at('state/m0.json'))).toBe(code !== 0);
});
