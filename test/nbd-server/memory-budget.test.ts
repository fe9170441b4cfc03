/**
 * Who waits, who is served next, and who is dropped, with connections that are nothing but numbers.
 */
import { describe, expect, test } from 'vitest';
import type { MemoryHolder } from '../../src/nbd-server/memory-budget.ts';
import { MEMORY_LIMITS, MemoryBudget } from '../../src/nbd-server/memory-budget.ts';

class Holder implements MemoryHolder {
  heldBytes = 0;
  movedBytes = 0;
  waitsForClient = true;
  retries = 0;
  dropped = false;
  recounts = 0;

  recount(): void {
    this.recounts += 1;
  }
  retry(): void {
    this.retries += 1;
  }
  drop(): void {
    this.dropped = true;
  }
}

function budgetWith(totalBytesMax: number, count: number) {
  const budget = new MemoryBudget({ ...MEMORY_LIMITS, totalBytesMax });
  const holders = Array.from({ length: count }, () => new Holder());
  for (const holder of holders) budget.enter(holder);
  const [a, b, c] = [...holders, new Holder(), new Holder()] as [Holder, Holder, Holder];
  return { budget, a, b, c };
}

describe('admission', () => {
  test('what fits exactly is admitted, one byte more waits', () => {
    const { budget, a, b } = budgetWith(100, 2);
    expect(budget.admit(a, 100)).toBe(true);
    expect(budget.admit(b, 1)).toBe(false);
    expect(budget.heldBytes).toBe(100);
  });

  test('a small request does not overtake a large one that waits', () => {
    const { budget, a, b, c } = budgetWith(100, 3);
    budget.admit(a, 80);
    expect(budget.admit(b, 50)).toBe(false);
    expect(budget.admit(c, 10)).toBe(false);
    budget.adjust(-80);
    expect([b.retries, c.retries]).toEqual([1, 0]);
    expect(budget.admit(c, 10)).toBe(false);
    expect(budget.admit(b, 50)).toBe(true);
    expect(c.retries).toBe(1);
    expect(budget.admit(c, 10)).toBe(true);
  });

  test('who leaves, or steps back, lets the next one try', () => {
    const { budget, a, b, c } = budgetWith(100, 3);
    budget.admit(a, 100);
    budget.admit(b, 1);
    budget.admit(c, 1);
    budget.leave(b);
    expect(c.retries).toBe(1);
    budget.withdraw(c);
    budget.adjust(-100);
    expect([b.retries, c.retries]).toEqual([0, 1]);
  });

  test('more memory held wakes nobody', () => {
    const { budget, a, b } = budgetWith(100, 2);
    budget.admit(a, 100);
    budget.admit(b, 1);
    budget.adjust(1);
    expect(b.retries).toBe(0);
  });
});

const MIB = 1024 * 1024;

/** `a` holds 8 MiB on behalf of its client, `b` waits for memory. */
function underPressure() {
  const all = budgetWith(8 * MIB, 3);
  all.budget.admit(all.a, 8 * MIB);
  all.a.heldBytes = 8 * MIB;
  all.budget.admit(all.b, 1);
  all.b.waitsForClient = false;
  all.c.waitsForClient = false;
  all.budget.sweep(1_000);
  return all;
}

describe('patience', () => {
  test('patience is 5 s, and a second for each 8 MiB held', () => {
    const { budget, a } = underPressure();
    budget.sweep(7_000);
    expect(a.dropped).toBe(false);
    budget.sweep(7_100);
    expect(a.dropped).toBe(true);
  });
});

describe('sweeping', () => {
  test('nobody is dropped as long as nobody waits', () => {
    const { budget, a, b } = underPressure();
    budget.withdraw(b);
    budget.sweep(100_000);
    expect(a.dropped).toBe(false);
  });

  test('a client that turns over what it holds is never dropped', () => {
    const { budget, a } = underPressure();
    for (let now = 5_000; now < 100_000; now += 5_000) {
      a.movedBytes += 8 * MIB;
      budget.sweep(now);
    }
    expect(a.dropped).toBe(false);
  });

  test('a client that moves a byte now and then is dropped', () => {
    const { budget, a } = underPressure();
    for (let now = 2_000; now < 10_000; now += 1_000) {
      a.movedBytes += 1;
      budget.sweep(now);
    }
    expect(a.dropped).toBe(true);
  });

  test('time spent waiting for the mirror does not count', () => {
    const { budget, a } = underPressure();
    a.waitsForClient = false;
    budget.sweep(60_000);
    a.waitsForClient = true;
    budget.sweep(61_000);
    expect(a.dropped).toBe(false);
    budget.sweep(67_000);
    expect(a.dropped).toBe(true);
  });

  test('the one that holds most goes first, one at a time', () => {
    const { budget, a, c } = underPressure();
    c.waitsForClient = true;
    c.heldBytes = 1;
    budget.sweep(2_000);
    budget.sweep(20_000);
    expect([a.dropped, c.dropped]).toEqual([true, false]);
  });

  test('everybody counts again before anybody is judged', () => {
    const { budget, a } = underPressure();
    a.recount = () => {
      a.waitsForClient = false;
    };
    budget.sweep(60_000);
    expect(a.dropped).toBe(false);
  });
});
