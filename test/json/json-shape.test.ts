import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Reader } from '../../src/json/json-shape.ts';
import {
  amount,
  converted,
  count,
  flag,
  JsonFault,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  readJson,
  tagged,
  text,
} from '../../src/json/json-shape.ts';

interface Leg {
  readonly path: string;
  readonly offsetBytes: number;
}
interface Document {
  readonly name: string;
  readonly ready: boolean;
  readonly rate: number | null;
  readonly legs: readonly Leg[];
}

const leg = object<Leg>({ path: text, offsetBytes: count }, 'refuse');
const strict = object<Document>(
  { name: matching(/^[a-z]+$/, 'a name'), ready: flag, rate: nullable(amount), legs: listOf(leg) },
  'refuse',
);
const lenient = object<Document>(
  { name: text, ready: flag, rate: nullable(amount), legs: listOf(leg) },
  'ignore',
);
const GOOD: Document = {
  name: 'home',
  ready: true,
  rate: 1.5,
  legs: [
    { path: 'a', offsetBytes: 0 },
    { path: 'b', offsetBytes: 512 },
  ],
};

function faultOf(reader: Reader<unknown>, value: unknown): { at: string; message: string } {
  try {
    reader(value, '');
  } catch (error) {
    if (error instanceof JsonFault) return { at: error.at, message: error.message };
    throw error;
  }
  throw new Error('was read without a fault');
}

test('a good document comes through as it is', () => {
  expect(strict(GOOD, '')).toEqual(GOOD);
});

test('a fault names the place by its keys', () => {
  const legs = [GOOD.legs[0], { path: 'b', offsetBytes: 'x' }];
  expect(faultOf(strict, { ...GOOD, legs })).toEqual({
    at: 'legs[1].offsetBytes',
    message: 'must be a whole number, not negative, not "x"',
  });
});

test('a missing key and an unknown one are told apart', () => {
  const { rate: _, ...missing } = GOOD;
  expect(faultOf(strict, missing)).toEqual({ at: 'rate', message: 'is missing' });
  expect(faultOf(strict, { ...GOOD, colour: 1 })).toEqual({
    at: 'colour',
    message: 'is no key that we know',
  });
});

test('where unknown keys are ignored, they do not come through', () => {
  expect(lenient({ ...GOOD, colour: 1 }, '')).toEqual(GOOD);
});

test('keys of the prototype are not taken for keys of the document', () => {
  const reader = object({ toString: text }, 'refuse');
  expect(faultOf(reader, {})).toEqual({ at: 'toString', message: 'is missing' });
  const poisoned: unknown = JSON.parse('{"__proto__":{"name":"x"}}');
  expect(faultOf(object({ name: text }, 'refuse'), poisoned).at).toBe('__proto__');
});

test.each([
  ['a text', text, 1],
  ['true or false', flag, 'true'],
  ['a whole number', count, -1],
  ['a whole number', count, 0.5],
  ['a whole number', count, 2 ** 53],
  ['a number', amount, -0.5],
  ['a list', listOf(text), { length: 0 }],
  ['an object', leg, ['path']],
  ['an object', leg, null],
  ['"a" or "b"', oneOf('a', 'b'), 'c'],
])('%s is wanted where something else is given (%#)', (what, reader: Reader<unknown>, value) => {
  expect(faultOf(reader, value).message).toContain(`must be ${what}`);
});

test('a list is held to its least and its most', () => {
  const reader = listOf(count, { min: 2, max: 3 });
  expect(faultOf(reader, [1]).message).toBe('has 1 items, fewer than 2');
  expect(faultOf(reader, [1, 2, 3, 4]).message).toBe('has 4 items, more than 3');
  expect(reader([1, 2], '')).toEqual([1, 2]);
  expect(reader([1, 2, 3], '')).toEqual([1, 2, 3]);
});

test('a tagged object is read by the reader of its tag', () => {
  const log = tagged<object>('type', {
    core: object({ type: oneOf('core') }, 'refuse'),
    disk: object({ type: oneOf('disk'), path: text }, 'refuse'),
  });
  expect(log({ type: 'disk', path: 'x' }, '')).toEqual({ type: 'disk', path: 'x' });
  expect(faultOf(log, { type: 'core', path: 'x' }).at).toBe('path');
  expect(faultOf(log, { type: 'tape' })).toEqual({
    at: 'type',
    message: 'must be "core" or "disk", not "tape"',
  });
  expect(faultOf(log, { type: 'constructor' }).at).toBe('type');
});

test('a conversion sees the place it reads', () => {
  const even = converted(count, (value, at) => {
    if (value % 2 === 1) throw new JsonFault(at, 'is odd');
    return value / 2;
  });
  expect(listOf(even)([2, 4], '')).toEqual([1, 2]);
  expect(faultOf(listOf(even), [2, 3])).toEqual({ at: '[1]', message: 'is odd' });
});

test('text that is no JSON is a fault, and is not quoted', () => {
  expect(() => readJson('{"secret":', strict)).toThrow(new JsonFault('', 'is not JSON'));
});

test('a long value is quoted in part', () => {
  expect(faultOf(flag, 'x'.repeat(500)).message.length).toBeLessThan(100);
});

test('whatever is read, a value of the shape or a JsonFault comes out', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('name', 'ready', 'rate', 'legs'), (value, key) => {
      for (const candidate of [value, { ...GOOD, [key]: value }]) {
        try {
          const read = strict(candidate, '');
          assert.deepEqual(read, candidate);
          assert.deepEqual(Object.keys(read).sort(), Object.keys(GOOD).sort());
        } catch (error) {
          assert.ok(error instanceof JsonFault, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});
