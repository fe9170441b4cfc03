/**
 * Rules about the code that the compiler and the linter cannot say. Fails with file and line, so
 * that a broken rule reads like a compiler error.
 *
 * The floors: a room may import from its own floor only where `DOORS` says so, and from any floor
 * below it. Pure rooms are also compiled without Node's types (src/tsconfig.pure.json), so a
 * `node:` import there does not even type-check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../src');

/** Lowest first. A room that is not listed here fails the test: decide its floor, then build it. */
const FLOORS: readonly (readonly string[])[] = [
  ['errors', 'geometry', 'json'],
  ['region', 'dirty-log', 'mirror-set', 'recovery', 'nbd-protocol', 'metrics'],
  ['engine', 'control-protocol', 'forensics'],
  ['devices', 'copier', 'nbd-server', 'nbd-client', 'control', 'registry', 'cluster'],
  ['mirrord', 'watch'],
  ['simulator'],
  ['tui', 'wallboard'],
  ['cli'],
];

/** Doors between rooms of one floor, as `from → to`. Each needs a reason in ARCHITECTURE.md. */
const DOORS = new Set([
  'geometry → errors',
  'mirror-set → region',
  'mirror-set → dirty-log',
  'recovery → region',
  'recovery → dirty-log',
  'engine → control-protocol',
  'copier → devices',
  'nbd-server → devices', // connections share the ring and its memory with the legs
  'registry → devices',
  'wallboard → tui',
]);

/** A screen needs no engine, only its words. */
const SCREENS_STAY_OUT_OF = [
  ...['mirror-set', 'recovery', 'nbd-protocol', 'engine', 'simulator', 'mirrord'],
  ...['devices', 'copier', 'nbd-server', 'nbd-client', 'registry', 'cluster'],
];

/** Doors that are walled up although they lead down. */
const NO_ENTRY: Readonly<Record<string, readonly string[]>> = {
  cli: ['engine', 'copier', 'nbd-server', 'cluster'],
  watch: SCREENS_STAY_OUT_OF,
  tui: SCREENS_STAY_OUT_OF,
  wallboard: SCREENS_STAY_OUT_OF,
  forensics: ['region', 'recovery', 'mirror-set'],
};

/** Names that fit everything and therefore say nothing. */
const EMPTY_WORDS = /(^|-)(utils?|helpers?|common|misc|managers?|shared|base|types|core)(\.|-|$)/;
const ALLOWED_NAMES = new Set(['core-log.ts']); // the field's own term: a log kept in core memory

/** A hint, not a law: past this, look for the second room inside the first. */
const FILE_LINES_MAX = 400;

/** The compiler's list of pure rooms is the only one; tsconfig allows comments, JSON does not. */
const PURE_ROOMS: readonly string[] = JSON.parse(
  readFileSync(path.join(SRC, 'tsconfig.pure.json'), 'utf8').replaceAll(/^\s*\/\/.*$/gm, ''),
).include;

interface SourceFile {
  readonly name: string;
  readonly room: string;
  readonly lines: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name))
  .map((name) => ({
    name,
    room: name.split(path.sep)[0] ?? '',
    lines: readFileSync(path.join(SRC, name), 'utf8').split('\n'),
  }));

const isComment = (text: string) => /^\s*(\*|\/\*|\/\/)/.test(text);
const floorOf = (room: string) => FLOORS.findIndex((rooms) => rooms.includes(room));

function roomsEnteredBy({ name, lines }: SourceFile): { room: string; line: number }[] {
  return lines.flatMap((text, index) => {
    const target = /(?:from|import\()\s*'(\.\.?\/[^']+)'/.exec(text)?.[1];
    if (target === undefined) return [];
    const room = path.join(path.dirname(name), target).split(path.sep)[0] ?? '';
    return [{ room, line: index + 1 }];
  });
}

test('every room has a floor', () => {
  expect(files.filter(({ room }) => floorOf(room) < 0).map(({ name }) => name)).toEqual([]);
});

test('imports go down, or through a door', () => {
  const trespasses = files.flatMap((file) =>
    roomsEnteredBy(file)
      .filter(({ room }) => room !== file.room)
      .filter(({ room }) => {
        const goesDown = floorOf(room) < floorOf(file.room);
        const forbidden = NO_ENTRY[file.room]?.includes(room) ?? false;
        return forbidden || !(goesDown || DOORS.has(`${file.room} → ${room}`));
      })
      .map(({ room, line }) => `src/${file.name}:${line}: ${file.room} may not enter ${room}`),
  );
  expect(trespasses).toEqual([]);
});

test('pure rooms take no hidden input', () => {
  const hidden = /\b(Date|Math\.random|performance|crypto|process|setTimeout|queueMicrotask)\b/;
  const leaks = files
    .filter(({ room }) => PURE_ROOMS.includes(room))
    .flatMap(({ name, lines }) =>
      lines.flatMap((text, index) => {
        const found = isComment(text) ? null : hidden.exec(text);
        return found ? [`src/${name}:${index + 1}: ${found[0]} must come in as an argument`] : [];
      }),
    );
  expect(leaks).toEqual([]);
});

test('no file has an empty name', () => {
  const empty = files.filter(
    ({ name }) => EMPTY_WORDS.test(path.basename(name)) && !ALLOWED_NAMES.has(path.basename(name)),
  );
  expect(empty.map(({ name }) => name)).toEqual([]);
});

test('every file opens with what it is for, and stays readable in one sitting', () => {
  const faults = files.flatMap(({ name, lines }) => [
    ...(lines[0]?.startsWith('/**') ? [] : [`src/${name}:1: no opening comment`]),
    ...(lines.length > FILE_LINES_MAX ? [`src/${name}: ${lines.length} lines`] : []),
  ]);
  expect(faults).toEqual([]);
});
