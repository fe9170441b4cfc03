/** Completion scripts for three shells, written from the command table. */
import type { CommandEntry } from './command.ts';
import { bashScript } from './completion-bash.ts';
import type { Completed } from './completion-facts.ts';
import { completedCommands } from './completion-facts.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export async function completionScript(
  shell: Shell,
  table: readonly CommandEntry[],
): Promise<string> {
  return SCRIPTS[shell](await completedCommands(table));
}
