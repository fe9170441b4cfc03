/** A worker's calls, as its pool sees them: which leg, which call, and the end of all of them. */
import { expect, test } from 'vitest';
import { CallPulse, Dismissed } from '../../src/copier/call-pulse.ts';
import { legIndex } from '../../src/geometry/units.ts';

const [L0, L1] = [legIndex(0), legIndex(1)];

test('a call has its leg and a number of its own, and between calls there is nothing', () => {
  const pulse = new CallPulse();
  expect(pulse.now()).toBe(null);
  const first = pulse.watch(L1, () => pulse.now());
  const second = pulse.watch(L0, () => pulse.now());
  expect([first?.leg, second?.leg]).toEqual([1, 0]);
  expect(first?.call).not.toBe(second?.call);
  expect(pulse.now()).toBe(null);
});

test('what is called returns what it returns, and throws what it throws', () => {
  const { watch } = new CallPulse();
  expect(watch(L0, () => 7)).toBe(7);
  const broken = () => {
    throw new RangeError('no');
  };
  expect(() => watch(L0, broken)).toThrow(RangeError);
  expect(watch(L1, () => 8)).toBe(8);
});

test('who is dismissed in a call makes that one and no other', () => {
  const pulse = new CallPulse();
  const calls: string[] = [];
  const dismissed = () => {
    calls.push(`dismissed ${pulse.dismiss(L0)}`);
  };
  expect(() => pulse.watch(L0, dismissed)).toThrow(Dismissed);
  expect(() => pulse.watch(L1, () => calls.push('another'))).toThrow(Dismissed);
  expect(calls).toEqual(['dismissed true']);
});

test('nobody is dismissed between calls, nor for a leg that another call is on', () => {
  const pulse = new CallPulse();
  expect(pulse.dismiss(L0)).toBe(false);
  expect(pulse.watch(L1, () => pulse.dismiss(L0))).toBe(false);
});

test('both sides of the memory see the same', () => {
  const pulse = new CallPulse();
  const other = new CallPulse(pulse.memory);
  expect(pulse.watch(L1, () => other.now()?.leg)).toBe(1);
});
