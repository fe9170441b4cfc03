/** Scanning legs, against reading them whole. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScanRange } from '../../src/devices/leg-scan.ts';
import { STRETCH_BYTES, scanLegs } from '../../src/devices/leg-scan.ts';

const SIZE = 3 * STRETCH_BYTES + 4096;
let folder = '';
let open: number[] = [];

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leg-scan-'));
});
afterAll(() => {
  for (const fd of open) fs.closeSync(fd);
  open = [];
  fs.rmSync(folder, { recursive: true });
});

/** A sparse leg of `SIZE` bytes after `offsetBytes`, with some bytes in it. */
function legWith(bytes: Readonly<Record<number, number>>, offsetBytes = 0, size = SIZE) {
  const fd = fs.openSync(path.join(folder, `leg${open.length}`), 'w+');
  open.push(fd);
  fs.ftruncateSync(fd, offsetBytes + size);
  for (const [at, value] of Object.entries(bytes)) {
    fs.writeSync(fd, Uint8Array.of(value), 0, 1, offsetBytes + Number(at));
  }
  return { fd, offsetBytes };
}

function placesUnlike(one: Uint8Array, other: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) places.push(at);
  return places;
}

async function scan(
  legs: readonly { fd: number; offsetBytes: number }[],
  ranges: readonly ScanRange[] = [{ start: 0, end: SIZE }],
) {
  const told: { offset: number; length: number; differing: number[]; failure: string }[] = [];
  for await (const { offset, length, contents, failure } of scanLegs(legs, ranges)) {
    const differing = (contents ?? []).flatMap((leg) => placesUnlike(leg, contents?.[0] ?? leg));
    told.push({
      offset,
      length,
      differing: differing.map((at) => offset + at),
      failure: failure === null ? '' : `leg ${failure.leg}`,
    });
  }
  return told;
}

test('stretches cover the range once and in order', async () => {
  const told = await scan([legWith({ 5: 1 }), legWith({ 5: 1, [SIZE - 1]: 9 })]);
  let end = 0;
  for (const { offset, length } of told) {
    expect(offset).toBe(end);
    end += length;
  }
  expect(end).toBe(SIZE);
});

test('every byte that differs is seen, at the ends of stretches too', async () => {
  const places = [0, STRETCH_BYTES - 1, STRETCH_BYTES, 2 * STRETCH_BYTES + 77, SIZE - 1];
  const one = legWith(Object.fromEntries(places.map((at) => [at, 1])));
  const other = legWith({ [STRETCH_BYTES + 9]: 0 });
  const told = await scan([one, other]);
  expect(told.flatMap(({ differing }) => differing)).toEqual(places);
});

test('legs may begin at different places', async () => {
  const told = await scan([legWith({ 9: 1 }), legWith({ 9: 1 }, 4096), legWith({ 9: 2 }, 512)]);
  expect(told.flatMap(({ differing }) => differing)).toEqual([9]);
});

test('what is a hole on every leg is not read', async () => {
  const told = await scan([legWith({}), legWith({})]);
  expect(told).toEqual([{ offset: 0, length: SIZE, differing: [], failure: '' }]);
});

test('only the ranges asked for are looked at', async () => {
  const legs = [legWith({ 5: 1, 5000: 1 }), legWith({ 9000: 1 })];
  const ranges = [
    { start: 4096, end: 8192 },
    { start: 12288, end: SIZE },
  ];
  const told = await scan(legs, ranges);
  expect(told.flatMap(({ differing }) => differing)).toEqual([5000]);
  expect(told.reduce((sum, { length }) => sum + length, 0)).toBe(4096 + SIZE - 12288);
});

test('nothing asked for, nothing told', async () => {
  expect(await scan([legWith({}), legWith({})], [])).toEqual([]);
});

describe('a leg that cannot be read', () => {
  test('is named, and the rest is compared', async () => {
    const short = legWith({ 3: 1 }, 0, STRETCH_BYTES);
    const whole = legWith({ 4: 1, [2 * STRETCH_BYTES]: 1 });
    const told = await scan([whole, short]);
    expect(told[0]).toMatchObject({ differing: [3, 4], failure: '' });
    expect(told.slice(1).some(({ failure }) => failure === 'leg 1')).toBe(true);
  });
});
