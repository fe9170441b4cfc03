/**
 * `mirrorctl demo`: the main job on scratch files, with the very commands a person would type.
 *
 *   two legs that differ ─▶ create ─▶ activate --detach ─▶ writes over NBD while it recovers
 *     ─▶ wait ─▶ read back ─▶ deactivate ─▶ compare the legs ─▶ log dump ─▶ clean up
 *
 * Nothing outside its own scratch directory is touched, and that is gone afterwards, also after
 * Ctrl-C. The demo fails, with an exit code to match, if a leg differs or a write is not read back.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { askEngine } from '../../control/control-client.ts';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { formatBytes, formatDuration, formatRate } from '../../geometry/size-words.ts';
import { NbdClient } from '../../nbd-client/nbd-client.ts';
import type { Places } from '../../registry/places.ts';
import { controlSocketPath, nbdSocketPath } from '../../registry/places.ts';
import type { Command, CommandEntry } from '../command.ts';
import { main } from '../main.ts';
import type { Outside } from '../outside.ts';

const NAME = 'demo';
const MIB = 1024 * 1024;
const LEG_BYTES = 256 * MIB;
const WRITE_BYTES = 4096;
/** Slow enough to watch, quick enough to wait for. */
const RECOVERY_RATE = '48M';
const WRITES_IN_FLIGHT = 32;
const LOOK_EVERY_MS = 200;
/** How long the engine may take to answer. */
const STATUS_MS = 5_000;
const STOP_MS = 60_000;

export const command: Command = {
  args: [],
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl demo', does: 'watch a mirror being made, written, recovered' }],
  notes: [
    'Makes two scratch legs of 256 MiB with different contents, mirrors them, writes to the mirror over NBD while it recovers, compares the legs afterwards and cleans up. Takes about ten seconds.',
  ],

  async run(outside, _input, _flags, table) {
    const scratch = mkdtempSync(path.join(tmpdir(), 'mirrorctl-demo-'));
    const demo = new Demo(outside, scratch, table);
    try {
      return await demo.run();
    } finally {
      await demo.cleanUp();
    }
  },
};

class Demo {
  readonly #outside: Outside;
  readonly #scratch: string;
  readonly #places: Places;
  readonly #table: readonly CommandEntry[];
  readonly #legs: readonly [string, string];
  /** Block number → the number that was written there, the last one that was acknowledged. */
  readonly #written = new Map<number, number>();
  #active = false;

  constructor(outside: Outside, scratch: string, table: readonly CommandEntry[]) {
    const stateDir = path.join(scratch, 'state');
    this.#outside = outside;
    this.#scratch = scratch;
    this.#table = table;
    this.#places = { stateDir, runtimeDir: path.join(stateDir, 'run') };
    this.#legs = [path.join(scratch, 'a.img'), path.join(scratch, 'b.img')];
  }

