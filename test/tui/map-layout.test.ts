import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hilbertOrder } from '../../src/tui/hilbert-order.ts';
import { MapLayout, NO_SLOT } from '../../src/tui/map-layout.ts';
import { panned, zoomed } from '../../src/tui/view-window.ts';

const layoutOf = fc
  .record({
    first: fc.nat(1000),
    count: fc.integer({ min: 1, max: 5000 }),
    width: fc.integer({ min: 1, max: 60 }),
    height: fc.integer({ min: 1, max: 40 }),
    order: fc.constantFrom('linear' as const, 'hilbert' as const),
  })
  .map(
    ({ first, count, width, height, order }) =>
      new MapLayout({ first, count }, width, height, order),
  );

test('every region of the window is in exactly one slot, and every slot on the screen', () => {
  fc.assert(
    fc.property(layoutOf, (layout) => {
      const { first, count } = layout.window;
      assert.equal(layout.firstOf(0), first);
      assert.equal(layout.firstOf(layout.slotCount), first + count);
      for (let slot = 0; slot < layout.slotCount; slot += 1) {
        assert.ok(layout.firstOf(slot + 1) > layout.firstOf(slot));
        assert.equal(layout.slotOf(layout.firstOf(slot)), slot);
        assert.equal(layout.slotOf(layout.firstOf(slot + 1) - 1), slot);
      }
      const shown = new Set(layout.slotAtDot);
      shown.delete(NO_SLOT);
      assert.equal(shown.size, layout.slotCount);
    }),
  );
});

test('a region outside the window is in no slot', () => {
  const layout = new MapLayout({ first: 10, count: 5 }, 4, 4, 'linear');
  expect([9, 15].map((region) => layout.slotOf(region))).toEqual([NO_SLOT, NO_SLOT]);
});

test('a few regions become tiles with gaps between them', () => {
  const { slotAtDot } = new MapLayout({ first: 0, count: 4 }, 8, 8, 'linear');
  const rows = Array.from({ length: 8 }, (_, row) =>
    [...slotAtDot.slice(row * 8, row * 8 + 8)].map((slot) => (slot < 0 ? '.' : slot)).join(''),
  );
  expect(rows).toEqual([
    ...['000.111.', '000.111.', '000.111.', '........'],
    ...['222.333.', '222.333.', '222.333.', '........'],
  ]);
});

test('a Hilbert curve meets every cell once, and its steps go to a neighbour', () => {
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(size, size, (width, height) => {
      const order = hilbertOrder(width, height);
      assert.equal(new Set(order).size, width * height);
      let diagonal = 0;
      for (let step = 1; step < order.length; step += 1) {
        const [from = 0, to = 0] = [order[step - 1], order[step]];
        const across = Math.abs((from % width) - (to % width));
        const down = Math.abs(Math.floor(from / width) - Math.floor(to / width));
        assert.ok(Math.max(across, down) === 1);
        if (across + down > 1) diagonal += 1;
      }
      assert.ok(diagonal <= 1);
    }),
  );
});

test('zooming and moving never leave the mirror, and zooming keeps the region in sight', () => {
  const step = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    by: fc.constantFrom(0.25, 0.5, 2, 4),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1e6 }),
      fc.array(step, { size: 'max', maxLength: 20 }),
      (regions, steps) => {
        let window = { first: 0, count: regions };
        for (const { at, by } of steps) {
          const region = Math.floor(window.first + at * window.count);
          window = zoomed(window, regions, region, by);
          assert.ok(
            window.first >= 0 && window.first + window.count <= regions && window.count > 0,
          );
          assert.ok(region >= window.first - 1 && region <= window.first + window.count);
          window = panned(window, regions, at - 0.5);
          assert.ok(window.first >= 0 && window.first + window.count <= regions);
        }
      },
    ),
  );
});
