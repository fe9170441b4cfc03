/**
 * Which command is meant. Global flags may stand before its name and between its two words:
 *
 *   --state-dir /x  log  --json  dump  m0.log --runs       rest: --state-dir /x --json m0.log --runs
 *                   └──── log dump ────┘
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { CommandEntry } from './command.ts';
import { GLOBAL_FLAGS } from './flags.ts';
import { nearestWord } from './nearest-word.ts';
import { looksLikeFlag, readFlag } from './parse-words.ts';

export type Found =
  | { readonly kind: 'command'; readonly entry: CommandEntry; readonly rest: readonly string[] }
  /** `mirrorctl log`: the first word of several commands. */
  | { readonly kind: 'group'; readonly name: string; readonly rest: readonly string[] }
  | { readonly kind: 'nothing'; readonly rest: readonly string[] };

export function findCommand(words: readonly string[], table: readonly CommandEntry[]): Found {
  const first = takeWord(words);
  if (first.word === null) return { kind: 'nothing', rest: first.rest };
  const single = entryNamed(first.word, table);
  if (single !== undefined) return { kind: 'command', entry: single, rest: first.rest };

  const members = membersOf(first.word, table);
  if (members.length === 0) throw unknownCommand(first.word, table);
  const second = takeWord(first.rest);
  if (second.word === null) return { kind: 'group', name: first.word, rest: first.rest };
  const pair = entryNamed(`${first.word} ${second.word}`, table);
  if (pair === undefined) throw unknownCommand(`${first.word} ${second.word}`, members);
  return { kind: 'command', entry: pair, rest: second.rest };
}

/** The commands of a group, as `log` in `log dump`. */
export function membersOf(group: string, table: readonly CommandEntry[]): readonly CommandEntry[] {
  return table.filter(({ name }) => name.startsWith(`${group} `));
}

function entryNamed(name: string, table: readonly CommandEntry[]): CommandEntry | undefined {
  return table.find((entry) => entry.name === name || entry.aliases.includes(name));
}

/** The first word that is neither a global flag nor its value, and all the others. */
function takeWord(words: readonly string[]): { word: string | null; rest: readonly string[] } {
  let index = 0;
  while (index < words.length) {
    const word = words[index] ?? '';
    if (!looksLikeFlag(word)) return { word, rest: words.toSpliced(index, 1) };
    // What follows `--` belongs to no command, so there is none.
    if (word === '--') break;
    index += readFlag(words.slice(index), GLOBAL_FLAGS).taken;
  }
  return { word: null, rest: words };
}

function unknownCommand(name: string, table: readonly CommandEntry[]): MirrorError {
  const known = table.flatMap((entry) =>
    entry.hidden === true ? [] : [entry.name, ...entry.aliases],
  );
  const near = nearestWord(name, known);
  const hint =
    near === null ? 'mirrorctl --help lists the commands' : `did you mean mirrorctl ${near}?`;
  return new MirrorError('USAGE', `unknown command ${name}`, { command: name }, hint);
}
