/** A dump makes the same log again; a dump that contradicts itself makes none. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dumpLog } from '../../src/forensics/log-dump.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { restoredLog } from '../../src/forensics/log-restore.ts';
import { JsonFault, readJson } from '../../src/json/json-shape.ts';
import { KERNEL_LOGS } from '../dirty-log/kernel-fixtures.ts';
import { excerptOf, factsOf, logBytes } from './log-bytes.ts';

const restored = (bytes: Uint8Array, facts = NO_FACTS) =>
  readJson(JSON.stringify(dumpLog(excerptOf(bytes), facts)), restoredLog);

test.each(KERNEL_LOGS)('the kernel’s log $name', ({ bytes }) => {
  expect(restored(bytes)).toEqual(bytes);
});

test('any bytes at all come back', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 3000, size: 'max' }),
    fc.uint8Array({ maxLength: 3000, size: 'max' }).map((bytes) => {
      const log = logBytes(900, [...bytes.subarray(0, 112)], { length: bytes.length });
      log.set(bytes.subarray(1136), Math.min(1136, log.length));
      return log;
    }),
  );
  fc.assert(
    fc.property(anyBytes, fc.boolean(), (bytes, known) => {
      assert.deepEqual(restored(bytes, known ? factsOf(1 << 20, 1024) : NO_FACTS), bytes);
    }),
  );
});

describe('refused is a dump with', () => {
  const dump = dumpLog(excerptOf(logBytes(10, [0xf0, 0x01], { around: 7 })), NO_FACTS);
  test.each([
    { change: { schema: 'mirrorctl.log/2' }, at: 'schema' },
    { change: { excerptBytes: 2 ** 40 }, at: 'excerptBytes' },
    { change: { excerptBytes: undefined }, at: 'excerptBytes' },
    { change: { headerHex: '7' }, at: 'headerHex' },
    { change: { headerHex: '72' }, at: 'headerHex' },
    { change: { cleanRegions: 2 ** 40 }, at: 'cleanRegions' },
    { change: { dirtyRuns: [{ first: 9, count: 2 }] }, at: 'dirtyRuns[0]' },
    { change: { dirtyRuns: [{ first: 0, count: 0 }] }, at: 'dirtyRuns[0]' },
    {
      change: {
        dirtyRuns: [
          { first: 4, count: 1 },
          { first: 2, count: 1 },
        ],
      },
      at: 'dirtyRuns[1]',
    },
    {
      change: { otherBytes: [{ offsetBytes: 4090, lengthBytes: 7, hex: '00' }] },
      at: 'otherBytes[0]',
    },
    {
      change: { otherBytes: [{ offsetBytes: 0, lengthBytes: 7, hex: '' }] },
      at: 'otherBytes[0].hex',
    },
    {
      change: { otherBytes: [{ offsetBytes: -1, lengthBytes: 1, hex: '00' }] },
      at: 'otherBytes[0].offsetBytes',
    },
  ])('$at', ({ change, at }) => {
    const faulty = JSON.stringify({ ...dump, ...change });
    expect(() => readJson(faulty, restoredLog)).toThrow(JsonFault);
    expect(() => readJson(faulty, restoredLog)).toThrow(expect.objectContaining({ at }));
  });
});
