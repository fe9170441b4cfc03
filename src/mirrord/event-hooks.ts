/**
 * Commands that the owner wants run when something happens: `activate --on EVENT=COMMAND`.
 *
 *   event ─▶ queue, at most `WAITING_MAX` ─▶ one at a time: sh -c COMMAND, at most `RUN_MS_MAX` ─▶ …
 *                └─ full: dropped, and said
 *
 * The mirror never waits for a command, and none can fail it. A command is a process group of its own,
 * so that what it started goes with it. At the end the queue gets `CLOSE_MS_MAX`, then it is killed.
 *
 * A command finds the event in its environment: MIRRORCTL_EVENT, MIRRORCTL_MIRROR, MIRRORCTL_TIME,
 * MIRRORCTL_TEXT, and each field by its name (MIRRORCTL_LEG, MIRRORCTL_PATH, MIRRORCTL_REGION, …).
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import type { EngineEvent } from '../control-protocol/control-request.ts';
import type { EventName } from '../control-protocol/event-names.ts';
import { HOOK_EVENTS } from '../control-protocol/event-names.ts';

export interface Hook {
  readonly event: EventName | 'any';
  readonly command: string;
}

export interface HookLimits {
  readonly runMsMax: number;
  readonly closeMsMax: number;
  readonly waitingMax: number;
}

const LIMITS: HookLimits = { runMsMax: 60_000, closeMsMax: 5_000, waitingMax: 64 };

interface Run {
  readonly hook: Hook;
  readonly event: EngineEvent;
}

export class EventHooks {
  readonly #mirror: string;
  readonly #hooks: readonly Hook[];
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #failed: (message: string) => void;
  readonly #limits: HookLimits;
  readonly #queue: Run[] = [];
  #child: ChildProcess | null = null;
  #idle: (() => void) | null = null;
  #isClosed = false;

  /** `failed` hears of each command that failed or was dropped. */
  constructor(
    mirror: string,
    hooks: readonly Hook[],
    env: Readonly<Record<string, string | undefined>>,
    failed: (message: string) => void,
    limits = LIMITS,
  ) {
    this.#mirror = mirror;
    this.#hooks = hooks;
    this.#env = env;
    this.#failed = failed;
    this.#limits = limits;
    process.once('exit', () => kill(this.#child));
  }

  run(event: EngineEvent): void {
    if (this.#isClosed || !HOOK_EVENTS.includes(event.event)) return;
    for (const hook of this.#hooks) {
      if (hook.event !== event.event && hook.event !== 'any') continue;
      if (this.#queue.length < this.#limits.waitingMax) this.#queue.push({ hook, event });
      else this.#failed(`${hook.command}: dropped, ${this.#queue.length} commands are waiting`);
    }
    this.#next();
  }

  /** Resolves when the queue is empty, or was given up. */
  async close(): Promise<void> {
    if (this.#child === null) return;
    const emptied = new Promise<void>((resolve) => {
      this.#idle = resolve;
    });
    const timer = setTimeout(() => this.#giveUp(), this.#limits.closeMsMax);
    await emptied;
    clearTimeout(timer);
    this.#isClosed = true;
  }

  #giveUp(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
    kill(this.#child);
  }

  #next(): void {
    if (this.#child !== null) return;
    const run = this.#queue.shift();
    if (run === undefined) {
      this.#idle?.();
      return;
    }
    const { command } = run.hook;
    const child = spawn('sh', ['-c', command], {
      env: { ...this.#env, ...environmentOf(this.#mirror, run.event) },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    this.#child = child;
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      kill(child);
    }, this.#limits.runMsMax);
    let ended = (why: string | null) => {
      ended = () => {};
      clearTimeout(timer);
      this.#child = null;
      if (why !== null) this.#failed(`${command}: ${why}`);
      this.#next();
    };
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code, signal) => {
      if (isLate) ended(`killed after ${this.#limits.runMsMax / 1000} s`);
      else if (this.#isClosed) ended(null);
      else ended(code === 0 ? null : `ended with ${code ?? signal}`);
    });
  }
}

/** With all that it started. */
function kill(child: ChildProcess | null): void {
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}

function environmentOf(mirror: string, event: EngineEvent): Record<string, string> {
  const fields = Object.entries(event.fields).map(([key, value]) => {
    return [`MIRRORCTL_${key.toUpperCase()}`, String(value)];
  });
  return {
    ...Object.fromEntries(fields),
    MIRRORCTL_EVENT: event.event,
    MIRRORCTL_MIRROR: mirror,
    MIRRORCTL_TIME: event.at,
    MIRRORCTL_TEXT: event.text,
  };
}
