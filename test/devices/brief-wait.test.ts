import { expect, test } from 'vitest';
import { BriefWait } from '../../src/devices/brief-wait.ts';

/** How many of `waits` waits after short rounds begin with a look, when each look ends with `found`. */
function looksIn(wait: BriefWait, waits: number, found: boolean): number {
  let looks = 0;
  for (let at = 0; at < waits; at += 1) {
    if (!wait.isWorthwhile(0.01)) continue;
    looks += 1;
    wait.looked(found);
  }
  return looks;
}

test('while requests come one after the other, every wait begins with a look', () => {
  expect(looksIn(new BriefWait(2), 1000, true)).toBe(1000);
});

test('looks in vain become seldom at once, and stay under two in a hundred waits', () => {
  const wait = new BriefWait(2);
  expect(looksIn(wait, 64, false)).toBeLessThan(7);
  expect(looksIn(wait, 6500, false)).toBeLessThanOrEqual(101);
});

test('one look with success is enough to look at every wait again', () => {
  const wait = new BriefWait(2);
  looksIn(wait, 1000, false);
  while (!wait.isWorthwhile(0.01));
  wait.looked(true);
  expect(looksIn(wait, 100, true)).toBe(100);
});

test('after a long round, being woken costs little in proportion', () => {
  expect(new BriefWait(2).isWorthwhile(1)).toBe(false);
});

test('with one processor, nobody could send while we look', () => {
  expect(looksIn(new BriefWait(1), 100, true)).toBe(0);
});
