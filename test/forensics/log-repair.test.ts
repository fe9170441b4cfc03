/** Repairs: each kind of damage, and the law that no repair invents a clean bit. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import { isSound } from '../../src/forensics/finding.ts';
import type { Verdict, VerdictRun } from '../../src/forensics/leg-comparison.ts';
import { VERDICTS } from '../../src/forensics/leg-comparison.ts';
import type { MirrorFacts } from '../../src/forensics/log-excerpt.ts';
import { examine, NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { rebuiltLog } from '../../src/forensics/log-rebuild.ts';
import type { RepairOrder } from '../../src/forensics/log-repair.ts';
import { areProvenEqual, planEdit, planRepair } from '../../src/forensics/log-repair.ts';
import { verifyLog } from '../../src/forensics/log-verify.ts';
import { byteCount, regionCount, regionIndex } from '../../src/geometry/units.ts';
import { excerptOf, factsOf, logBytes } from './log-bytes.ts';

const MIB = 1 << 20;
const EIGHT = factsOf(8 * MIB, MIB);
const PLAIN: RepairOrder = { runs: null, setClean: false, init: false };

const run = (verdict: Verdict, first: number, count = 1): VerdictRun => ({
  ...{ verdict, first, count, difference: null, failure: null },
});

function repair(bytes: Uint8Array, order: Partial<RepairOrder> = {}, facts: MirrorFacts = EIGHT) {
  const plan = planRepair(examine(excerptOf(bytes), facts), { ...PLAIN, ...order });
  if (!plan.ok) return plan.error.code;
  const { steps, bytes: after } = plan.value;
  return { steps, after, bits: Buffer.from(after.subarray(1024, 1032)).toString('hex') };
}

describe('a log that is right', () => {
  test('is left as it is', () => {
    const log = logBytes(8, [0x7f], { around: 0xa5 });
    expect(repair(log)).toMatchObject({ steps: [], after: log });
    expect(repair(log, {}, NO_FACTS)).toMatchObject({ steps: [], after: log });
    expect(repair(log, { runs: [run('dirty-different', 7)] })).toMatchObject({ after: log });
  });

  test('also when LVM made it', () => {
    const log = logBytes(2n ** 64n - 1n, Array(8).fill(0xff), { around: 0xff });
    expect(repair(log)).toMatchObject({ steps: [], bits: 'ff00000000000000' });
  });
});

describe('the steps', () => {
  test('padding is cleared', () => {
    expect(repair(logBytes(8, [0x7f, 0x01]))).toMatchObject({
      ...{ steps: ['clear the padding bits, which are set'], bits: '7f00000000000000' },
    });
    const ten = factsOf(10 * MIB, MIB);
    expect(repair(logBytes(10, [0xff, 0x05]), {}, ten)).toMatchObject({ bits: 'ff01000000000000' });
  });

  test('another count becomes the mirror’s, and new regions are dirty', () => {
    expect(repair(logBytes(5, [0xff]))).toMatchObject({
      steps: ['write 8 regions into the header, where it says 5, and regions 5-7 dirty'],
      bits: '1f00000000000000',
    });
    const shrunk = repair(logBytes(12, [0xff, 0x0f]));
    expect(shrunk).toMatchObject({ bits: 'ff00000000000000' });
    expect(shrunk).toMatchObject({ steps: [expect.stringContaining('where it says 12')] });
  });

  test('regions that are clean although legs differ become dirty', () => {
    const runs = [run('clean-different', 1, 2), run('clean-one-sided', 4), run('unreadable', 6)];
    expect(repair(logBytes(8, [0xff]), { runs })).toMatchObject({
      ...{ bits: 'a900000000000000' },
      steps: [expect.stringContaining('regions 1-2,4,6')],
    });
  });

  test('regions that are equal become clean only when told to', () => {
    const runs = [run('dirty-equal', 0, 3), run('dirty-different', 5)];
    expect(repair(logBytes(8, [0xd0]), { runs })).toMatchObject({ steps: [] });
    expect(repair(logBytes(8, [0xd0]), { runs, setClean: true })).toMatchObject({
      ...{ bits: 'd700000000000000', steps: [expect.stringContaining('clean')] },
    });
  });

  test('a new log is begun only when told to', () => {
    const foreign = logBytes(8, [0xff], { around: 0xa5 }).with(0, 0);
    expect(repair(foreign)).toBe('LOG_MAGIC_MISSING');
    const begun = repair(foreign, { init: true });
    expect(begun).toMatchObject({ bits: '0000000000000000' });
    const { after } = begun as { after: Uint8Array };
    expect([...after.subarray(0, 16)]).toEqual([
      0x72,
      0x52,
      0x69,
      0x4d,
      2,
      0,
      0,
      0,
      8,
      ...Array(7).fill(0),
    ]);
    expect(after.subarray(16, 1024)).toEqual(foreign.subarray(16, 1024));
    expect(repair(logBytes(8, [0xff]), { init: true })).toMatchObject({ bits: '0000000000000000' });
  });
});

describe('refused is', () => {
  test.each([
    {
      what: 'an unknown version',
      bytes: logBytes(8, [1], { version: 3 }),
      code: 'LOG_VERSION_UNSUPPORTED',
    },
    {
      what: 'a count nobody has',
      bytes: logBytes(2n ** 40n, [1]),
      code: 'LOG_VERSION_UNSUPPORTED',
    },
    { what: 'a count of zero', bytes: logBytes(0, [1]), code: 'LOG_VERSION_UNSUPPORTED' },
    { what: 'a log cut short', bytes: logBytes(8, [1], { length: 1500 }), code: 'LOG_TRUNCATED' },
  ])('$what', ({ bytes, code }) => {
    expect(repair(bytes)).toBe(code);
  });

  test('anything when nobody knows how many regions there are', () => {
    expect(repair(logBytes(2n ** 40n, [1]), { init: true }, NO_FACTS)).toBe('GEOMETRY_INVALID');
    expect(repair(logBytes(8, [1]).with(0, 0), {}, NO_FACTS)).toBe('GEOMETRY_INVALID');
  });
});

test('no repair without set-clean turns a bit from 0 to 1, and none leaves a serious finding', () => {
  const anyRuns = fc
    .array(fc.constantFrom(...VERDICTS, null), { minLength: 8, maxLength: 8 })
    .map((all) => all.flatMap((verdict, at) => (verdict === null ? [] : [run(verdict, at)])));
  const anyCase = fc.record({
    count: fc.oneof(fc.integer({ min: 0, max: 80 }), fc.bigInt(0n, 2n ** 64n - 1n)),
    bits: fc.array(fc.nat(255), { minLength: 10, maxLength: 10 }),
    version: fc.integer({ min: 0, max: 3 }),
    around: fc.constantFrom(0, 0xa5),
    runs: fc.option(anyRuns),
    init: fc.boolean(),
  });
  fc.assert(
    fc.property(anyCase, ({ count, bits, version, around, runs, init }) => {
      const before = logBytes(count, bits, { version, around });
      const done = repair(before, { runs, init });
      if (typeof done === 'string') return;
      for (let region = 0; region < 64; region += 1) {
        const at = 1024 + (region >> 3);
        const was = ((before[at] ?? 0) >> (region & 7)) & 1;
        const is = ((done.after[at] ?? 0) >> (region & 7)) & 1;
        assert(is <= was, `region ${region} became clean`);
      }
      assert.deepEqual(done.after.subarray(16, 1024), before.subarray(16, 1024));
      assert.deepEqual(done.after.subarray(1032), before.subarray(1032));
      const { findings } = verifyLog(excerptOf(done.after), EIGHT, 'plausibility', null);
      assert(isSound(findings), JSON.stringify(findings));
    }),
    { numRuns: 500 },
  );
});

describe('an edit', () => {
  const log = examine(excerptOf(logBytes(8, [0xf0])), NO_FACTS);

  test('changes the regions it names', () => {
    const { steps, bytes } = planEdit(log, [{ first: 4, count: 2 }], [{ first: 0, count: 1 }]);
    expect(bytes[1024]).toBe(0b11000001);
    expect(steps).toEqual(['set dirty: regions 4-5', 'set clean: regions 0']);
  });

  test('to clean is proven by a comparison that found the regions equal', () => {
    const runs = [run('dirty-equal', 0, 4), run('dirty-different', 5), run('unreadable', 6)];
    const proven = (first: number, count: number) => areProvenEqual([{ first, count }], runs);
    expect([proven(0, 4), proven(2, 1), proven(7, 1)]).toEqual([true, true, true]);
    expect([proven(3, 3), proven(5, 1), proven(6, 2)]).toEqual([false, false, false]);
  });
});

test('a rebuilt log is what a kernel would have begun, with the bits it is given', () => {
  const bits = new RegionBitset(regionCount(10));
  bits.set(regionIndex(9));
  const image = rebuiltLog(bits, byteCount(512));
  expect(image).toEqual(logBytes(10, [0x00, 0x02], { length: 1536 }));
});
