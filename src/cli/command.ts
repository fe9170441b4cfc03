/**
 * What a command is: words about it, read by the parser, the help, the manual, the completions and
 * the README alike, and the one function that does it.
 *
 *   command-table.ts   CommandEntry   name, aliases, summary, load()      known at every start
 *                          │ load()
 *   commands/VERB.ts   Command        arguments, flags, examples, run()   only the one that is asked for
 *
 * A command's module is also loaded for its help, so it keeps heavy packages (screens, the system
 * call layer) behind an `await import()` inside `run`.
 *
 * To add a command: write commands/VERB.ts that exports `command: Command`, and add its line to
 * command-table.ts. Help, manual, completions and the conformance tests follow by themselves.
 */
import type { ExitCode } from '../errors/mirror-error.ts';
import type { Flags, Input } from './given.ts';
import type { Outside } from './outside.ts';

/** What a word or a flag's value names, so that a shell can complete it. */
export type Completes = 'mirror' | 'file' | 'directory' | 'command' | 'nothing';

/** One kind of positional word, in the order in which the words are given. */
export interface Argument {
  /** In capitals, as the help shows it. */
  readonly name: string;
  readonly help: string;
  readonly min: number;
  /** `Infinity` where there is no bound. */
  readonly max: number;
  readonly completes: Completes;
  readonly choices?: readonly string[];
}

export interface Flag {
  /** Optional: a number may follow (`--watch 5`), any other word is not taken as the value. */
  readonly value: 'none' | 'required' | 'optional';
  readonly help: string;
  readonly short?: string;
  /** What stands for the value in the help: SIZE, PATH. */
  readonly metavar?: string;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
  /** May be given more than once. */
  readonly multiple?: boolean;
}

export interface Example {
  readonly words: string;
  readonly does: string;
}

export interface Command {
  readonly args: readonly Argument[];
  /** Instead of the usage that follows from `args`, where that would not tell the truth. */
  readonly usage?: string;
  /** By the name after `--`; a negation is a flag of its own (`no-handle-errors`). */
  readonly flags: Readonly<Record<string, Flag>>;
  /** Adds `-n/--dry-run`. */
  readonly changes: boolean;
  /** Adds `--yes`: the command asks on a terminal and refuses elsewhere without it. */
  readonly losesData?: boolean;
  readonly examples: readonly Example[];
  /** Paragraphs for the help and the manual. */
  readonly notes: readonly string[];
  /** What its own exit codes mean; the general ones are in the manual. */
  readonly exitCodes?: Partial<Record<ExitCode, string>>;
  /** Expected failures are thrown as `MirrorError`. `table` is for commands about commands. */
  run(
    outside: Outside,
    input: Input,
    flags: Flags,
    table: readonly CommandEntry[],
  ): Promise<ExitCode>;
}

export interface CommandEntry {
  /** One word or two: `status`, `log dump`. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** One line that starts with a verb, no full stop. */
  readonly summary: string;
  /** Not shown: for scripts that we write ourselves, as completions. */
  readonly hidden?: boolean;
  readonly load: () => Promise<{ readonly command: Command }>;
}
