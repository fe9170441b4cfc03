/**
 * `mirrorctl demo`: the main job on scratch files, with the very commands a person would type.
 *
 *   two legs that differ ─▶ create ─▶ activate --detach ─▶ writes over NBD while it recovers
 *     ─▶ wait ─▶ read back ─▶ deactivate ─▶ compare the legs ─▶ log dump ─▶ clean up
 *
 *   --tui   writes all the time, and the dashboard: recovery ─▶ a leg fails ─▶ the person heals it, or
 *           leaves and the demo does; from `wait` on as above
 *
 * Nothing outside its own scratch directory is touched, and that is gone afterwards, also after
 * Ctrl-C. The demo fails, with an exit code to match, if a leg differs or a write is not read back.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { askEngine } from '../../control/control-client.ts';
import type { MirrorStatus } from '../../control-protocol/mirror-status.ts';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { formatBytes } from '../../geometry/size-words.ts';
import type { Places } from '../../registry/places.ts';
import { controlSocketPath, nbdSocketPath } from '../../registry/places.ts';
import type { Command, CommandEntry } from '../command.ts';
import { fillLeg, firstDifference } from '../demo-legs.ts';
import { BLOCK_BYTES, isClientLost, Workload } from '../demo-workload.ts';
import type { Flags } from '../given.ts';
import { main } from '../main.ts';
import { ask, isEngineMissing } from '../observe.ts';
import { openScreen } from '../open-screen.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG, Progress } from '../progress.ts';
import { recoveryJob, showRecovery } from '../recovery-progress.ts';
import { refuseWithoutTerminal } from '../terminal-needed.ts';

const NAME = 'demo';
const LEG_BYTES = 256 * 1024 * 1024;
/** Slow enough to watch, quick enough to wait for. */
const RECOVERY_RATE = '48M';
const SCREEN_RECOVERY_RATE = '20M';
const LOOK_EVERY_MS = 200;
/** Between two batches: a screen wants a mirror that is busy, not one that is drowned. */
const BREATH_MS = 20;
/** How long all is well before a leg fails. */
const CALM_MS = 4_000;
const STOP_MS = 60_000;
const FAILING_LEG = 1;

