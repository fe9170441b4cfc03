/** For commands that are nothing without a terminal. */
import { MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';

/** Screens are for terminals: escape codes in a pipe or a file help nobody. */
export function refuseWithoutTerminal(outside: Outside, instead: string): void {
  if (outside.stdoutIsTerminal && process.stdin.isTTY) return;
  const hint = `use \`${instead}\` in pipes and scripts`;
  throw new MirrorError('NOT_A_TERMINAL', 'this is not a terminal', {}, hint);
}
