/**
 * What the person typed, checked against what the command declares. Asking for a word or a flag that
 * the command does not declare is a programmer error, so a typing mistake in a command shows at once.
 */
import { invariant } from '../errors/invariant.ts';
import type { Argument } from './command.ts';

/** The positional words, by the name of the argument they belong to. */
export class Input {
  readonly #words: ReadonlyMap<string, readonly string[]>;

  constructor(words: ReadonlyMap<string, readonly string[]>) {
    this.#words = words;
  }

  /** All words of an argument, possibly none. */
  all(name: string): readonly string[] {
    const words = this.#words.get(name);
    invariant(words !== undefined, `argument ${name} is not declared`);
    return words;
  }

  /** The word of an argument that is always there. */
  one(name: string): string {
    const word = this.optional(name);
    invariant(word !== null, `argument ${name} may be missing`);
    return word;
  }

  optional(name: string): string | null {
    return this.all(name)[0] ?? null;
  }
}

/** Hands out `words` to `args` in order: each takes its least, the surplus goes to the first with room. */
export function dealWords(args: readonly Argument[], words: readonly string[]): Input {
  let surplus = words.length - args.reduce((sum, { min }) => sum + min, 0);
  let next = 0;
  const dealt = new Map<string, readonly string[]>();
  for (const { name, min, max } of args) {
    const more = Math.max(0, Math.min(surplus, max - min));
    surplus -= more;
    dealt.set(name, words.slice(next, next + min + more));
    next += min + more;
  }
  return new Input(dealt);
}

/** `false` and `[]` for a flag that was not given, `''` for an optional value that was left out. */
export type FlagValue = boolean | string | readonly string[];

export class Flags {
  readonly #values: ReadonlyMap<string, FlagValue>;

  constructor(values: ReadonlyMap<string, FlagValue>) {
    this.#values = values;
  }

  has(name: string): boolean {
    const value = this.#of(name);
    return Array.isArray(value) ? value.length > 0 : value !== false;
  }

  /** The value of a flag, null where the flag was not given. */
  value(name: string): string | null {
    const value = this.#of(name);
    invariant(typeof value === 'string' || value === false, `--${name} has no single value`);
    return value === false ? null : value;
  }

  /** The values of a flag that may be repeated. */
  values(name: string): readonly string[] {
    const value = this.#of(name);
    invariant(Array.isArray(value), `--${name} cannot be repeated`);
    return value;
  }

  #of(name: string): FlagValue {
    const value = this.#values.get(name);
    invariant(value !== undefined, `flag --${name} is not declared`);
    return value;
  }
}
