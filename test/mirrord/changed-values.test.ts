import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangedValues } from '../../src/mirrord/changed-values.ts';

test('who has heard nothing hears everything, in as few runs as there are', () => {
  const changes = new ChangedValues(Uint8Array.from([1, 1, 1, 2, 2, 0]));
  changes.refresh(2);
  expect(changes.changedSince(0)).toEqual([0, 3, 1, 3, 2, 2, 5, 1, 0]);
});

test('who has heard of the last look hears only what is newer', () => {
  const live = new Uint8Array(200);
  const changes = new ChangedValues(live);
  changes.refresh(2);
  live[130] = 3;
  changes.refresh(3);
  expect(changes.changedSince(2)).toEqual([130, 1, 3]);
  expect(changes.changedSince(3)).toEqual([]);
  live[131] = 1;
  changes.refresh(4);
  expect(changes.changedSince(3)).toEqual([131, 1, 1]);
});

test.each([
  ['bytes', (length: number) => new Uint8Array(length)],
  ['masks of legs', (length: number) => new Uint16Array(length)],
])('every watcher ends with the live %s, whenever and however often it asked', (_, numbers) => {
  const step = fc.oneof(
    fc.record({ at: fc.nat(150), value: fc.constantFrom(0, 1, 2, 255) }),
    fc.record({ asks: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step, { size: 'max', maxLength: 80 }), (steps) => {
      const live = numbers(151);
      const changes = new ChangedValues(live);
      const watchers = [0, 1, 2].map(() => ({ since: 0, copy: numbers(151).fill(9) }));
      let version = 1;
      for (const told of [...steps, { asks: 0 }, { asks: 1 }, { asks: 2 }]) {
        if ('at' in told) {
          live[told.at] = told.value;
          continue;
        }
        const watcher = watchers[told.asks];
        assert.ok(watcher);
        version += 1;
        changes.refresh(version);
        const runs = changes.changedSince(watcher.since);
        for (let place = 0; place < runs.length; place += 3) {
          const [first = 0, count = 0, value = 0] = runs.slice(place, place + 3);
          watcher.copy.fill(value, first, first + count);
        }
        watcher.since = version;
        assert.deepEqual(watcher.copy, live);
      }
    }),
    { numRuns: 200 },
  );
});
