/** Ranges of regions, read and written. */
import { describe, expect, test } from 'vitest';
import { formatRanges, parseRanges } from '../../src/forensics/region-ranges.ts';
import { regionCount } from '../../src/geometry/units.ts';

const parse = (text: string) => parseRanges(text, regionCount(100));

test.each([
  ['5', [{ first: 5, count: 1 }]],
  [
    '5,17-20',
    [
      { first: 5, count: 1 },
      { first: 17, count: 4 },
    ],
  ],
  ['99', [{ first: 99, count: 1 }]],
  [
    '20-30, 5',
    [
      { first: 5, count: 1 },
      { first: 20, count: 11 },
    ],
  ],
  ['5-9,7-12,13', [{ first: 5, count: 9 }]],
  ['5-20,7-8', [{ first: 5, count: 16 }]],
])('%s', (text, spans) => {
  expect(parse(text)).toEqual(spans);
  expect(parse(formatRanges(spans))).toEqual(spans);
});

describe('refused is', () => {
  test.each(['', ',', '5,', 'x', '5-', '-5', '5-4', '100', '99-100', '1.5', '0x5', '5--6'])(
    '"%s"',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});
