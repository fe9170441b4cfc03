/**
 * Opens the dashboard on this process's terminal. What ink reads from the environment when it is loaded
 * is settled here, before it is.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { DashboardRun } from './run-dashboard.tsx';
import type { TerminalTraits } from './terminal-traits.ts';
import { DEFAULT_THEME, THEMES } from './theme.ts';

export interface OpenOptions {
  readonly traits: TerminalTraits;
  readonly themeName: string | null;
  readonly readOnly: boolean;
  readonly slow: boolean;
  readonly mouse: boolean;
  /** The command line of the wallboard, without the program. */
  readonly wallboardWords: readonly string[];
}

const CHALK_LEVEL = { 0: '0', 16: '1', 256: '2', 16777216: '3' } as const;

export async function openDashboard(source: Source, options: OpenOptions): Promise<ExitCode> {
  Object.assign(process.env, {
    FORCE_COLOR: CHALK_LEVEL[options.traits.depth],
    NODE_ENV: 'production',
  });
  const { runDashboard } = await import('./run-dashboard.tsx');
  const watch = new MirrorWatch(source, () => performance.now() / 1000);
  const theme = THEMES.find(({ name }) => name === options.themeName) ?? DEFAULT_THEME;
  const run: DashboardRun = runDashboard(watch, process.stdout, process.stdin, {
    traits: options.traits,
    theme,
    readOnly: options.readOnly,
    mouse: options.mouse,
    openWallboard: () => showWallboard(options.wallboardWords),
  });
  if (options.slow) run.dashboard.setSlow(true);
  const stop = () => run.stop();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  await run.ended;
  return EXIT.ok;
}

async function showWallboard(words: readonly string[]): Promise<void> {
  const [, file = ''] = process.argv;
  const child = spawn(process.execPath, [file, ...words], { stdio: 'inherit' });
  await once(child, 'exit');
}
