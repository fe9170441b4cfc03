/**
 * What the dashboard asks of whoever opened it: which mirrors there are, how to watch one of them, and
 * to run a command as if it had been typed. So an action on the screen is the command of that name and
 * nothing else, with the same checks, the same words and the same end.
 */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { Source } from '../watch/mirror-watch.ts';

/** A mirror, or why nothing can be said about it. */
export type ListedMirror =
  | { readonly name: string; readonly status: MirrorStatus }
  | { readonly name: string; readonly fault: { readonly message: string } };

export interface CommandEnd {
  readonly isDone: boolean;
  /** What it said, line by line. */
  readonly lines: readonly string[];
}

export interface StateDirectory {
  mirrors(): Promise<readonly ListedMirror[]>;
  /** The engine of the mirror `name`, whether it runs or not. */
  source(name: string): Source;
  /** Is there a command of this name, as `leg fail`? */
  knows(command: string): boolean;
  /** `words` as typed after `mirrorctl`; `ask` answers what the command asks before data is lost. */
  run(words: readonly string[], ask: (question: string) => Promise<boolean>): Promise<CommandEnd>;
}
