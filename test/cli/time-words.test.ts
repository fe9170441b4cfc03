import { expect, test } from 'vitest';
import { parseTime } from '../../src/cli/time-words.ts';

const NOW = new Date(2026, 10, 22, 16, 30, 15, 250);
const HOUR_MS = 3_600_000;

test.each([
  ['2026-11-22T16:00:00Z', new Date('2026-11-22T16:00:00Z')],
  ['2026-11-22T16:00:00.5+02:00', new Date('2026-11-22T14:00:00.5Z')],
  ['2026-11-22t16:00:00z', new Date('2026-11-22T16:00:00Z')],
  ['2026-11-22 16:00', new Date(2026, 10, 22, 16, 0)],
  ['2026-11-21', new Date(2026, 10, 21)],
  ['-2h', new Date(NOW.getTime() - 2 * HOUR_MS)],
  ['-1.5h', new Date(NOW.getTime() - 1.5 * HOUR_MS)],
  ['-90s', new Date(NOW.getTime() - 90_000)],
  ['-3d', new Date(NOW.getTime() - 72 * HOUR_MS)],
  ['-1w', new Date(NOW.getTime() - 7 * 24 * HOUR_MS)],
  ['now', NOW],
  ['16:00', new Date(2026, 10, 22, 16, 0)],
  ['9:05:07', new Date(2026, 10, 22, 9, 5, 7)],
  ['today', new Date(2026, 10, 22)],
  ['yesterday', new Date(2026, 10, 21)],
])('%s is a moment', (word, moment) => {
  expect(parseTime(word, NOW)).toEqual(moment);
});

test.each(['', '2h', '-2', '-2y', 'tomorrow', '25:00', '12', '2026-13-01', '11/22/2026', 'T16:00'])(
  '%j is none',
  (word) => {
    expect(() => parseTime(word, NOW)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('-2h') }),
    );
  },
);
