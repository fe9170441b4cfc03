/**
 * The words of a dm table or status line: split, unescaped, and taken one after another by someone
 * who says what should come next.
 *
 *   "m0: 0 131072 mirror core 1 1024 …"     NAME: is dropped, word 1 is the start
 *
 * A blank inside a path is written `\040`, as in /proc/mounts; so are tab, newline and backslash.
 * Read are also `\ ` and `\x` for any other x, as the kernel does (Linux 6.12 drivers/md/dm-table.c,
 * `dm_split_args`); there, an octal escape means its three digits.
 */
import { MirrorError } from '../errors/mirror-error.ts';

const ESCAPED = /[\s\\]/g;
const ESCAPE = /\\(?:([0-3][0-7]{2})|([\s\S]))/g;

export function escapeWord(text: string): string {
  return text.replaceAll(
    ESCAPED,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
}

function unescapeWord(word: string): string {
  return word.replaceAll(ESCAPE, (_, octal: string | undefined, character: string | undefined) =>
    octal === undefined ? (character ?? '') : String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

export class DmWords {
  /** In front of the line, when there was a `NAME:`. */
  readonly name: string | null;
  readonly #what: string;
  readonly #words: readonly string[];
  #taken = 0;

  /** `what` calls the line in messages: "table line". */
  constructor(line: string, what: string) {
    const words = line.match(/(?:\\[\s\S]|[^\s\\])+\\?/g) ?? [];
    const named = words[0]?.endsWith(':') ?? false;
    this.name = named ? unescapeWord((words[0] ?? '').slice(0, -1)) : null;
    this.#words = words.slice(named ? 1 : 0).map(unescapeWord);
    this.#what = what;
  }

  get left(): number {
    return this.#words.length - this.#taken;
  }

  /** The next word, which is to be `expected`, in words. */
  take(expected: string): string {
    const word = this.#words[this.#taken];
    this.#taken += 1;
    return word ?? this.refuse(expected);
  }

  takeOneOf<Word extends string>(words: readonly Word[], expected = words.join(' or ')): Word {
    const taken = this.take(expected);
    return words.find((word) => word === taken) ?? this.refuse(expected);
  }

  /** A number without sign, at most `max`. */
  takeNumber(expected: string, min: number, max: number): number {
    const word = this.take(expected);
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
    return value >= min && value <= max ? value : this.refuse(expected);
  }

  end(): void {
    if (this.left > 0) {
      this.take('the end of the line');
      this.refuse('the end of the line');
    }
  }

  /** Throws TABLE_MALFORMED about the word taken last. */
  refuse(expected: string, hint = ''): never {
    const word = this.#words[this.#taken - 1];
    const position = this.#taken;
    const found = word === undefined ? 'missing' : `"${word}"`;
    throw new MirrorError(
      'TABLE_MALFORMED',
      `word ${position} of the ${this.#what} is ${found}, expected ${expected}`,
      { word: word ?? '', position, expected },
      hint,
    );
  }
}
