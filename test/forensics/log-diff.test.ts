/** What a diff says, against comparing bit by bit. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeDiff, diffLogs } from '../../src/forensics/log-diff.ts';
import { examine, NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { excerptOf, logBytes } from './log-bytes.ts';

const logOf = (bytes: Uint8Array) => examine(excerptOf(bytes), NO_FACTS);
const diffOf = (from: Uint8Array, to: Uint8Array) => diffLogs(logOf(from), logOf(to));

/** Bits in the order of regions, as bytes. */
function bytesOf(bits: readonly boolean[]): number[] {
  return Array.from({ length: Math.ceil(bits.length / 8) }, (_, byte) =>
    bits.slice(8 * byte, 8 * byte + 8).reduce((sum, bit, at) => sum | (Number(bit) << at), 0),
  );
}

test('every region is told exactly when its bit changed, with the direction', () => {
  const anyBits = fc.array(fc.boolean(), { size: 'max', maxLength: 90, minLength: 1 });
  fc.assert(
    fc.property(anyBits, anyBits, (before, after) => {
      const { runs, same } = diffOf(
        logBytes(before.length, bytesOf(before)),
        logBytes(after.length, bytesOf(after)),
      );
      for (let region = 0; region < Math.max(before.length, after.length); region += 1) {
        const told = runs.filter((run) => region >= run.first && region < run.first + run.count);
        assert.deepEqual(
          told.map(({ change }) => change),
          changeOf(before[region], after[region]),
        );
      }
      assert.equal(same, JSON.stringify(before) === JSON.stringify(after));
    }),
  );
});

function changeOf(before: boolean | undefined, after: boolean | undefined): string[] {
  if (before === after) return [];
  if (before === undefined) return ['added'];
  if (after === undefined) return ['removed'];
  return [after ? 'turned-clean' : 'turned-dirty'];
}

describe('a diff', () => {
  test('of a log with itself says nothing', () => {
    const log = logBytes(70, Array(9).fill(0x5a), { around: 0xa5 });
    expect(diffOf(log, log)).toMatchObject({ same: true, header: [], runs: [] });
    expect(describeDiff(diffOf(log, log))).toEqual(['m0.log and m0.log say the same']);
  });

  test('names the header fields that changed', () => {
    const header = (from: Uint8Array, to: Uint8Array) => diffOf(from, to).header;
    const log = logBytes(8, [1]);
    expect(header(log, logBytes(8, [1], { version: 1 }))).toEqual([
      { field: 'version', from: '2', to: '1' },
    ]);
    expect(header(log, logBytes(2n ** 64n - 1n, [1]))).toEqual([
      { field: 'regionCount', from: '8', to: '18446744073709551615' },
    ]);
    expect(header(log, log.with(0, 0))).toEqual([
      { field: 'magic', from: '7252694d', to: '0052694d' },
    ]);
    expect(header(log, new Uint8Array(4))).toMatchObject([{}, { to: null }, { to: null }]);
  });

  test('sees other bytes inside the image, and none after it', () => {
    const log = logBytes(8, [1]);
    for (const at of [16, 1023, 1025, 1535]) {
      expect(diffOf(log, log.with(at, 9))).toMatchObject({ same: false, otherBytesDiffer: true });
    }
    expect(diffOf(log, log.with(1536, 9))).toMatchObject({ same: true });
  });

  test('reads as directions with runs', () => {
    const text = describeDiff(diffOf(logBytes(16, [0xf0, 0x00]), logBytes(12, [0x03, 0x01])));
    expect(text).toEqual([
      'from m0.log to m0.log:',
      '  regionCount: 16 is now 12',
      '  turned dirty: 4 regions',
      '    4-7',
      '  turned clean: 3 regions',
      '    0-1, 8',
      '  removed: 4 regions',
      '    12-15',
    ]);
  });
});
