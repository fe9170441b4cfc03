import { expect, test } from 'vitest';
import { regionCount } from '../../src/geometry/units.ts';
import type { EngineView } from '../../src/metrics/engine-counters.ts';
import { addTo, carryOver, viewBytes, viewOf } from '../../src/metrics/engine-counters.ts';
import { EngineWatch } from '../../src/mirrord/engine-watch.ts';

function viewWith(states: readonly number[]): EngineView {
  const count = regionCount(states.length);
  const view = viewOf(new SharedArrayBuffer(viewBytes(count)), count);
  view.states.set(states);
  return view;
}

test('who watches over a change gets all of the new map, whatever it had heard before', () => {
  const before = viewWith([0, 1, 2]);
  const watch = new EngineWatch(before, 2);
  const { map: first } = watch.map(0);
  const next = watch.goneOver(viewWith([0, 0, 0, 2, 2]), 3);
  const { map } = next.map(first.version);
  expect(map).toMatchObject({ regionCount: 5, states: [0, 3, 0, 3, 2, 2] });
  expect(map.version).toBeGreaterThan(first.version);
  expect(next.map(map.version).map.states).toEqual([]);
  expect(next.counters().counters.legs).toHaveLength(3);
});

test('a first look tells no counts of writes, later ones what was written since', () => {
  const view = viewWith([0, 0, 0]);
  view.writes.set([9, 0, 0]);
  const watch = new EngineWatch(view, 2);
  const { map } = watch.map(0);
  expect(map.writes).toEqual([]);
  view.writes[1] = 4;
  const later = watch.goneOver(view, 2).map(map.version);
  expect(later.map.writes).toEqual([0, 1, 9, 1, 1, 4, 2, 1, 0]);
});

test('the counts go on, those of a leg wherever it is now', () => {
  const [before, after] = [viewWith([0, 0]), viewWith([0, 0, 0, 0])];
  addTo(before, 'writes', 7);
  before.writes[1] = 5;
  before.differing[0] = 1;
  const [legLength] = [before.legs.length / 9];
  before.legs[0] = 11;
  before.legs[legLength] = 22;
  carryOver(before, after, [null, 1]);
  expect([...after.counters]).toEqual([...before.counters]);
  expect([after.writes[1], after.differing[0]]).toEqual([5, 1]);
  expect([after.legs[0], after.legs[legLength]]).toEqual([0, 22]);
});
