/**
 * The foreground of an engine that runs in this process: the dashboard if it was asked for, and words on
 * stderr before and after it.
 *
 *   --tui ─▶ dashboard ── d ─▶ deactivate ─▶ engine stopped ─▶ dashboard closes
 *              └─ l, SIGHUP ─▶ words and progress on stderr, until a signal or deactivate
 *
 * What happens while the dashboard has the terminal is kept, and said when the dashboard is gone. A
 * dashboard that fails takes no engine with it.
 */
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { CommandEntry, Flag } from './command.ts';
import type { Flags } from './given.ts';
import { openScreen } from './open-screen.ts';
import type { Outside } from './outside.ts';
import { Progress } from './progress.ts';
import { followRecovery, recoveryJob } from './recovery-progress.ts';
import { isSwitchedOn, refuseWithoutTerminal } from './terminal-needed.ts';

export const TUI_FLAGS = {
  tui: { value: 'none', help: 'show the dashboard; leaving it does not stop the engine' },
  'no-tui': { value: 'none', help: 'no dashboard, though $MIRRORCTL_TUI asks for it' },
} as const satisfies Readonly<Record<string, Flag>>;

const KEPT_MAX = 100;

/** Whether to open the dashboard. Throws USAGE, NOT_A_TERMINAL. */
export function wantsScreen(outside: Outside, flags: Flags): boolean {
  const { MIRRORCTL_TUI } = outside.env;
  if (flags.has('tui')) {
    const other = ['detach', 'json'].find((name) => flags.has(name));
    if (other !== undefined) throw new MirrorError('USAGE', `--tui contradicts --${other}`);
    refuseWithoutTerminal(outside, 'mirrorctl activate');
    return true;
  }
  const isAsked = isSwitchedOn(MIRRORCTL_TUI);
  const isRefused = ['no-tui', 'detach', 'json'].some((name) => flags.has(name));
  return isAsked && !isRefused && outside.stdoutIsTerminal && outside.canAsk;
}

/** An active mirror of this process. */
export interface HostedEngine {
  readonly spec: { readonly name: string };
  status(): Promise<MirrorStatus>;
  answer(request: ControlRequest): Promise<ControlAnswer>;
  stop(): Promise<unknown>;
}

export class Foreground {
  readonly #outside: Outside;
  readonly #flags: Flags;
  readonly #table: readonly CommandEntry[];
  readonly #progress: Progress;
  readonly #ended = new AbortController();
  /** What was said since the dashboard has the terminal; null: it has not. */
  #kept: string[] | null = null;
  #screen: Promise<void> = Promise.resolve();

  constructor(outside: Outside, flags: Flags, table: readonly CommandEntry[], name: string) {
    this.#outside = outside;
    this.#flags = flags;
    this.#table = table;
    this.#progress = new Progress(outside, flags, recoveryJob(name));
  }

  say(text: string): void {
    if (this.#kept === null) this.#progress.say(text);
    else this.#kept = [...this.#kept, text].slice(-KEPT_MAX);
  }

  /** Shows the engine until `end`. */
  begin(engine: HostedEngine, withScreen: boolean): void {
    if (withScreen) this.#screen = this.#show(engine);
    const over = AbortSignal.any([this.#outside.interruption(), this.#ended.signal]);
    const follow = () => followRecovery(this.#outside, this.#progress, () => engine.status(), over);
    void this.#screen.then(follow);
  }

  /** Gives the terminal back. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#screen;
    this.#progress.end();
  }

  async #show(engine: HostedEngine): Promise<void> {
    const { name } = engine.spec;
    const direct = { ask: (request: ControlRequest) => engine.answer(request), close: () => {} };
    const stop = () => void engine.stop();
    process.once('SIGHUP', stop);
    this.#kept = [];
    try {
      await openScreen(
        this.#outside,
        this.#flags,
        { name, kind: 'live', open: () => direct },
        {
          table: this.#table,
          stateDir: this.#flags.value('state-dir'),
          host: { deactivate: stop },
          ended: this.#ended.signal,
        },
      );
    } catch (error) {
      this.say(`${name}: the dashboard failed, ${name} is served on: ${error}\n`);
    } finally {
      process.off('SIGHUP', stop);
      const kept = this.#kept ?? [];
      this.#kept = null;
      for (const text of kept) this.say(text);
    }
  }
}
