/** What a completion needs to know of the commands: names, flags, and what each word names. */
import type { Argument, CommandEntry, Completes, Flag } from './command.ts';
import { flagsOf, GLOBAL_FLAGS } from './flags.ts';

export interface CompletedFlag {
  /** With its dashes. */
  readonly spellings: readonly string[];
  readonly help: string;
  /** Null: it takes no value. */
  readonly value: CompletedWord | null;
}

export interface Completed {
  /** The name and its aliases; each of one word or two. */
  readonly names: readonly string[];
  readonly summary: string;
  readonly flags: readonly CompletedFlag[];
  /** What its positional words name, in order. */
  readonly words: readonly CompletedWord[];
  /** What all further words name; null: there are no more. */
  readonly furtherWords: CompletedWord | null;
}

export interface CompletedWord {
  readonly completes: Completes;
  readonly choices: readonly string[];
}

/** What may stand before a command's name, as if it belonged to a command without one. */
const BEFORE_COMMAND: Completed = {
  names: [''],
  summary: '',
  flags: Object.entries(GLOBAL_FLAGS).map(completedFlag),
  words: [],
  furtherWords: null,
};

/** `BEFORE_COMMAND`, then every command that is not hidden. */
export async function completedCommands(table: readonly CommandEntry[]): Promise<Completed[]> {
  const shown = table.filter(({ hidden }) => hidden !== true);
  const commands = await Promise.all(
    shown.map(async ({ name, aliases, summary, load }) => {
      const { command } = await load();
      const words = command.args
        .filter(({ max }) => Number.isFinite(max))
        .flatMap((arg) => Array.from({ length: arg.max }, () => wordOf(arg)));
      const unbounded = command.args.find(({ max }) => max === Infinity);
      const furtherWords = unbounded === undefined ? null : wordOf(unbounded);
      const flags = Object.entries(flagsOf(command)).map(completedFlag);
      return { names: [name, ...aliases], summary, flags, words, furtherWords };
    }),
  );
  return [BEFORE_COMMAND, ...commands];
}

function wordOf({ completes, choices = [] }: Argument): CompletedWord {
  return { completes, choices };
}

function completedFlag([name, flag]: readonly [string, Flag]): CompletedFlag {
  const { short, value, completes = 'nothing', choices = [], help } = flag;
  return {
    spellings: [`--${name}`, ...(short === undefined ? [] : [`-${short}`])],
    help,
    value: value === 'required' ? { completes, choices } : null,
  };
}

/** The words that may come first, and those that may follow each of them. */
export function firstWords(commands: readonly Completed[]): ReadonlyMap<string, readonly string[]> {
  const following = new Map<string, string[]>();
  for (const name of commands.flatMap(({ names }) => names)) {
    const [first = '', second] = name.split(' ');
    if (first === '') continue;
    const known = following.get(first) ?? [];
    following.set(first, second === undefined ? known : [...known, second]);
  }
  return following;
}
