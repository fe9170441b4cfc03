/** Scratch legs, servers over them, and what they cost: the ground under every benchmark. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';

export const MIB = 1024 * 1024;
export const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');

/** A directory under `parent` that is gone when `use` has ended. */
export async function inScratch<Value>(
  parent: string,
  use: (directory: string) => Promise<Value>,
): Promise<Value> {
  const directory = mkdtempSync(path.join(parent, 'mirrorctl-bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Real bytes, so that no file system can take a short cut; a different pattern for each `seed`. */
export function makeLeg(file: string, sizeMib: number, seed: number): void {
  const chunk = randomFillSync(Buffer.alloc(MIB)).fill(seed, 0, 8);
  const fd = openSync(file, 'wx');
  for (let at = 0; at < sizeMib; at += 1) writeSync(fd, chunk, 0, MIB, at * MIB);
  closeSync(fd);
}

export function mirrorctl(stateDir: string, ...words: string[]): string {
  return execFileSync(MIRRORCTL, [...words, '--state-dir', stateDir], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** The status of the mirror `m`. */
export function statusOf(stateDir: string): MirrorStatus {
  const { mirrors } = JSON.parse(mirrorctl(stateDir, 'status', 'm', '--json'));
  return mirrors[0];
}

/** A server that listens on `socket` when this resolves. */
export async function startServer(
  command: readonly string[],
  socket: string,
): Promise<ChildProcess> {
  const [file = '', ...args] = command;
  const server = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.on('data', (chunk: Buffer) => {
    if (said.length < 4096) said += chunk.toString();
  });
  while (!existsSync(socket)) {
    if (server.exitCode !== null) throw new Error(`${file} ended with ${server.exitCode}: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return server;
}

/** The engine of the mirror `m`, serving on `socket`. */
export function startMirror(stateDir: string, socket: string): Promise<ChildProcess> {
  const where = ['--state-dir', stateDir, '--listen', `unix:${socket}`];
  return startServer([MIRRORCTL, 'activate', 'm', ...where], socket);
}

export async function stopServer(server: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await gone;
}

/** User and system time of a process with all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return ticks / TICKS_PER_SECOND;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux we know

export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line(head.map((_, at) => (at === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n');
}

export function has(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
