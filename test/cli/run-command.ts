/**
 * Runs commands in process, in a scratch directory of their own, with a clock that stands still until
 * someone sleeps. Engines are pretended: a handler behind a real control socket and the mirror's lock.
 */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { CommandEntry } from '../../src/cli/command.ts';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { main } from '../../src/cli/main.ts';
import type { Outside } from '../../src/cli/outside.ts';
import type { ControlHandler } from '../../src/control/control-server.ts';
import { serveControl } from '../../src/control/control-server.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { writeDefinition } from '../../src/registry/definition-file.ts';
import { lockMirror } from '../../src/registry/mirror-lock.ts';
import type { Places } from '../../src/registry/places.ts';
import { controlSocketPath, makeRuntimeDirectory } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly aside: string;
}

export class Bench {
  readonly directory = scratchDirectory();
  readonly places: Places;
  /** What `confirm` was asked. */
  readonly asked: string[] = [];
  /** How long each sleep was to last; `onSleep` is called in its stead. */
  readonly slept: number[] = [];
  onSleep: () => void | Promise<void> = () => {};
  answer = false;
  canAsk = false;
  stdoutIsTerminal = false;
  asideIsTerminal = false;
  columns = 80;
  rows = Infinity;
  env: Readonly<Record<string, string>> = {};
  readonly interruption = new AbortController();
  #now = Date.parse('2026-01-02T03:04:05.678Z');

  constructor() {
    const stateDir = this.at('state');
    this.places = { stateDir, runtimeDir: path.join(stateDir, 'run') };
  }

  at(name: string): string {
    return path.join(this.directory, name);
  }

  /** A file of `sizeBytes` zeroes. */
  file(name: string, sizeBytes: number): string {
    writeFileSync(this.at(name), '');
    truncateSync(this.at(name), sizeBytes);
    return this.at(name);
  }

  define(spec: MirrorSpec): void {
    mkdirSync(this.places.stateDir, { recursive: true });
    writeDefinition(this.places, spec);
  }

  /** The log of `m0` with so many regions, those of `bits` clean. */
  setLog(regionCount: number, ...bits: number[]): void {
    const log = Buffer.alloc(1536);
    log.writeUInt32LE(0x4d695272, 0);
    log.writeUInt32LE(2, 4);
    log.writeBigUInt64LE(BigInt(regionCount), 8);
    log.set(bits, 1024);
    writeFileSync(this.at('state/m0.log'), log);
  }

  /** Serves `name` until the test ends or `stop` is called. */
  async engine(name: string, handler: ControlHandler): Promise<{ stop: () => Promise<void> }> {
    makeRuntimeDirectory(this.places);
    const lock = lockMirror(this.places, name, 'activate');
    const server = await serveControl(controlSocketPath(this.places, name), handler);
    let running = true;
    const stop = async () => {
      if (!running) return;
      running = false;
      await server.close();
      lock.release();
    };
    onTestFinished(stop);
    return { stop };
  }

  run(...words: string[]): Promise<Ran> {
    return this.runIn(COMMANDS, ...words);
  }

  async runIn(table: readonly CommandEntry[], ...words: string[]): Promise<Ran> {
    let out = '';
    let aside = '';
    const outside: Outside = {
      print: (text) => {
        out += text;
      },
      printAside: (text) => {
        aside += text;
      },
      env: { MIRRORCTL_STATE_DIR: this.places.stateDir, ...this.env },
      cwd: this.directory,
      uid: 1000,
      stdoutIsTerminal: this.stdoutIsTerminal,
      asideIsTerminal: this.asideIsTerminal,
      canAsk: this.canAsk,
      columns: () => this.columns,
      asideColumns: () => this.columns,
      rows: () => this.rows,
      now: () => new Date(this.#now),
      sleep: async (milliseconds) => {
        this.slept.push(milliseconds);
        this.#now += milliseconds;
        await this.onSleep();
      },
      confirm: async (question) => {
        this.asked.push(question);
        return this.answer;
      },
      interruption: () => this.interruption.signal,
    };
    const code = await main(words, outside, table);
    return { code, out, aside };
  }

  async json(...words: string[]) {
    const { code, out, aside } = await this.run(...words, '--json');
    return { code, aside, document: JSON.parse(out) };
  }
}
