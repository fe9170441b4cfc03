/**
 * Opens the dashboard for a command: what the terminal can show is found out here, and React and ink
 * are loaded here and nowhere else, so that no other command pays for them.
 */
import type { Host } from '../tui/leaving.ts';
import type { Source } from '../watch/mirror-watch.ts';
import type { CommandEntry } from './command.ts';
import { dashboardDirectory, stateDirWords } from './dashboard-directory.ts';
import { printable } from './failure-report.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';
import { hasScreenReader } from './terminal-needed.ts';

export interface ScreenWishes {
  /** What can be done from the screen: all commands there are. */
  readonly table: readonly CommandEntry[];
  /** As `--state-dir` has it, for the other mirrors and for commands; null: the usual one. */
  readonly stateDir: string | null;
  readonly themeName?: string | null;
  readonly ascii?: boolean;
  readonly readOnly?: boolean;
  readonly slow?: boolean;
  readonly mouse?: boolean;
  /** In sentences, for a screen reader; without it, as the environment says. */
  readonly spoken?: boolean;
  /** Begins with the list of mirrors. */
  readonly choosing?: boolean;
  /** The engine runs in this process. */
  readonly host?: Host;
  /** Closes the screen when it aborts. */
  readonly ended?: AbortSignal;
}

/** Resolves when the terminal has been given back. `flags` are those that every command has. */
export async function openScreen(
  outside: Outside,
  flags: Flags,
  source: Source,
  wishes: ScreenWishes,
): Promise<void> {
  const { stateDir, table } = wishes;
  const directory = source.kind === 'live' ? dashboardDirectory(outside, stateDir, table) : null;
  const { terminalTraits } = await import('../tui/terminal-traits.ts');
  const asked = { noColour: flags.has('no-color'), ascii: wishes.ascii ?? false };
  const common = {
    traits: terminalTraits(outside.env, asked),
    themeName: wishes.themeName ?? null,
    readOnly: wishes.readOnly ?? false,
    directory,
    choosing: wishes.choosing ?? false,
    host: wishes.host ?? null,
    ended: wishes.ended ?? null,
  };
  if (wishes.spoken ?? hasScreenReader(outside)) {
    const { openReader } = await import('../tui/open-reader.ts');
    return await openReader(source, common, (line) => outside.print(`${printable(line)}\n`));
  }
  const { openDashboard } = await import('../tui/open-dashboard.ts');
  await openDashboard(source, {
    ...common,
    slow: wishes.slow ?? false,
    mouse: wishes.mouse ?? true,
    wallboardWords: (name) => ['top', name, ...stateDirWords(stateDir)],
  });
}
