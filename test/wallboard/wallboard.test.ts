import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planWallboard } from '../../src/wallboard/wallboard-plan.ts';
import {
  eventLines,
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
  expect(legLines({ ...RUNNING, legs: [first, failed] }, 80).split('\n')).toEqual([
    '* /data/a.img  {green-fg}alive{/}',
    '  /data/b.img  {red-fg}write-failed{/}  3 errors',
  ]);
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
  expect(eventLines([event], 5)).toBe('10:11:12 {red-fg}leg (red-fg){/}');
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
