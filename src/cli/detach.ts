/**
 * Running the engine in the background: the same command in a session of its own, and a pipe on which
 * it says once that it serves.
 *
 *   parent ── spawn ──▶ child: activate, stdout and stderr to STATE_DIR/NAME.messages
 *     │                   │
 *     ◀── fd 3: ["nbd+unix://…"] ── serving        parent prints the URIs and returns 0
 *     ◀── exit code ─────────────── not serving    parent prints what the child said, returns its code
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { invariant } from '../errors/invariant.ts';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import type { Places } from '../registry/places.ts';
import { makeDirectory, messagesPath } from '../registry/places.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';

const READY_VARIABLE = 'MIRRORCTL_READY_FD';
const READY_FD = 3;
const PASSED_ON = [
  'read-only',
  'read-write',
  'accept-log',
  'init-log',
  'direct',
  'compare',
  'yes',
  'json',
  'no-color',
] as const;
const PASSED_ON_WITH_VALUE = ['source', 'io', 'io-timeout', 'degraded', 'state-dir'] as const;
const PASSED_ON_REPEATED = ['listen', 'inject', 'on'] as const;

/** Returns once the child serves, or with its exit code. */
export async function detach(
  outside: Outside,
  places: Places,
  name: string,
  flags: Flags,
): Promise<ExitCode> {
  makeDirectory(places.stateDir);
  const messages = openSync(messagesPath(places, name), 'w', 0o600);
  const child = spawn(process.execPath, [startFile(), ...wordsFor(name, flags)], {
    cwd: outside.cwd,
    detached: true,
    env: { ...outside.env, [READY_VARIABLE]: String(READY_FD) },
    stdio: ['ignore', messages, messages, 'pipe'],
  });
  closeSync(messages);
  const ready = child.stdio[READY_FD] as Readable;
  const interruption = outside.interruption();
  const stop = () => child.kill('SIGTERM');
  interruption.addEventListener('abort', stop);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const said = await text(ready);
  interruption.removeEventListener('abort', stop);
  if (said === '') return failed(outside, places, name, flags, (await exited)[0]);
  child.unref();
  report(outside, flags, readFileSync(messagesPath(places, name), 'utf8'), JSON.parse(said));
  return EXIT.ok;
}

/** Says to a waiting parent, if there is one, that clients are served at `exports`. */
export function announceReady(env: Outside['env'], exports: readonly string[]): void {
  if (env[READY_VARIABLE] !== String(READY_FD)) return;
  writeSync(READY_FD, JSON.stringify(exports));
  closeSync(READY_FD);
}

function report(outside: Outside, flags: Flags, plan: string, exports: readonly string[]): void {
  const [first = ''] = plan.split('\n');
  outside.printAside(`${first}\n`);
  for (const uri of exports) {
    outside.print(flags.has('json') ? `${JSON.stringify({ serving: uri })}\n` : `serving ${uri}\n`);
  }
}

function failed(
  outside: Outside,
  places: Places,
  name: string,
  flags: Flags,
  code: number | null,
): ExitCode {
  const said = readFileSync(messagesPath(places, name), 'utf8');
  if (flags.has('json')) outside.print(said);
  else outside.printAside(said);
  const known = Object.values(EXIT).find((exit) => exit === code);
  return known ?? EXIT.invariantBroken;
}

function wordsFor(name: string, flags: Flags): string[] {
  return [
    ...['activate', name],
    ...PASSED_ON_REPEATED.flatMap((flag) =>
      flags.values(flag).flatMap((value) => [`--${flag}`, value]),
    ),
    ...PASSED_ON.filter((flag) => flags.has(flag)).map((flag) => `--${flag}`),
    ...['--progress', flags.value('progress') ?? 'none'],
    ...PASSED_ON_WITH_VALUE.flatMap((flag) => {
      const value = flags.value(flag);
      return value === null ? [] : [`--${flag}`, value];
    }),
  ];
}

/** The entry that this very process was started with. */
function startFile(): string {
  const [, file] = process.argv;
  invariant(file !== undefined, 'node was started without a file');
  return file;
}
