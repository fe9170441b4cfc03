/**
 * Everything a command may touch besides the mirrors themselves. Tests hand in their own; the real
 * one is in process-outside.ts. Commands use nothing of `process` or the clock directly.
 */
export interface Outside {
  /** Text for whoever asked; dropped once nobody reads it any more. */
  readonly print: (text: string) => void;
  /** Text for people besides the answer: plans, progress, errors. */
  readonly printAside: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute; relative paths in words and flags start here. */
  readonly cwd: string;
  /** Effective user id. */
  readonly uid: number;
  readonly stdoutIsTerminal: boolean;
  /** What `printAside` writes to is a terminal on which a line can be drawn again in place. */
  readonly asideIsTerminal: boolean;
  /** There is a person who can answer `confirm`. */
  readonly canAsk: boolean;
  /** Of the terminal, 80 where there is none. */
  readonly columns: () => number;
  readonly asideColumns: () => number;
  /** Infinity where there is no terminal. */
  readonly rows: () => number;
  readonly now: () => Date;
  /** Ends early, without an error, when `interruption` comes. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Asks a yes-or-no question; no answer is no. */
  readonly confirm: (question: string) => Promise<boolean>;
  /**
   * Aborts at SIGINT or SIGTERM (reason: a MirrorError INTERRUPTED), or when nobody reads stdout any
   * more (reason: `OutputClosed`). A command that never asks for it is ended by the signal as usual.
   */
  readonly interruption: () => AbortSignal;
}

/** Nobody reads what we print. Not a failure: `mirrorctl list | head -1` has its answer. */
export class OutputClosed extends Error {
  override readonly name = 'OutputClosed';
}
