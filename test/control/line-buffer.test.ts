import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineBuffer, LineTooLong } from '../../src/control/line-buffer.ts';

test('however the bytes are cut, the same lines come out', () => {
  const lines = fc.array(fc.string({ maxLength: 20, unit: 'binary' }), { maxLength: 20 });
  const cuts = fc.array(fc.nat(40), { maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(lines, cuts, (texts, lengths) => {
      const wanted = texts.map((text) => text.replaceAll('\n', ' '));
      let rest = Buffer.from(wanted.map((line) => `${line}\n`).join(''));
      const buffer = new LineBuffer(80);
      const found: string[] = [];
      for (const length of [...lengths, rest.length]) {
        found.push(...buffer.push(rest.subarray(0, length)));
        rest = rest.subarray(length);
      }
      assert.deepEqual(
        found,
        Buffer.from(wanted.join('\n')).toString().split('\n').slice(0, wanted.length),
      );
    }),
    { numRuns: 150 },
  );
});

test('the bound is for a line, not for all that passes', () => {
  const buffer = new LineBuffer(4);
  expect(buffer.push(Buffer.from('abcd\nefgh\n'.repeat(100)))).toHaveLength(200);
  expect(buffer.push(Buffer.from('abcd'))).toEqual([]);
  expect(() => buffer.push(Buffer.from('e'))).toThrow(LineTooLong);
});
