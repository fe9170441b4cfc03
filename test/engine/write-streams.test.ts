import { expect, test } from 'vitest';
import { regionsMarkedAhead, WriteStreams } from '../../src/engine/write-streams.ts';

const MIB = 2 ** 20;

test('a write goes on where one of the last eight streams ended, each for itself', () => {
  const streams = new WriteStreams();
  const starts = [0, 1, 2, 3, 4, 5, 6, 7].map((stream) => stream * MIB);
  expect(starts.map((start) => streams.goesOn(start, 10))).not.toContain(true);
  expect(starts.map((start) => streams.goesOn(start + 10, 10))).not.toContain(false);
  expect(starts.map((start) => streams.goesOn(start + 20, 10))).not.toContain(false);
});

test('the oldest stream is forgotten when a ninth begins', () => {
  const streams = new WriteStreams();
  for (let stream = 0; stream <= 8; stream += 1) streams.goesOn(stream * MIB, 10);
  expect(streams.goesOn(10, 10)).toBe(false);
  expect(streams.goesOn(8 * MIB + 10, 10)).toBe(true);
});

test('the first write of a mirror goes on from nowhere', () => {
  expect(new WriteStreams().goesOn(0, 10)).toBe(false);
});

test('seven regions are marked ahead, fewer when they are large', () => {
  expect([4096, 2 * MIB, 4 * MIB, 16 * MIB, 64 * MIB].map(regionsMarkedAhead)).toEqual([
    7, 7, 4, 1, 0,
  ]);
});
