/** A receipt is read back whole or refused, and is good only for what it was written for. */
import { describe, expect, test } from 'vitest';
import type { VerifyReceipt } from '../../src/forensics/verify-receipt.ts';
import { subjectChange, verifyReceipt } from '../../src/forensics/verify-receipt.ts';
import { readJson } from '../../src/json/json-shape.ts';

const leg = (path: string) => ({ path, offsetBytes: 0, sizeBytes: 8192, modifiedAtMs: 1.5 });
const RECEIPT: VerifyReceipt = {
  schema: 'mirrorctl.log-receipt/1',
  subject: {
    ...{ logPath: 'm0.log', logSha256: 'ab', sizeBytes: 8192, regionSizeBytes: 1024 },
    legs: [leg('a.img'), leg('b.img')],
  },
  ...{ comparedBytes: 4096, complete: false },
  runs: [
    { verdict: 'dirty-equal', first: 0, count: 2, difference: null, failure: null },
    {
      ...{ verdict: 'clean-different', first: 3, count: 1, failure: null },
      difference: { firstByte: 3100, legs: [1], sectors: 2, oneSided: false },
    },
  ],
};

test('comes back from its file as it was', () => {
  expect(readJson(JSON.stringify(RECEIPT), verifyReceipt)).toEqual(RECEIPT);
});

describe('refused is', () => {
  test.each([
    { what: 'another schema', change: { schema: 'mirrorctl.log/1' } },
    { what: 'a place inside a region', change: { comparedBytes: 4097 } },
    { what: 'more than there is', change: { comparedBytes: 9216 } },
    { what: 'an end that is none', change: { complete: true } },
    { what: 'everything compared, yet not complete', change: { comparedBytes: 8192 } },
    { what: 'runs past what was compared', change: { comparedBytes: 3072 } },
    { what: 'runs out of order', change: { runs: [...RECEIPT.runs].reverse() } },
    { what: 'one leg', change: { subject: { ...RECEIPT.subject, legs: [leg('a.img')] } } },
    { what: 'an unknown key', change: { more: 1 } },
  ])('$what', ({ change }) => {
    expect(() => readJson(JSON.stringify({ ...RECEIPT, ...change }), verifyReceipt)).toThrow();
  });
});

describe('the subject has changed with', () => {
  const { subject } = RECEIPT;
  test.each([
    { change: {}, says: null },
    { change: { logPath: 'copy of m0.log' }, says: null },
    { change: { logSha256: 'cd' }, says: 'log' },
    { change: { sizeBytes: 4096 }, says: 'size' },
    { change: { regionSizeBytes: 2048 }, says: 'size' },
    { change: { legs: [leg('a.img')] }, says: 'legs' },
    { change: { legs: [leg('b.img'), leg('a.img')] }, says: 'b.img' },
    { change: { legs: [leg('a.img'), { ...leg('b.img'), modifiedAtMs: 2 }] }, says: 'b.img' },
    { change: { legs: [leg('a.img'), { ...leg('b.img'), offsetBytes: 512 }] }, says: 'b.img' },
    { change: { legs: [{ ...leg('a.img'), sizeBytes: 1 }, leg('b.img')] }, says: 'a.img' },
  ])('$change: $says', ({ change, says }) => {
    const told = subjectChange(subject, { ...subject, ...change });
    if (says === null) expect(told).toBe(null);
    else expect(told).toContain(says);
  });
});
