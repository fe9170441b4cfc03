import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withoutColours } from '../../src/wallboard/plain-output.ts';
import { planWallboard } from '../../src/wallboard/wallboard-plan.ts';
import {
  eventLines,
  legendLine,
  legLines,
  regionLines,
  summaryLine,
} from '../../src/wallboard/wallboard-text.ts';
import { RegionPicture } from '../../src/watch/region-picture.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';

test('at every size the places cover the screen once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60, max: 300 }),
      fc.integer({ min: 20, max: 120 }),
      (columns, rows) => {
        const covered = new Uint8Array(columns * rows);
        for (const { left, top, width, height } of Object.values(planWallboard(columns, rows))) {
          for (let y = top; y < top + height; y += 1) {
            for (let x = left; x < left + width; x += 1) {
              assert.ok(x < columns && y < rows);
              covered[y * columns + x] = (covered[y * columns + x] ?? 0) + 1;
            }
          }
        }
        assert.ok(covered.every((times) => times === 1));
      },
    ),
    { numRuns: 30 },
  );
});

test('one bad region among many shows in the small map', () => {
  const picture = new RegionPicture(1000);
  const watcher = { changed: () => {} };
  const map = {
    version: 1,
    regionCount: 1000,
    states: [500, 1, 2],
    writes: [],
    missing: [],
    differing: [],
  };
  picture.apply(map, 1, watcher);
  const lines = regionLines(picture, 10, 2).split('\n');
  expect(lines).toEqual([
    '{/}{green-fg}██████████{/}',
    '{/}{magenta-fg}▓{/}{green-fg}█████████{/}',
  ]);
});

test('a leg that failed is red and says how often', () => {
  const [first, second] = RUNNING.legs;
  assert.ok(first && second);
  const failed = { ...second, letter: 'D', state: 'write-failed', writeErrors: 3 } as const;
  expect(legLines({ ...RUNNING, legs: [first, failed] }, [], 80).split('\n')).toEqual([
    '* /data/a.img  {green-fg}alive{/}',
    '  /data/b.img  {red-fg}write-failed{/}  3 errors',
  ]);
});

test('a leg says what it is asked for, and its queue is a bar that ends somewhere', () => {
  const load = { readBytesPerSecond: 1024, writeBytesPerSecond: 0, operationsPerSecond: 1 };
  const sample = { ...load, p50Micros: 100, p99Micros: 2100, inFlight: 1000 };
  expect(legLines(RUNNING, [sample], 80).split('\n')[1]).toBe(
    `  r 1 KiB/s  w 0 bytes/s  p99 2.1 ms  queue {cyan-fg}${'▇'.repeat(12)}{/} 1,000`,
  );
});

test('what a leg is asked for never goes on in the next line', () => {
  const load = { readBytesPerSecond: 123_456_789, writeBytesPerSecond: 123_456_789 };
  const sample = { ...load, operationsPerSecond: 1, p50Micros: 1, p99Micros: 21_000, inFlight: 7 };
  for (let width = 20; width < 90; width += 1) {
    const line = legLines(RUNNING, [sample], width).split('\n')[1] ?? '';
    expect(line.replaceAll(/[{][^}]*[}]/g, '').length).toBeLessThanOrEqual(width);
    expect(line).toContain('queue');
  }
});

test('the legend names what there is, as far as there is room', () => {
  const picture = new RegionPicture(1000);
  const runs = { states: [500, 1, 2, 501, 9, 1], writes: [], missing: [], differing: [] };
  picture.apply({ version: 1, regionCount: 1000, ...runs }, 1, { changed: () => {} });
  expect(legendLine(picture, 80)).toBe(
    '{green-fg}█{/} clean 990  {yellow-fg}▒{/} dirty 9  {magenta-fg}▓{/} not in sync 1  ',
  );
  expect(legendLine(picture, 30)).toBe('{green-fg}█{/} clean 990  {yellow-fg}▒{/} dirty 9  ');
});

test('without colours, what else is said of the letters stays', () => {
  const sequences = [
    '1;31',
    '38;5;7;1',
    '48;2;1;38;5',
    '0',
    '',
    '97',
    '7;100',
    '38;2;5;6;7;48;5;9',
  ];
  const dressed = sequences.map((words) => `\u001b[${words}mx`).join('');
  const kept = ['1', '1', null, '0', '', null, '7', null];
  const plain = kept.map((words) => (words === null ? 'x' : `\u001b[${words}mx`)).join('');
  expect(withoutColours(dressed)).toBe(plain);
  expect(withoutColours('\u001b[2J\u001b[5;31H')).toBe('\u001b[2J\u001b[5;31H');
});

test('braces in what happened are no colour tags', () => {
  const event = {
    number: 1,
    at: '2026-11-22T10:11:12Z',
    kind: 'bad',
    event: 'leg-failed',
    text: 'leg {red-fg}',
    fields: {},
  } as const;
  expect(eventLines([event], 40, 5)).toBe('10:11:12 {red-fg}leg (red-fg){/}');
  expect(eventLines([event], 12, 5)).toBe('10:11:12 {red-fg}leg{/}');
});

test('the last line says health, progress and trouble', () => {
  const recovery = {
    ...RUNNING.recovery,
    active: true,
    doneRegions: 64,
    bytesPerSecond: 1048576,
    etaSeconds: 32,
  };
  const line = summaryLine({ ...RUNNING, health: 'degraded', recovery });
  expect(line).toContain('DEGRADED{/bold}{/}  50.0 %, 1 MiB/s, 0:00:32 to go');
});
