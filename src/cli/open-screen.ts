/**
 * Opens the dashboard for a command: what the terminal can show is found out here, and React and ink
 * are loaded here and nowhere else, so that no other command pays for them.
 */
import type { Host } from '../tui/run-dashboard.tsx';
import type { Source } from '../watch/mirror-watch.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';

export interface ScreenWishes {
  /** As `--state-dir` has it, for the programs that the screen opens; null: the usual one. */
  readonly stateDir: string | null;
  readonly themeName?: string | null;
  readonly ascii?: boolean;
  readonly readOnly?: boolean;
  readonly slow?: boolean;
  readonly mouse?: boolean;
  /** The engine runs in this process. */
  readonly host?: Host;
  /** Closes the screen when it aborts. */
  readonly ended?: AbortSignal;
}

/** Resolves when the terminal has been given back. `flags` are those that every command has. */
export async function openScreen(
  { env }: Outside,
  flags: Flags,
  source: Source,
  wishes: ScreenWishes,
): Promise<void> {
  const { stateDir } = wishes;
  const { terminalTraits } = await import('../tui/terminal-traits.ts');
  const { openDashboard } = await import('../tui/open-dashboard.ts');
  const asked = { noColour: flags.has('no-color'), ascii: wishes.ascii ?? false };
  await openDashboard(source, {
    traits: terminalTraits(env, asked),
    themeName: wishes.themeName ?? null,
    readOnly: wishes.readOnly ?? false,
    slow: wishes.slow ?? false,
    mouse: wishes.mouse ?? true,
    wallboardWords: ['top', source.name, ...(stateDir === null ? [] : ['--state-dir', stateDir])],
    host: wishes.host ?? null,
    ended: wishes.ended ?? null,
  });
}
