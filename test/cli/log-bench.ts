/** A place to run `log` commands in process: a scratch folder, and what they print. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { main } from '../../src/cli/main.ts';
import type { Outside } from '../../src/cli/outside.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly aside: string;
}

export class LogBench {
  /** Aborted, it ends the command as a signal would. */
  interruption = new AbortController();
  /** Milliseconds; each look at the clock takes one more second. */
  clock = 0;
  /** Shown instead of the running clock. */
  frozen: Date | null = null;
  /** What that person says when asked. */
  answer: () => boolean = () => false;
  /** A person sits at the terminal. */
  asks = false;
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'log-bench-'));

  /** Runs `mirrorctl log WORDS…` with the scratch folder as working and state directory. */
  async log(...words: string[]): Promise<Ran> {
    return await this.run('log', ...words);
  }

  async run(...words: string[]): Promise<Ran> {
    let out = '';
    let aside = '';
    const outside: Outside = {
      print: (text) => {
        out += text;
      },
      printAside: (text) => {
        aside += text;
      },
      env: { MIRRORCTL_STATE_DIR: this.at('state') },
      cwd: this.folder,
      uid: process.geteuid?.() ?? 0,
      stdoutIsTerminal: false,
      asideIsTerminal: this.asks,
      canAsk: this.asks,
      columns: () => 100,
      asideColumns: () => 100,
      rows: () => 24,
      now: () => {
        this.clock += 1_000;
        return this.frozen ?? new Date(this.clock);
      },
      sleep: async () => {},
      confirm: async () => this.answer(),
      interruption: () => this.interruption.signal,
    };
    const code = await main(words, outside, COMMANDS);
    return { code, out, aside };
  }

  async json(...words: string[]) {
    const { code, out } = await this.log(...words, '--json');
    return { code, report: JSON.parse(out) };
  }

  at(name: string): string {
    return path.join(this.folder, name);
  }

  write(name: string, bytes: Uint8Array): string {
    fs.writeFileSync(this.at(name), bytes);
    return this.at(name);
  }

  read(name: string): Uint8Array {
    return new Uint8Array(fs.readFileSync(this.at(name)));
  }

  /** A sparse file of `sizeBytes` with some bytes in it. */
  leg(name: string, sizeBytes: number, bytes: Readonly<Record<number, number>> = {}): string {
    const fd = fs.openSync(this.at(name), 'w');
    fs.ftruncateSync(fd, sizeBytes);
    for (const [at, value] of Object.entries(bytes)) {
      fs.writeSync(fd, Uint8Array.of(value), 0, 1, Number(at));
    }
    fs.closeSync(fd);
    return this.at(name);
  }

  /** A kernel's log from the fixtures, under its own name. */
  kernelLog(name: string): string {
    const packed = fs.readFileSync(path.join(FIXTURES, 'kernel-logs', name, 'log.bin.gz'));
    return this.write(`${name}.log`, gunzipSync(packed));
  }

  remove(): void {
    fs.rmSync(this.folder, { recursive: true });
  }
}
