/**
 * Damaged inputs for everything that reads what others wrote: no crash, no byte read or changed that
 * is not theirs. A short run here; MIRRORCTL_FUZZ_INPUTS asks for a longer one, and `npm run fuzz`
 * for one that goes on.
 */
import { expect, test } from 'vitest';
import { fuzz, inputFor } from './run.ts';
import { FUZZ_TARGETS } from './targets.ts';

const { MIRRORCTL_FUZZ_INPUTS = '11000' } = process.env;
const INPUTS = Number(MIRRORCTL_FUZZ_INPUTS);

test(
  `${INPUTS} damaged inputs crash nothing and are left alone`,
  () => {
    expect(fuzz(FUZZ_TARGETS, 0, INPUTS)).toEqual({ inputs: INPUTS, fault: null });
  },
  INPUTS,
);

test('a seed is an input, so a fault can be looked at again', () => {
  for (const target of FUZZ_TARGETS) {
    expect(target.examples.length).toBeGreaterThan(0);
    expect(inputFor(target, 7)).toEqual(inputFor(target, 7));
    const seeds = Array.from({ length: 50 }, (_, seed) => Buffer.from(inputFor(target, seed)));
    expect(new Set(seeds.map((input) => input.toString('latin1'))).size).toBeGreaterThan(25);
  }
});

test('a target that crashes, hangs, reads around its input or changes it is told', () => {
  const targetWith = (read: (input: Uint8Array) => unknown) => [
    { name: 'bad', examples: [new Uint8Array(100)], read },
  ];
  const faultOf = (read: (input: Uint8Array) => unknown) =>
    fuzz(targetWith(read), 0, 50).fault?.what;
  expect(faultOf(() => null)).toBe(undefined);
  expect(faultOf((input) => (input[3] ?? 0) > 0 && new Uint8Array(-1))).toContain('RangeError');
  expect(faultOf((input) => new Uint8Array(input.buffer)[0])).toBe(
    'it read what lies around its input',
  );
  expect(faultOf((input) => input.fill(1))).toBe('it changed its input');
  const busyMs = (ms: number) => {
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < ms * 1000);
    return null;
  };
  expect(faultOf(() => busyMs(60))).toBe('it takes longer than 50 ms');
  let calls = 0;
  expect(faultOf(() => (calls++ === 0 ? busyMs(60) : null))).toBe(undefined);
});
