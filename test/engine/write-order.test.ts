/** Writes that share a block go one after the other, in the order in which they came; others do not wait. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OrderedWrite } from '../../src/engine/write-order.ts';
import { WriteOrder } from '../../src/engine/write-order.ts';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { regionIndex } from '../../src/geometry/units.ts';

const REGION_BYTES = 8;
const BYTES = 40;

function write(offset: number, length: number): OrderedWrite {
  const first = regionIndex(Math.floor(offset / REGION_BYTES));
  const last = regionIndex(Math.floor((offset + length - 1) / REGION_BYTES));
  return { first, last, offset, length, blockers: 0, followers: null };
}

/** Some byte of both is in the same block. */
function meet(blockBytes: number, ...both: [OrderedWrite, OrderedWrite]): boolean {
  const [one, other] = both.map(({ offset, length }) => ({
    first: Math.floor(offset / blockBytes),
    last: Math.floor((offset + length - 1) / blockBytes),
  })) as [{ first: number; last: number }, { first: number; last: number }];
  return one.first <= other.last && other.first <= one.last;
}

const anyWrite = fc
  .tuple(fc.nat(BYTES - 1), fc.integer({ min: 1, max: BYTES }))
  .map(([offset, length]) => write(offset, Math.min(length, BYTES - offset)));

/** A write that comes, or a number that picks which of those in flight ends. */
const anyTurns = fc.array(fc.oneof(anyWrite, fc.nat(50)), { maxLength: 80, size: 'max' });

/** Looks at each write that may go, and keeps those that went. */
class Legs {
  readonly blockBytes: number;
  readonly order: WriteOrder<OrderedWrite>;
  readonly waiting: OrderedWrite[] = [];
  readonly inFlight: OrderedWrite[] = [];
  /** Per byte: the writes that reached it, in order. */
  readonly bytes: OrderedWrite[][] = Array.from({ length: BYTES }, () => []);
  readonly came: OrderedWrite[][] = Array.from({ length: BYTES }, () => []);

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes;
    this.order = new WriteOrder(blockBytes);
  }

  arrive(arrived: OrderedWrite): void {
    for (const byte of this.came.slice(arrived.offset, arrived.offset + arrived.length)) {
      byte.push(arrived);
    }
    const mustWait = [...this.inFlight, ...this.waiting].some((other) =>
      meet(this.blockBytes, arrived, other),
    );
    assert.equal(this.order.enter(arrived), !mustWait, 'waits for nobody, or not for somebody');
    if (mustWait) this.waiting.push(arrived);
    else this.#go(arrived);
  }

  end(pick: number): void {
    const [ended] = this.inFlight.splice(pick % (this.inFlight.length || 1), 1);
    if (ended === undefined) return;
    for (const next of this.order.leave(ended)) {
      assert(this.waiting.includes(next), 'let go twice, or never held');
      this.waiting.splice(this.waiting.indexOf(next), 1);
      this.#go(next);
    }
  }

  #go(next: OrderedWrite): void {
    const isAlone = !this.inFlight.some((other) => meet(this.blockBytes, next, other));
    assert(isAlone, 'two that meet in a block are in flight');
    this.inFlight.push(next);
    for (const byte of this.bytes.slice(next.offset, next.offset + next.length)) byte.push(next);
  }
}

describe('write order', () => {
  test.each([1, 4])(
    'blocks of %d bytes are written in the order of arrival, and every write goes',
    (blockBytes) => {
      fc.assert(
        fc.property(anyTurns, (turns) => {
          const legs = new Legs(blockBytes);
          for (const turn of turns) {
            if (typeof turn === 'number') legs.end(turn);
            else legs.arrive(turn);
          }
          while (legs.inFlight.length > 0) legs.end(0);
          assert.equal(legs.waiting.length, 0);
          assert.deepEqual(legs.bytes, legs.came);
        }),
        { numRuns: 400 },
      );
    },
  );

  test('a write waits for those it overlaps, not for those that they wait for', () => {
    const order = new WriteOrder<OrderedWrite>(1);
    const [a, b, c] = [write(0, 10), write(5, 10), write(12, 10)];
    expect([order.enter(a), order.enter(b), order.enter(c)]).toEqual([true, false, false]);
    expect(c.blockers).toBe(1);
    expect(order.leave(a)).toEqual([b]);
    expect(order.leave(b)).toEqual([c]);
    expect(order.leave(c)).toEqual([]);
  });

  test('two long writes that share many regions meet once', () => {
    const order = new WriteOrder<OrderedWrite>(1);
    const [a, b] = [write(0, 40), write(4, 36)];
    order.enter(a);
    order.enter(b);
    expect(b.blockers).toBe(1);
    expect(order.leave(a)).toEqual([b]);
  });

  test('a write that never came cannot leave', () => {
    expect(() => new WriteOrder<OrderedWrite>(1).leave(write(0, 1))).toThrow(InvariantBroken);
  });
});

test('writes far longer than there are drawers wait for each other once, and for no stranger', () => {
  const order = new WriteOrder<OrderedWrite>(1);
  const long = write(0, 5000 * REGION_BYTES);
  const stranger = write(6000 * REGION_BYTES, 3000 * REGION_BYTES);
  const inside = write(4000 * REGION_BYTES + 3, 1500 * REGION_BYTES);
  assert.equal(order.enter(long), true);
  assert.equal(order.enter(stranger), true);
  assert.equal(order.enter(inside), false);
  assert.deepEqual(order.leave(stranger), []);
  assert.deepEqual(order.leave(long), [inside]);
  assert.deepEqual(order.leave(inside), []);
  assert.equal(order.enter(write(0, 1)), true);
});
