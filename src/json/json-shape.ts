/**
 * Readers for JSON that comes from outside: files that people can edit, sockets that anyone can write
 * to. A reader is total: it returns a value of exactly the type it promises or throws a `JsonFault`
 * that names the place (`legs[1].offsetBytes`). Whoever called turns that into the error of its room.
 *
 *   const leg = object({ path: text, offsetBytes: count }, 'refuse');
 *   leg(JSON.parse(line), '')      → { path, offsetBytes }   or   JsonFault at "offsetBytes"
 *
 * The compiler compares the readers of `object` with the interface: a field that is added there and
 * forgotten here does not type-check.
 */

/** What is wrong, and where: a path of keys, empty for the document itself. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault';
  readonly at: string;

  constructor(at: string, fault: string) {
    super(fault);
    this.at = at;
  }
}

export type Reader<Value> = (value: unknown, at: string) => Value;

/** Parses `text` and reads it; text that is no JSON is a fault of the document. */
export function readJson<Value>(source: string, reader: Reader<Value>): Value {
  let parsed: unknown;
  try {
    parsed = JSON.parse(source);
  } catch {
    // The engine's own message quotes the whole text, which may be long or hold anything.
    throw new JsonFault('', 'is not JSON');
  }
  return reader(parsed, '');
}

export const text: Reader<string> = (value, at) => {
  if (typeof value !== 'string') throw unexpected(value, at, 'a text');
  return value;
};

export const flag: Reader<boolean> = (value, at) => {
  if (typeof value !== 'boolean') throw unexpected(value, at, 'true or false');
  return value;
};

/** A whole number from 0 on. */
export const count: Reader<number> = (value, at) => {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw unexpected(value, at, 'a whole number, not negative');
  }
  return value as number;
};

/** Any number from 0 on: rates, percentages. */
export const amount: Reader<number> = (value, at) => {
  if (typeof value !== 'number' || value < 0) throw unexpected(value, at, 'a number, not negative');
  return value;
};

export function matching(pattern: RegExp, what: string): Reader<string> {
  return (value, at) => {
    if (typeof value !== 'string' || !pattern.test(value)) throw unexpected(value, at, what);
    return value;
  };
}

export function oneOf<const Word extends string | boolean | number>(
  ...words: readonly Word[]
): Reader<Word> {
  return (value, at) => {
    const word = words.find((known) => known === value);
    if (word === undefined) throw unexpected(value, at, words.map(show).join(' or '));
    return word;
  };
}

export function nullable<Value>(reader: Reader<Value>): Reader<Value | null> {
  return (value, at) => (value === null ? null : reader(value, at));
}

/** What `reader` reads, made into something else; `convert` throws JsonFault or returns. */
export function converted<From, To>(
  reader: Reader<From>,
  convert: (value: From, at: string) => To,
): Reader<To> {
  return (value, at) => convert(reader(value, at), at);
}

export function listOf<Value>(
  reader: Reader<Value>,
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number } = {},
): Reader<readonly Value[]> {
  return (value, at) => {
    if (!Array.isArray(value)) throw unexpected(value, at, 'a list');
    if (value.length < min) throw new JsonFault(at, `has ${value.length} items, fewer than ${min}`);
    if (value.length > max) throw new JsonFault(at, `has ${value.length} items, more than ${max}`);
    return value.map((item, index) => reader(item, `${at}[${index}]`));
  };
}

/** Exactly these keys; unknown ones are refused in files, ignored on sockets. */
export function object<Shape>(
  readers: { readonly [Key in keyof Shape]-?: Reader<Shape[Key]> },
  unknownKeys: 'refuse' | 'ignore',
): Reader<Shape> {
  const keys = Object.keys(readers) as (keyof Shape & string)[];
  return (value, at) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw unexpected(value, at, 'an object');
    }
    const place = (key: string) => (at === '' ? key : `${at}.${key}`);
    const given = new Map<string, unknown>(Object.entries(value));
    const surplus = [...given.keys()].find((key) => !(keys as readonly string[]).includes(key));
    if (surplus !== undefined && unknownKeys === 'refuse') {
      throw new JsonFault(place(surplus), 'is no key that we know');
    }
    const read = keys.map((key) => {
      if (!given.has(key)) throw new JsonFault(place(key), 'is missing');
      return [key, readers[key](given.get(key), place(key))];
    });
    return Object.fromEntries(read) as Shape;
  };
}

/** One of several objects, told apart by the text under `key`. */
export function tagged<Value>(
  key: string,
  readers: Readonly<Record<string, Reader<Value>>>,
): Reader<Value> {
  const tag = oneOf(...Object.keys(readers));
  return (value, at) => {
    const word = object({ [key]: tag }, 'ignore')(value, at)[key];
    const reader = word === undefined ? undefined : readers[word];
    if (reader === undefined) throw new JsonFault(at, `has no ${key}`);
    return reader(value, at);
  };
}

function unexpected(value: unknown, at: string, wanted: string): JsonFault {
  return new JsonFault(at, `must be ${wanted}, not ${show(value)}`);
}

const SHOWN_LENGTH_MAX = 40;

function show(value: unknown): string {
  const shown = JSON.stringify(value) ?? 'nothing';
  return shown.length > SHOWN_LENGTH_MAX ? `${shown.slice(0, SHOWN_LENGTH_MAX)}…` : shown;
}