  async run(): Promise<ExitCode> {
    const [legA, legB] = this.#legs;
    const interruption = this.#outside.interruption();
    this.#say(
      `scratch directory ${this.#scratch}; two legs of ${formatBytes(LEG_BYTES)} that differ`,
    );
    fill(legA, 1);
    fill(legB, 2);
    await this.#command('create', NAME, legA, legB);
    this.#active = true;
    await this.#command('activate', NAME, '--detach');
    await this.#command('recovery', 'throttle', NAME, RECOVERY_RATE);
    const writes = await this.#writeWhileRecovering(interruption);
    interruption.throwIfAborted();
    await this.#command('recovery', 'throttle', NAME, '100');
    await this.#command('wait', NAME, '--until', 'in-sync');
    const readBack = await this.#readBack();
    await this.#command('deactivate', NAME);
    this.#active = false;
    const difference = firstDifference(legA, legB);
    await this.#command('log', 'dump', path.join(this.#places.stateDir, `${NAME}.log`));
    return this.#conclude(writes, readBack, difference);
  }

  /** Whatever happened, no engine and no file is left behind. */
  async cleanUp(): Promise<void> {
    if (this.#active) {
      await askEngine(controlSocketPath(this.#places, NAME), { ask: 'deactivate' }, STOP_MS).catch(
        () => {
          // It never came up, or is gone already: there is nothing left to stop.
        },
      );
    }
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #say(text: string): void {
    this.#outside.print(`# ${text}\n`);
  }

  /** Runs a command as if it had been typed, and shows it. */
  async #command(...words: string[]): Promise<void> {
    this.#outside.print(`$ mirrorctl ${words.join(' ').replaceAll(`${this.#scratch}/`, '')}\n`);
    const shown = (text: string) => text.replaceAll(`${this.#scratch}/`, '');
    const outside: Outside = {
      ...this.#outside,
      print: (text) => this.#outside.print(shown(text)),
      printAside: (text) => this.#outside.printAside(shown(text)),
    };
    const code = await main([...words, '--state-dir', this.#places.stateDir], outside, this.#table);
    if (code !== EXIT.ok) {
      throw new MirrorError('CANNOT_CREATE', `the demo stopped: ${words[0]} ended with ${code}`);
    }
  }

  /** Random blocks, each with a number of its own, until recovery is through. Returns how many. */
  async #writeWhileRecovering(interruption: AbortSignal): Promise<number> {
    this.#say(`writing random ${formatBytes(WRITE_BYTES)} blocks over NBD while the legs recover`);
    const client = await NbdClient.connect({ path: nbdSocketPath(this.#places, NAME) }, NAME);
    const blocks = client.sizeBytes / WRITE_BYTES;
    let count = 0;
    for (let recovering = true; recovering && !interruption.aborted; ) {
      const lookAt = this.#outside.now().getTime() + LOOK_EVERY_MS;
      while (this.#outside.now().getTime() < lookAt) {
        // A block is written once a batch, so that which write came last is no question.
        const batch = new Set(
          Array.from({ length: WRITES_IN_FLIGHT }, () => Math.floor(Math.random() * blocks)),
        );
        await Promise.all([...batch].map((block, at) => this.#write(client, block, count + at)));
        count += batch.size;
      }
      recovering = await this.#showProgress(count);
    }
    await client.flush();
    client.close();
    this.#outside.printAside('\n');
    return count;
  }

  async #write(client: NbdClient, block: number, number: number): Promise<void> {
    await client.write(block * WRITE_BYTES, numbered(number));
    this.#written.set(block, number);
  }

  async #showProgress(count: number): Promise<boolean> {
    const answer = await askEngine(
      controlSocketPath(this.#places, NAME),
      { ask: 'status' },
      STATUS_MS,
    );
    if (!('status' in answer)) return false;
    const { recovery, dirtyRegions } = answer.status;
    const { doneRegions, totalRegions, bytesPerSecond, etaSeconds } = recovery;
    const percent = ((100 * (doneRegions ?? 0)) / totalRegions).toFixed(0).padStart(3);
    const rate = bytesPerSecond === null ? '' : `, ${formatRate(bytesPerSecond)}`;
    const toGo = etaSeconds === null ? '' : `, ${formatDuration(etaSeconds)} to go`;
    const line = `  in sync ${percent} %${rate}${toGo}; ${count} writes, ${dirtyRegions} regions dirty`;
    this.#outside.printAside(this.#outside.stdoutIsTerminal ? `\r${line.padEnd(78)}` : `${line}\n`);
    return recovery.active;
  }

  /** How many of the blocks written hold what was written. */
  async #readBack(): Promise<number> {
    const client = await NbdClient.connect({ path: nbdSocketPath(this.#places, NAME) }, NAME);
    let right = 0;
    for (const [block, number] of this.#written) {
      const found = await client.read(block * WRITE_BYTES, WRITE_BYTES);
      if (Buffer.compare(found, numbered(number)) === 0) right += 1;
    }
    client.close();
    return right;
  }

  #conclude(writes: number, readBack: number, difference: number | null): ExitCode {
    const wrong = this.#written.size - readBack;
    const legs =
      difference === null
        ? 'the two legs are equal, byte for byte'
        : `the legs DIFFER at byte ${difference}`;
    this.#say(`${writes} writes went to the mirror while it recovered ${formatBytes(LEG_BYTES)};`);
    this.#say(
      `${readBack} blocks read back as written${wrong === 0 ? '' : `, ${wrong} did NOT`}; ${legs};`,
    );
    this.#say('the engine is stopped, the log says clean, and the scratch files are gone.');
    return wrong === 0 && difference === null ? EXIT.ok : EXIT.findings;
  }
}

/** A leg full of bytes that depend on `seed`, so that no two legs have a block in common. */
function fill(file: string, seed: number): void {
  const chunk = new Uint32Array(MIB / 4);
  const fd = openSync(file, 'wx', 0o600);
  try {
    for (let at = 0; at < LEG_BYTES; at += MIB) {
      for (let word = 0; word < chunk.length; word += 1) {
        chunk[word] = Math.imul(at + word + seed, 0x9e3779b1);
      }
      writeSync(fd, new Uint8Array(chunk.buffer), 0, MIB, at);
    }
  } finally {
    closeSync(fd);
  }
}

function numbered(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array(WRITE_BYTES / 4).fill(number).buffer);
}

/** The offset of the first byte that differs, or null. */
function firstDifference(fileA: string, fileB: string): number | null {
  const [a, b] = [openSync(fileA, 'r'), openSync(fileB, 'r')];
  const [partA, partB] = [Buffer.alloc(MIB), Buffer.alloc(MIB)];
  try {
    for (let at = 0; at < LEG_BYTES; at += MIB) {
      readSync(a, partA, 0, MIB, at);
      readSync(b, partB, 0, MIB, at);
      if (!partA.equals(partB)) return at + partA.findIndex((byte, place) => byte !== partB[place]);
    }
    return null;
  } finally {
    closeSync(a);
    closeSync(b);
  }
}