export const command: Command = {
  args: [],
  flags: {
    tui: { value: 'none', help: 'watch it in the dashboard, and heal a leg that fails' },
    ...PROGRESS_FLAG,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl demo', does: 'watch a mirror being made, written, recovered' },
    { words: 'mirrorctl demo --tui', does: 'the same in the dashboard, with a leg that fails' },
  ],
  notes: [
    'Makes two scratch legs of 256 MiB with different contents, mirrors them, writes to the mirror over NBD while it recovers, compares the legs afterwards and cleans up. Takes about ten seconds.',
    'With --tui it goes on until you leave the dashboard: some seconds after recovery is through, a leg is taken out of service, and the screen says what to do. What is not healed when you leave, the demo heals.',
  ],

  async run(outside, _input, flags, table) {
    if (flags.has('tui')) refuseWithoutTerminal(outside, 'mirrorctl demo');
    const scratch = mkdtempSync(path.join(tmpdir(), 'mirrorctl-demo-'));
    const demo = new Demo(outside, scratch, flags, table);
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
  readonly #flags: Flags;
  readonly #places: Places;
  readonly #table: readonly CommandEntry[];
  readonly #legs: readonly [string, string];
  #mayRun = false;

  constructor(outside: Outside, scratch: string, flags: Flags, table: readonly CommandEntry[]) {
    const stateDir = path.join(scratch, 'state');
    this.#outside = outside;
    this.#scratch = scratch;
    this.#flags = flags;
    this.#table = table;
    this.#places = { stateDir, runtimeDir: path.join(stateDir, 'run') };
    this.#legs = [path.join(scratch, 'a.img'), path.join(scratch, 'b.img')];
  }

  async run(): Promise<ExitCode> {
    const [legA, legB] = this.#legs;
    const onScreen = this.#flags.has('tui');
    const interruption = this.#outside.interruption();
    this.#say(
      `scratch directory ${this.#scratch}; two legs of ${formatBytes(LEG_BYTES)} that differ`,
    );
    fillLeg(legA, LEG_BYTES, 1);
    fillLeg(legB, LEG_BYTES, 2);
    await this.#command('create', NAME, legA, legB);
    await this.#activate();
    const rate = onScreen ? SCREEN_RECOVERY_RATE : RECOVERY_RATE;
    await this.#command('recovery', 'throttle', NAME, rate);
    const workload = onScreen ? await this.#onScreen() : await this.#inWords(interruption);
    interruption.throwIfAborted();
    await this.#command('recovery', 'throttle', NAME, '100');
    await this.#command('wait', NAME, '--until', 'in-sync');
    const readBack = await workload.readBack();
    workload.close();
    await this.#command('deactivate', NAME);
    this.#mayRun = false;
    const difference = firstDifference(legA, legB, LEG_BYTES);
    await this.#command('log', 'dump', path.join(this.#places.stateDir, `${NAME}.log`));
    return this.#conclude(workload, readBack, difference);
  }

  /** Whatever happened, no engine and no file is left behind. */
  async cleanUp(): Promise<void> {
    if (this.#mayRun) {
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

  async #activate(): Promise<void> {
    this.#mayRun = true;
    await this.#command('activate', NAME, '--detach');
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

  /** Writes as fast as it goes until recovery is through. */
  async #inWords(interruption: AbortSignal): Promise<Workload> {
    this.#say(`writing random ${formatBytes(BLOCK_BYTES)} blocks over NBD while the legs recover`);
    const progress = new Progress(this.#outside, this.#flags, recoveryJob(NAME));
    const workload = await Workload.connect(this.#nbd, NAME, 'everywhere');
    for (let recovering = true; recovering && !interruption.aborted; ) {
      const lookAt = this.#outside.now().getTime() + LOOK_EVERY_MS;
      while (this.#outside.now().getTime() < lookAt) await workload.writeBatch();
      const status = await this.#status();
      showRecovery(progress, status);
      recovering = status.recovery.active;
    }
    progress.end();
    await workload.flush();
    return workload;
  }

  /** Until the person leaves; then all is as if nothing had failed. */
  async #onScreen(): Promise<Workload> {
    const over = new AbortController();
    const workload = await Workload.connect(this.#nbd, NAME, 'wandering');
    const doings = Promise.all([this.#keepWriting(workload, over.signal), this.#plot(over.signal)]);
    const { liveSource } = await import('../../watch/live-source.ts');
    const source = liveSource(NAME, controlSocketPath(this.#places, NAME));
    const { stateDir } = this.#places;
    await openScreen(this.#outside, this.#flags, source, { table: this.#table, stateDir });
    over.abort();
    await doings;
    return await this.#healed(workload);
  }

  async #keepWriting(workload: Workload, over: AbortSignal): Promise<void> {
    try {
      while (!over.aborted) {
        await workload.writeBatch();
        await this.#outside.sleep(BREATH_MS);
      }
      await workload.flush();
    } catch (error) {
      // Deactivated from the dashboard: its right.
      if (!isClientLost(error)) throw error;
    }
  }

  /** Recovery, a calm, and then a leg fails. */
  async #plot(over: AbortSignal): Promise<void> {
    let calmSince = Infinity;
    try {
      for (;;) {
        const now = this.#outside.now().getTime();
        if (over.aborted || this.#outside.interruption().aborted) return;
        if (now - calmSince >= CALM_MS) break;
        const { recovery, inSyncRegions, regionCount } = await this.#status();
        const isCalm = !recovery.active && inSyncRegions === regionCount;
        calmSince = isCalm ? Math.min(calmSince, now) : Infinity;
        await this.#outside.sleep(LOOK_EVERY_MS);
      }
      await ask(this.#places, NAME, { ask: 'failLeg', leg: FAILING_LEG }, 'done');
    } catch (error) {
      if (!isEngineMissing(error)) throw error;
    }
  }

  async #healed(workload: Workload): Promise<Workload> {
    try {
      const { legs } = await this.#status();
      if (legs[FAILING_LEG]?.state !== 'alive') {
        await this.#command('leg', 'clear', NAME, String(FAILING_LEG));
      }
      return workload;
    } catch (error) {
      if (!isEngineMissing(error)) throw error;
      workload.close();
      await this.#activate();
      return await workload.reconnected(this.#nbd, NAME);
    }
  }

  get #nbd() {
    return { path: nbdSocketPath(this.#places, NAME) };
  }

  async #status(): Promise<MirrorStatus> {
    return (await ask(this.#places, NAME, { ask: 'status' }, 'status')).status;
  }

  #conclude({ count, blockCount }: Workload, readBack: number, difference: number | null) {
    const wrong = blockCount - readBack;
    const legs =
      difference === null
        ? 'the two legs are equal, byte for byte'
        : `the legs DIFFER at byte ${difference}`;
    this.#say(`${count} writes went to the mirror while it recovered ${formatBytes(LEG_BYTES)};`);
    this.#say(
      `${readBack} blocks read back as written${wrong === 0 ? '' : `, ${wrong} did NOT`}; ${legs};`,
    );
    this.#say('the engine is stopped, the log says clean, and the scratch files are gone.');
    return wrong === 0 && difference === null ? EXIT.ok : EXIT.findings;
  }
}
