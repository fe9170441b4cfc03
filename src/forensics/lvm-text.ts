/**
 * LVM2's text format, as it lies in the metadata areas of physical volumes:
 *
 *   vg {                       section
 *     seqno = 3                number
 *     format = "lvm2"          text, with \" and \\
 *     status = ["READ", 7]     list
 *   }
 *   # comment up to the end of the line
 *
 * The reader takes bytes of unknown origin: it is bounded in depth, never looks past the end, and
 * tells the place of the first thing it does not understand.
 *
 * Source of the grammar: lvm.conf(5) and LVM2 libdm/libdm-config.c, which also knows floats; they do
 * not occur in metadata.
 */

export type LvmValue = number | string | readonly LvmValue[] | LvmSection;
/** In the order of the text; a key that comes again is replaced, as LVM does. */
export interface LvmSection {
  readonly [key: string]: LvmValue;
}

/** What is wrong, and at which character. */
export class LvmTextFault extends Error {
  override readonly name = 'LvmTextFault';
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

const DEPTH_MAX = 16;

/** Throws LvmTextFault. The result has no prototype, so any key is only a key. */
export function parseLvmText(text: string): LvmSection {
  const reader = new TextReader(text);
  const section = reader.section(0);
  reader.end();
  return section;
}

const NAME = /[\w.+-]+/y;
const NUMBER = /-?\d+(?![\w.])/y;
const TEXT = /"((?:[^"\\]|\\[\s\S])*)"/y;
const BLANK = /(?:\s+|#[^\n]*)+/y;

class TextReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  section(depth: number): LvmSection {
    if (depth > DEPTH_MAX) throw this.#fault('sections are nested too deeply');
    const section: Record<string, LvmValue> = Object.create(null);
    for (;;) {
      const name = this.#match(NAME);
      if (name === null) return section;
      section[name] = this.#sectionOrValue(depth);
    }
  }

  end(): void {
    this.#match(BLANK);
    if (this.#at < this.#text.length) throw this.#fault('expected a name');
  }

  #sectionOrValue(depth: number): LvmValue {
    if (this.#take('{')) {
      const section = this.section(depth + 1);
      this.#expect('}');
      return section;
    }
    this.#expect('=');
    return this.#value(depth);
  }

  #value(depth: number): LvmValue {
    if (depth > DEPTH_MAX) throw this.#fault('lists are nested too deeply');
    const text = this.#match(TEXT);
    if (text !== null) return text.slice(1, -1).replaceAll(/\\([\s\S])/g, '$1');
    const number = this.#match(NUMBER);
    if (number !== null) return Number(number);
    this.#expect('[');
    const list: LvmValue[] = [];
    while (!this.#take(']')) {
      list.push(this.#value(depth + 1));
      if (!this.#take(',')) {
        this.#expect(']');
        break;
      }
    }
    return list;
  }

  #take(character: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#fault(`expected ${character}`);
  }

  #match(pattern: RegExp): string | null {
    if (pattern !== BLANK) this.#skipBlank();
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #skipBlank(): void {
    this.#match(BLANK);
  }

  #fault(message: string): LvmTextFault {
    return new LvmTextFault(this.#at, message);
  }
}
