/** Who sits at the terminal, if there is one: for commands that need somebody there, or draw. */
import { MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';

/** Screens are for terminals: escape codes in a pipe, a file or a dumb terminal help nobody. */
export function refuseWithoutTerminal(outside: Outside, instead: string): void {
  const { TERM } = outside.env;
  if (!outside.stdoutIsTerminal || !process.stdin.isTTY) {
    const hint = `use \`${instead}\` in pipes and scripts`;
    throw new MirrorError('NOT_A_TERMINAL', 'this is not a terminal', {}, hint);
  }
  if (TERM === 'dumb') {
    const hint = `use \`${instead}\`, or set $TERM to what it is`;
    throw new MirrorError('NOT_A_TERMINAL', '$TERM says that nothing can be drawn here', {}, hint);
  }
}

/** Whoever listens instead of looking says so in the environment: nothing is drawn for them. */
export function hasScreenReader({ env }: Pick<Outside, 'env'>): boolean {
  const { MIRRORCTL_SCREEN_READER } = env;
  return isSwitchedOn(MIRRORCTL_SCREEN_READER);
}

/** A variable that is set, and not to a word for "no". */
export function isSwitchedOn(value = ''): boolean {
  return !['', '0', 'no', 'off'].includes(value);
}
