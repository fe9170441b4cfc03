import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MapLayout } from '../../src/tui/map-layout.ts';
import { MapSlots } from '../../src/tui/map-slots.ts';
import { RegionPicture } from '../../src/watch/region-picture.ts';

test('every slot shows the worst state among its regions, whatever changed', () => {
  const run = fc.record({
    first: fc.nat(299),
    count: fc.integer({ min: 1, max: 60 }),
    state: fc.nat(4),
  });
  const part = fc.record({ first: fc.nat(100), count: fc.integer({ min: 1, max: 200 }) });
  fc.assert(
    fc.property(part, fc.array(run, { size: 'max', maxLength: 30 }), (window, runs) => {
      const picture = new RegionPicture(300);
      const slots = new MapSlots(new MapLayout(window, 7, 5, 'linear'), picture);
      slots.settle();
      for (const { first, count, state } of runs) {
        const states = [first, Math.min(count, 300 - first), state];
        picture.apply(
          { version: 1, regionCount: 300, states, writes: [], missing: [], differing: [] },
          1,
          slots,
        );
        slots.settle();
      }
      for (let slot = 0; slot < slots.layout.slotCount; slot += 1) {
        const own = picture.looks.slice(slots.layout.firstOf(slot), slots.layout.firstOf(slot + 1));
        assert.equal(slots.worst[slot], Math.max(...own));
      }
    }),
  );
});

test('writes make a slot hot, and quiet lets it cool until nothing is left', () => {
  const picture = new RegionPicture(4);
  const slots = new MapSlots(new MapLayout({ first: 0, count: 4 }, 4, 1, 'linear'), picture);
  slots.changed(2, 1, 20);
  slots.settle();
  expect([...slots.levels]).toEqual([0, 0, 3, 0]);
  for (let frame = 0; frame < 100; frame += 1) slots.settle();
  expect([...slots.levels]).toEqual([0, 0, 0, 0]);
});
