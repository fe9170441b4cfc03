/**
 * From the words of a command line to what the command gets.
 *
 *   --size 1G m0 a.img --json   ──canonical──▶   --size="1G" --json -- m0 a.img   ──meow──▶ values
 *
 * We read the words once to find every mistake ourselves (unknown flags, missing and repeated
 * values) and to write them in the one form that leaves meow nothing to guess: it would otherwise
 * end the process on a mistake, take a missing value for an empty one, and strip quotes from paths.
 *
 * Flags may come before, between and after the other words; `--` ends them. A word such as `-5` is
 * not a flag, so that the command can say what is wrong with it.
 */
import meow from 'meow';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Flag } from './command.ts';
import type { FlagValue } from './given.ts';
import { Flags } from './given.ts';
import { nearestWord } from './nearest-word.ts';

export type FlagTable = Readonly<Record<string, Flag>>;

interface ReadFlag {
  readonly name: string;
  /** Null: the flag takes none. */
  readonly value: string | null;
  /** How many words it took. */
  readonly taken: number;
}

export function parseWords(
  words: readonly string[],
  table: FlagTable,
): { readonly input: readonly string[]; readonly flags: Flags } {
  const read: ReadFlag[] = [];
  const input: string[] = [];
  for (let index = 0; index < words.length; ) {
    const word = words[index] ?? '';
    if (word === '--') {
      input.push(...words.slice(index + 1));
      break;
    }
    if (!looksLikeFlag(word)) {
      input.push(word);
      index += 1;
      continue;
    }
    const flag = readFlag(words.slice(index), table);
    read.push(flag);
    index += flag.taken;
  }
  refuseRepetition(read, table);
  return { input, flags: valuesByMeow(read, input, table) };
}

export function looksLikeFlag(word: string): boolean {
  return word.startsWith('-') && word !== '-' && !/^-\d/.test(word);
}

/** Reads the flag at the head of `words`, with its value if it takes one. */
export function readFlag(words: readonly string[], table: FlagTable): ReadFlag {
  const [word = '', next] = words;
  const [, spelled = '', attached] = /^([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
  const [name, flag] = flagSpelled(spelled, table);

  if (flag.value === 'none') {
    if (attached === undefined) return { name, value: null, taken: 1 };
    throw usage(`${spelled} takes no value`, `write ${spelled} alone`);
  }
  if (attached !== undefined) return { name, value: filled(attached, name, flag), taken: 1 };
  if (flag.value === 'optional') {
    const isNumber = next !== undefined && /^\d+(\.\d+)?$/.test(next);
    return isNumber ? { name, value: next, taken: 2 } : { name, value: '', taken: 1 };
  }
  if (next === undefined || looksLikeFlag(next)) throw valueMissing(name, flag);
  return { name, value: filled(next, name, flag), taken: 2 };
}

function flagSpelled(spelled: string, table: FlagTable): readonly [string, Flag] {
  const found = Object.entries(table).find(
    ([name, { short }]) =>
      spelled === `--${name}` || (short !== undefined && spelled === `-${short}`),
  );
  if (found === undefined) throw unknownFlag(spelled, table);
  return found;
}

function filled(value: string, name: string, flag: Flag): string {
  if (value === '') throw valueMissing(name, flag);
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    throw usage(`--${name} cannot be ${value}`, `use one of ${flag.choices.join(', ')}`);
  }
  return value;
}

function refuseRepetition(read: readonly ReadFlag[], table: FlagTable): void {
  const seen = new Set<string>();
  for (const { name } of read) {
    if (seen.has(name) && table[name]?.multiple !== true) {
      throw usage(`--${name} is given twice`, 'give it once');
    }
    const opposite = name.startsWith('no-') ? name.slice('no-'.length) : `no-${name}`;
    if (seen.has(opposite)) {
      throw usage(`--${name} contradicts --${opposite}`, 'give one of them');
    }
    seen.add(name);
  }
}

function valuesByMeow(
  read: readonly ReadFlag[],
  input: readonly string[],
  table: FlagTable,
): Flags {
  const canonical = read.map(({ name, value }) =>
    value === null ? `--${name}` : `--${name}="${value}"`,
  );
  const meowFlags = Object.fromEntries(
    Object.entries(table).map(([name, { value, multiple }]) => [
      camelCase(positiveName(name)),
      {
        type: value === 'none' ? ('boolean' as const) : ('string' as const),
        isMultiple: multiple === true,
      },
    ]),
  );
  const parsed = meow({
    importMeta: import.meta,
    argv: [...canonical, '--', ...input],
    flags: meowFlags,
    pkg: { name: 'mirrorctl' },
    description: false,
    autoHelp: false,
    autoVersion: false,
    booleanDefault: undefined,
  });
  invariant(parsed.input.length === input.length, 'meow found another number of words');
  const values = new Map<string, FlagValue>();
  for (const name of Object.keys(table)) {
    const value = parsed.flags[camelCase(positiveName(name))] as FlagValue | undefined;
    values.set(
      name,
      typeof value === 'boolean' ? value === (positiveName(name) === name) : (value ?? false),
    );
  }
  return new Flags(values);
}

/** meow knows `--no-color` as `color` with the value false. */
function positiveName(name: string): string {
  return name.startsWith('no-') ? name.slice('no-'.length) : name;
}

function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

function unknownFlag(spelled: string, table: FlagTable): MirrorError {
  const near = nearestWord(
    spelled,
    Object.keys(table).map((name) => `--${name}`),
  );
  const hint = near === null ? 'see --help for those there are' : `did you mean ${near}?`;
  return usage(`unknown option ${spelled}`, hint);
}

function valueMissing(name: string, { metavar = 'VALUE' }: Flag): MirrorError {
  return usage(`--${name} needs a value`, `write --${name} ${metavar}`);
}

function usage(message: string, hint: string): MirrorError {
  return new MirrorError('USAGE', message, {}, hint);
}
