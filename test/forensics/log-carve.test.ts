/** Carving: real logs score high, what only quotes the magic scores low. */
import { describe, expect, test } from 'vitest';
import { judgeLog, SCORE_MIN, signaturesIn } from '../../src/forensics/log-carve.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { KERNEL_LOGS } from '../dirty-log/kernel-fixtures.ts';
import { factsOf, logBytes } from './log-bytes.ts';

const score = (bytes: Uint8Array, room = bytes.length, facts = NO_FACTS) =>
  judgeLog('x', bytes, room, byteCount(512), facts).score;

test.each(KERNEL_LOGS.filter(({ header }) => header.version === 2))(
  'the kernel’s log $name scores 0.9 or more',
  ({ bytes }) => {
    expect(signaturesIn(bytes)).toEqual([0]);
    expect(score(bytes)).toBeGreaterThanOrEqual(0.9);
  },
);

test('signatures are seen at sectors only, with a version that exists', () => {
  const bytes = new Uint8Array(4096);
  const header = logBytes(8, []).subarray(0, 16);
  for (const at of [512, 1000, 1024, 2048, 3584, 4080]) bytes.set(header, at);
  bytes[2048 + 4] = 9;
  expect(signaturesIn(bytes)).toEqual([512, 1024, 3584]);
  expect(signaturesIn(bytes.subarray(0, 520))).toEqual([]);
});

describe('the score', () => {
  const log = logBytes(70, Array(8).fill(0xff), { length: 1536 });

  test('is full where everything is as in a real log', () => {
    expect(score(log)).toBe(1);
    expect(score(logBytes(70, Array(9).fill(0x15), { around: 0xa5 }))).toBe(1);
  });

  test('falls with each thing that is not', () => {
    expect(score(log.with(100, 1))).toBe(0.85);
    expect(score(log.with(1039, 0x80))).toBe(0.85);
    expect(score(log.with(1400, 1))).toBe(0.9);
    expect(score(log, 1000)).toBe(0.8);
    expect(score(log.with(14, 1))).toBe(0.55);
    expect(score(log.with(4, 9))).toBe(0);
  });

  test('of text that quotes the magic is too low to be reported', () => {
    const quote = Uint8Array.from({ length: 4096 }, (_, at) => 32 + ((at * 31) % 90));
    quote.set([0x72, 0x52, 0x69, 0x4d, 2, 0, 0, 0]);
    expect(score(quote)).toBeLessThan(SCORE_MIN);
  });

  test('of LVM’s own header does not ask about padding', () => {
    const fresh = logBytes(2n ** 64n - 1n, [], { around: 0xff });
    expect(score(fresh)).toBe(1);
    expect(score(fresh, fresh.length, factsOf(1 << 20, 1 << 16))).toBe(1);
  });
});
