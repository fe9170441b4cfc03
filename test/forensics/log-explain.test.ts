/** An explanation names every byte, and only once. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { examine, NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { describeExplanation, explainLog } from '../../src/forensics/log-explain.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { excerptOf, factsOf, logBytes } from './log-bytes.ts';

const MIB = 1 << 20;
const explain = (bytes: Uint8Array, facts = NO_FACTS) =>
  explainLog(examine(excerptOf(bytes), facts), facts);

test('ranges cover what was read without gap or overlap, whatever it is', () => {
  const anyLog = fc.record({
    count: fc.oneof(fc.bigInt(0n, 30_000n), fc.bigInt(0n, 2n ** 64n - 1n)),
    version: fc.nat(3),
    length: fc.integer({ min: 0, max: 4096 }),
    isLog: fc.boolean(),
  });
  fc.assert(
    fc.property(anyLog, ({ count, isLog, ...rest }) => {
      const bytes = logBytes(count, [0x5a], rest);
      if (!isLog) bytes.fill(0x42, 0, 4);
      let end = 0;
      for (const range of explain(bytes).ranges) {
        assert.equal(range.first, end);
        assert(range.end > range.first);
        end = range.end;
      }
      assert.equal(end, bytes.length);
    }),
  );
});

describe('the parts', () => {
  test('of a log of ten regions are where they belong', () => {
    const { ranges } = explain(logBytes(10, [0xff, 0x01], { around: 0xa5 }));
    expect(ranges.map(({ first, end, name }) => [first, end, name])).toEqual([
      [0, 4, 'magic'],
      [4, 8, 'version'],
      [8, 16, 'region count'],
      [16, 1024, 'unused'],
      [1024, 1026, 'clean bits'],
      [1026, 1032, 'padding'],
      [1032, 1536, 'slack'],
      [1536, 4096, 'after the log'],
    ]);
    expect(ranges[3]?.says).toContain('all 0xa5');
    expect(ranges[4]).toMatchObject({
      hex: 'ff01',
      says: expect.stringContaining('9 clean, 1 dirty'),
    });
    expect(ranges[5]?.says).toContain('all zero');
  });

  test('follow the block size of the device', () => {
    const log = examine(excerptOf(logBytes(8, [1]), { blockBytes: byteCount(4096) }), NO_FACTS);
    expect(explainLog(log, NO_FACTS).ranges.at(-1)).toMatchObject({ name: 'slack', end: 4096 });
  });

  test('that are not one byte throughout are not called so', () => {
    const { ranges } = explain(logBytes(8, [1]).with(1535, 7));
    expect(ranges.find(({ name }) => name === 'slack')?.says).toContain('other content');
  });

  test('that were cut off say so', () => {
    const { ranges } = explain(logBytes(4096, [1], { length: 1100 }));
    expect(ranges.at(-1)).toMatchObject({ name: 'clean bits', end: 1100 });
    expect(ranges.at(-1)?.says).toContain('cut off after 76 bytes');
  });

  test.each([
    { bytes: logBytes(2n ** 64n - 1n, [1]), says: 'LVM wrote it' },
    { bytes: logBytes(2n ** 33n, [1]), says: 'more than a log can have' },
    { bytes: logBytes(8, [1], { version: 1 }), says: 'of old kernels' },
    { bytes: logBytes(8, [1], { version: 7 }), says: 'version 7, which nobody knows' },
    { bytes: new Uint8Array(4096).fill(0x41), says: 'an area filled with 0x41' },
  ])('$says', ({ bytes, says }) => {
    expect(JSON.stringify(explain(bytes).ranges)).toContain(says);
  });
});

test('the text ends with what a kernel and what mirrorctl would do', () => {
  const text = describeExplanation(explain(logBytes(8, [0x7f]), factsOf(8 * MIB, MIB)));
  expect(text.slice(0, 4)).toEqual([
    'm0.log',
    '       0 to 4       magic',
    '          72 52 69 4d',
    '          a dirty log: 0x4d695272, little-endian',
  ]);
  expect(text.slice(-2)).toEqual([
    'a kernel that is given this log copies 1 region from the default mirror',
    'mirrorctl, when it activates the mirror, copies 1 region from the source leg',
  ]);
});
