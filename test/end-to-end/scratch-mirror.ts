/** Mirrors on scratch files, driven through the built `bin/mirrorctl` as a person would. */
import { randomFillSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { onTestFinished } from 'vitest';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import { NbdClient } from '../../src/nbd-client/nbd-client.ts';

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
export const KIB = 1024;
export const MIB = 1024 * KIB;

export interface Ran {
  /** Undefined: ended by a signal. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** A file of `bytes` random bytes, or of zeroes. */
export function makeFile(file: string, bytes: number, content: 'random' | 'zero'): string {
  const data = Buffer.alloc(bytes);
  writeFileSync(file, content === 'random' ? randomFillSync(data) : data);
  return file;
}

export class ScratchMirror {
  readonly directory: string;
  readonly name = 'm';
  readonly legs: readonly string[];
  readonly stateDir: string;

  constructor(
    directory: string,
    legs: readonly string[],
    stateDir = path.join(directory, 'state'),
  ) {
    this.directory = directory;
    this.legs = legs;
    this.stateDir = stateDir;
  }

  get logFile(): string {
    return path.join(this.stateDir, `${this.name}.log`);
  }

  /** Never throws: exit code and both outputs are in the result. */
  async run(...words: string[]): Promise<Ran> {
    const { exitCode, stdout, stderr } = await execa(MIRRORCTL, words, {
      reject: false,
      env: { MIRRORCTL_STATE_DIR: this.stateDir },
      cwd: this.directory,
    });
    return { exitCode, stdout, stderr };
  }

  /** Runs a command that must succeed; returns what it printed on stdout. */
  async do(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(...words);
    if (exitCode !== 0) throw new Error(`mirrorctl ${words.join(' ')}: ${exitCode}\n${stderr}`);
    return stdout;
  }

  async status(): Promise<MirrorStatus> {
    const { mirrors } = JSON.parse(await this.do('status', this.name, '--json'));
    return mirrors[0];
  }

  /** `7/8 AD A`: regions in sync, legs, log, out of the line that dm would print. */
  async dm(): Promise<string> {
    const line = (await this.do('status', this.name, '--format', 'dm')).trim();
    const { legs, logFile } = this;
    const form = new RegExp(
      `^m: 0 \\d+ mirror ${legs.length} ${legs.join(' ')} (\\S+) 1 (\\S+) 3 disk ${logFile} (\\S)$`,
    );
    const [, count, letters, log] = form.exec(line) ?? [];
    return count === undefined ? line : `${count} ${letters} ${log}`;
  }

  /** In the background; deactivated when the test is over, whatever happened in it. */
  async activate(...words: string[]): Promise<void> {
    onTestFinished(async () => void (await this.run('deactivate', this.name)));
    await this.do('activate', this.name, '--detach', ...words);
  }

  async inSync(): Promise<void> {
    await this.do('wait', this.name, '--until', 'in-sync', '--timeout', '60');
  }

  /** As the power would, for a process: nothing is said, flushed or cleaned. */
  async kill(): Promise<void> {
    const { pid } = await this.status();
    if (pid === null) throw new Error(`${this.name} is not active`);
    process.kill(pid, 'SIGKILL');
    await this.#gone(pid);
  }

  connect(): Promise<NbdClient> {
    const socket = path.join(this.stateDir, 'run', `${this.name}.nbd`);
    return NbdClient.connect({ path: socket }, this.name);
  }

  /** Log bits as hex, from byte 1024 on. */
  logBits(bytes: number): string {
    return readFileSync(this.logFile)
      .subarray(1024, 1024 + bytes)
      .toString('hex');
  }

  legsAreEqual(): boolean {
    const [first, ...others] = this.legs.map((leg) => readFileSync(leg));
    return others.every((other) => first?.equals(other));
  }

  /** A killed process is gone once its lock is: the next activation would be refused before. */
  async #gone(pid: number): Promise<void> {
    while (isAlive(pid)) await new Promise((resolve) => setImmediate(resolve));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
