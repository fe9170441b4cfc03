import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FlagTable } from '../../src/cli/parse-words.ts';
import { parseWords } from '../../src/cli/parse-words.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';

const TABLE: FlagTable = {
  size: { value: 'required', metavar: 'SIZE', help: '' },
  'region-size': { value: 'required', metavar: 'SIZE', help: '' },
  listen: { value: 'required', multiple: true, help: '' },
  io: { value: 'required', choices: ['auto', 'fs'], help: '' },
  watch: { value: 'optional', metavar: 'SECS', help: '' },
  json: { value: 'none', help: '' },
  tui: { value: 'none', help: '' },
  'no-tui': { value: 'none', help: '' },
  'no-color': { value: 'none', help: '' },
  'dry-run': { value: 'none', short: 'n', help: '' },
};

function faultOf(...words: string[]): { message: string; hint: string } {
  try {
    parseWords(words, TABLE);
  } catch (error) {
    assert.ok(error instanceof MirrorError && error.code === 'USAGE', String(error));
    return { message: error.message, hint: error.hint };
  }
  throw new Error('was parsed');
}

test('flags may come before, between and after the words', () => {
  for (const words of [
    ['--size', '1G', '-n', 'm0', 'a.img'],
    ['m0', '--size=1G', 'a.img', '-n'],
    ['m0', '-n', 'a.img', '--size', '1G'],
  ]) {
    const { input, flags } = parseWords(words, TABLE);
    expect(input).toEqual(['m0', 'a.img']);
    expect([flags.value('size'), flags.has('dry-run'), flags.has('json')]).toEqual([
      '1G',
      true,
      false,
    ]);
  }
});

test('a flag that is not given has no value', () => {
  const { flags } = parseWords([], TABLE);
  expect(flags.value('size')).toBeNull();
  expect(flags.value('watch')).toBeNull();
  expect(flags.values('listen')).toEqual([]);
  for (const flag of Object.keys(TABLE)) expect(flags.has(flag)).toBe(false);
});

test('a flag that may be repeated keeps all its values in order', () => {
  const { flags } = parseWords(['--listen', 'b', 'x', '--listen=a', '--listen', 'b'], TABLE);
  expect(flags.values('listen')).toEqual(['b', 'a', 'b']);
  expect(flags.has('listen')).toBe(true);
});

test('flags that say no are flags of their own', () => {
  const { flags } = parseWords(['--no-tui', '--no-color'], TABLE);
  expect([flags.has('tui'), flags.has('no-tui'), flags.has('no-color')]).toEqual([
    false,
    true,
    true,
  ]);
  expect(parseWords(['--tui'], TABLE).flags.has('tui')).toBe(true);
});

test.each([
  [['--watch'], '', []],
  [['--watch', '5'], '5', []],
  [['--watch', '0.5', 'm0'], '0.5', ['m0']],
  [['--watch', 'm0'], '', ['m0']],
  [['--watch=5', 'm0'], '5', ['m0']],
  [['m0', '--watch', '--json'], '', ['m0']],
])('the value of an optional flag is a number that follows: %j', (words, value, input) => {
  const parsed = parseWords(words, TABLE);
  expect(parsed.flags.value('watch')).toBe(value);
  expect(parsed.input).toEqual(input);
});

test('nothing after -- is a flag', () => {
  const { input, flags } = parseWords(['m0', '--', '--json', '-n', '--', '--size'], TABLE);
  expect(input).toEqual(['m0', '--json', '-n', '--', '--size']);
  expect(flags.has('json')).toBe(false);
});

test('a dash alone and a negative number are words', () => {
  expect(parseWords(['-', '-5', '-1.5x'], TABLE).input).toEqual(['-', '-5', '-1.5x']);
});

test.each([
  [['--sizes', '1'], 'unknown option --sizes', 'did you mean --size?'],
  [['--frobnicate'], 'unknown option --frobnicate', 'see --help for those there are'],
  [['-x'], 'unknown option -x', 'see --help for those there are'],
  [['-nn'], 'unknown option -nn', 'see --help for those there are'],
  [['--color'], 'unknown option --color', 'see --help for those there are'],
  [['--dryRun'], 'unknown option --dryRun', 'did you mean --dry-run?'],
  [['--undefined'], 'unknown option --undefined', 'see --help for those there are'],
  [['-undefined'], 'unknown option -undefined', 'see --help for those there are'],
  [['--__proto__=x'], 'unknown option --__proto__', 'see --help for those there are'],
  [['--size'], '--size needs a value', 'write --size SIZE'],
  [['--size', '--json'], '--size needs a value', 'write --size SIZE'],
  [['--size', ''], '--size needs a value', 'write --size SIZE'],
  [['--size='], '--size needs a value', 'write --size SIZE'],
  [['--watch='], '--watch needs a value', 'write --watch SECS'],
  [['--listen'], '--listen needs a value', 'write --listen VALUE'],
  [['--io', 'zfs'], '--io cannot be zfs', 'use one of auto, fs'],
  [['--json=yes'], '--json takes no value', 'write --json alone'],
  [['-n=1'], '-n takes no value', 'write -n alone'],
  [['--json', '--json'], '--json is given twice', 'give it once'],
  [['--size', '1', '--size', '1'], '--size is given twice', 'give it once'],
  [['-n', '--dry-run'], '--dry-run is given twice', 'give it once'],
  [['--tui', '--no-tui'], '--no-tui contradicts --tui', 'give one of them'],
  [['--no-tui', '--tui'], '--tui contradicts --no-tui', 'give one of them'],
])('%j is a usage error', (words, message, hint) => {
  expect(faultOf(...words)).toEqual({ message, hint });
});

test('every value and word arrives as it was typed', () => {
  const value = fc.string({ minLength: 1, unit: 'binary' }).filter((text) => !text.startsWith('-'));
  const quoted = fc.constantFrom(
    '"a"',
    "'a'",
    '"',
    "''",
    '""',
    '0x10',
    '1e3',
    'true',
    'a=b',
    ' ',
    '\n',
  );
  const any = fc.oneof(value, quoted);
  fc.assert(
    fc.property(
      any,
      fc.array(any),
      fc.array(any),
      fc.boolean(),
      (size, listen, words, attached) => {
        const sizeWords = attached ? [`--region-size=${size}`] : ['--region-size', size];
        const { input, flags } = parseWords(
          [...words, ...sizeWords, ...listen.flatMap((address) => ['--listen', address])],
          TABLE,
        );
        assert.deepEqual(input, words);
        assert.equal(flags.value('region-size'), size);
        assert.deepEqual(flags.values('listen'), listen);
      },
    ),
    { numRuns: 500 },
  );
});

test('whatever is typed, it is parsed or a usage error', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '--size',
      '--watch',
      '--listen',
      '--no-tui',
      '--tui',
      '-n',
      '--',
      '--json',
      '5',
      '',
    ),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8, size: 'max' }), (words) => {
      try {
        parseWords(words, TABLE);
      } catch (error) {
        assert.ok(error instanceof MirrorError && error.code === 'USAGE', String(error));
        assert.notEqual(error.hint, '');
      }
    }),
    { numRuns: 500 },
  );
});
