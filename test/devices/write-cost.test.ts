import { expect, test } from 'vitest';
import { WriteCost } from '../../src/devices/write-cost.ts';

const KIB = 1024;

/** How many of `writes` are handed over, when each that is not takes `milliseconds`. */
function handedOver(cost: WriteCost, writes: number, length: number, milliseconds: number): number {
  let count = 0;
  for (let at = 0; at < writes; at += 1) {
    if (cost.isWorthAnother(length)) count += 1;
    else cost.took(length, milliseconds);
  }
  return count;
}

test('quick writes are never handed over', () => {
  expect(handedOver(new WriteCost(2), 1000, 4 * KIB, 0.003)).toBe(0);
});

test('slow ones are, but for one in sixty-four, once there were a few', () => {
  const cost = new WriteCost(2);
  expect(handedOver(cost, 20, 4 * KIB, 0.02)).toBeGreaterThan(0);
  expect(handedOver(cost, 6400, 4 * KIB, 0.02)).toBe(6300);
});

test('a long one has to cost twice as much', () => {
  const cost = new WriteCost(2);
  expect(handedOver(cost, 1000, 64 * KIB, 0.025)).toBe(0);
  expect(handedOver(cost, 6400, 64 * KIB, 0.04)).toBeGreaterThan(6000);
});

test('what a write of one size costs says nothing of another', () => {
  const cost = new WriteCost(2);
  handedOver(cost, 100, KIB * KIB, 0.2);
  expect(handedOver(cost, 1000, 64 * KIB, 0.011)).toBe(0);
  expect(handedOver(cost, 64, KIB * KIB, 0.2)).toBe(63);
  expect(handedOver(cost, 64, 513 * KIB, 0.2)).toBe(63);
  expect(handedOver(cost, 1, 512 * KIB, 0.2)).toBe(0);
});

test('writes that became quick are done on the spot again', () => {
  const cost = new WriteCost(2);
  handedOver(cost, 100, 4 * KIB, 0.05);
  handedOver(cost, 64 * 20, 4 * KIB, 0.002);
  expect(handedOver(cost, 100, 4 * KIB, 0.002)).toBe(0);
});

test('one write that lost the processor changes nothing', () => {
  const cost = new WriteCost(2);
  handedOver(cost, 100, 4 * KIB, 0.003);
  cost.took(4 * KIB, 40);
  expect(handedOver(cost, 100, 4 * KIB, 0.003)).toBe(0);
});

test('with one processor there is no other', () => {
  expect(handedOver(new WriteCost(1), 1000, KIB * KIB, 0.2)).toBe(0);
});
