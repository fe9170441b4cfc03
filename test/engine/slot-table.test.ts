/** Small numbers for things in flight. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SlotTable } from '../../src/engine/slot-table.ts';
import { InvariantBroken } from '../../src/errors/invariant.ts';

/** Turns in which something is put, or something that is in flight is taken. */
class Turns {
  readonly slots = new SlotTable<string>();
  readonly inFlight = new Map<number, string>();
  most = 0;

  put(thing: string): void {
    const slot = this.slots.put(thing);
    assert(!this.inFlight.has(slot));
    this.inFlight.set(slot, thing);
    this.most = Math.max(this.most, this.inFlight.size);
  }

  take(pick: number): void {
    const slot = [...this.inFlight.keys()][pick % (this.inFlight.size || 1)];
    if (slot === undefined) return;
    assert.equal(this.slots.take(slot), this.inFlight.get(slot));
    this.inFlight.delete(slot);
  }

  compare(): void {
    assert.equal(this.slots.count, this.inFlight.size);
    for (const [slot, thing] of this.inFlight) assert.equal(this.slots.at(slot), thing);
    assert([...this.inFlight.keys()].every((slot) => slot < this.most));
  }
}

describe('a slot table', () => {
  test('gives no number twice, forgets what was taken, and grows to what is in flight at most', () => {
    const anyTurns = fc.array(fc.option(fc.nat(20), { nil: null }), { maxLength: 80, size: 'max' });
    fc.assert(
      fc.property(anyTurns, (turns) => {
        const model = new Turns();
        for (const [turn, pick] of turns.entries()) {
          if (pick === null) model.put(`thing ${turn}`);
          else model.take(pick);
          model.compare();
        }
      }),
    );
  });

  test('has nothing under a number that was never given, or was given back', () => {
    const slots = new SlotTable<string>();
    expect(() => slots.at(0)).toThrow(InvariantBroken);
    slots.take(slots.put('thing'));
    expect(() => slots.take(0)).toThrow(InvariantBroken);
  });
});
