import { expect, test } from 'vitest';
import { LossDiary } from '../../src/engine/loss-diary.ts';
import { legIndex, regionIndex } from '../../src/geometry/units.ts';
import { maskOf } from '../../src/region/leg-content.ts';

const LEG_1 = maskOf(legIndex(1));
const LEG_2 = maskOf(legIndex(2));

test('the latest loss of a region counts', () => {
  const diary = new LossDiary();
  for (const region of [4, 5, 6]) diary.note(regionIndex(region), LEG_1, 10);
  diary.note(regionIndex(5), LEG_2, 20);
  expect(diary.latest(regionIndex(4))).toMatchObject({ first: 4, last: 6, legs: LEG_1, at: 10 });
  expect(diary.latest(regionIndex(5))).toMatchObject({ legs: LEG_2, at: 20 });
  expect(diary.latest(regionIndex(7))).toBe(null);
});

test('very many losses are not all remembered', () => {
  const diary = new LossDiary();
  for (let region = 0; region < 20_000; region += 2) diary.note(regionIndex(region), LEG_1, region);
  expect(diary.latest(regionIndex(0))).toBe(null);
  expect(diary.latest(regionIndex(19_998))?.at).toBe(19_998);
});
