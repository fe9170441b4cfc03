/**
 * Opens the dashboard on this process's terminal. What ink reads from the environment when it is loaded
 * is settled here, before it is.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { Host } from './leaving.ts';
import type { DashboardRun } from './run-dashboard.tsx';
import type { StateDirectory } from './state-directory.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import { themeNamed } from './theme.ts';

export interface OpenOptions {
  readonly traits: TerminalTraits;
  readonly themeName: string | null;
  readonly readOnly: boolean;
  readonly slow: boolean;
  readonly mouse: boolean;
  /** The command line of a mirror's wallboard, without the program. */
  readonly wallboardWords: (name: string) => readonly string[];
  /** Null: only the one mirror, and no action. */
  readonly directory: StateDirectory | null;
  /** Begins with the list of mirrors. */
  readonly choosing: boolean;
  readonly host: Host | null;
  /** Closes the dashboard when it aborts, besides SIGINT, SIGTERM and SIGHUP. */
  readonly ended: AbortSignal | null;
}

const CHALK_LEVEL = { 0: '0', 16: '1', 256: '2', 16777216: '3' } as const;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Before ink is loaded, which reads it then. */
export function settleColours({ depth }: TerminalTraits): void {
  Object.assign(process.env, { FORCE_COLOR: CHALK_LEVEL[depth], NODE_ENV: 'production' });
}

/** Resolves when the terminal has been given back; rejects, after that, with a defect. */
export async function openDashboard(source: Source, options: OpenOptions): Promise<void> {
  settleColours(options.traits);
  const { runDashboard } = await import('./run-dashboard.tsx');
  const watch = new MirrorWatch(source, () => performance.now() / 1000);
  const run: DashboardRun = runDashboard(watch, process.stdout, process.stdin, {
    traits: options.traits,
    theme: themeNamed(options.themeName),
    readOnly: options.readOnly,
    mouse: options.mouse,
    directory: options.directory,
    choosing: options.choosing,
    host: options.host,
    openWallboard: (name) => showWallboard(options.wallboardWords(name)),
  });
  if (options.slow) run.dashboard.setSlow(true);
  const stop = () => run.stop();
  for (const signal of SIGNALS) process.once(signal, stop);
  options.ended?.addEventListener('abort', stop);
  if (options.ended?.aborted) stop();
  // A defect anywhere must not leave its words on a screen that is about to go.
  process.once('uncaughtException', run.fail);
  try {
    await run.ended;
  } finally {
    process.off('uncaughtException', run.fail);
    for (const signal of SIGNALS) process.off(signal, stop);
  }
}

async function showWallboard(words: readonly string[]): Promise<void> {
  const [, file = ''] = process.argv;
  const child = spawn(process.execPath, [file, ...words], { stdio: 'inherit' });
  await once(child, 'exit');
}
