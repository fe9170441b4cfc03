/**
 * What every dirty log owes, whatever keeps its bits. A new kind of log joins `KINDS` and passes,
 * or is not done.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CoreLog } from '../../src/dirty-log/core-log.ts';
import type { DirtyLog } from '../../src/dirty-log/dirty-log.ts';
import { cleanBitsIn, decodeLogHeader } from '../../src/dirty-log/disk-format.ts';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionIndex } from '../../src/geometry/units.ts';

const REGIONS = 70;
const REGION_BYTES = byteCount(4096);

function newDiskLog(syncIntent: 'nosync' | null): DirtyLog {
  const resumed = DiskLog.resume({
    path: 'm0.log',
    bytes: new Uint8Array(1536),
    blockBytes: byteCount(512),
    geometry: RegionGeometry.of(byteCount(REGIONS * REGION_BYTES), REGION_BYTES),
    syncIntent,
    logIntent: null,
    remembered: null,
  });
  assert(resumed.ok);
  return resumed.value.log;
}

const KINDS: readonly [string, (syncIntent: 'nosync' | null) => DirtyLog][] = [
  ['disk', newDiskLog],
  ['core', (syncIntent) => new CoreLog(newDiskLog(null).regionCount, syncIntent)],
];

/** Writes until nothing is owed. */
function settle(log: DirtyLog): void {
  for (let write = log.takeWrite(); write !== null; write = log.takeWrite()) log.writeEnded(true);
}

describe.each(KINDS)('a %s log', (type, newLog) => {
  const at = regionIndex;

  test('knows its kind and its size', () => {
    expect(newLog(null)).toMatchObject({ type, regionCount: REGIONS });
  });

  test('starts dirty, or clean when the legs are said to be equal', () => {
    expect(newLog(null).cleanCount()).toBe(0);
    expect(newLog('nosync').cleanCount()).toBe(REGIONS);
  });

  test('never clears a region that is not in sync', () => {
    const log = newLog(null);
    log.clear(at(3), false);
    expect(log.isClean(at(3))).toBe(false);
    log.clear(at(3), true);
    expect(log.isClean(at(3))).toBe(true);
  });

  test('keeps marks as a set: two marks and one clear leave a region clean', () => {
    const log = newLog('nosync');
    log.mark(at(9));
    log.mark(at(9));
    log.clear(at(9), true);
    expect(log.isClean(at(9))).toBe(true);
    expect(log.cleanCount()).toBe(REGIONS);
  });

  test('owes nothing once everything was written', () => {
    const log = newLog('nosync');
    log.mark(at(0));
    settle(log);
    expect(log.owes()).toBe('nothing');
    expect(log.takeWrite()).toBe(null);
  });

  test('has every mark on disk once everything was written', () => {
    const log = newLog('nosync');
    const epoch = log.mark(at(REGIONS - 1));
    settle(log);
    expect(epoch).toBeLessThanOrEqual(log.durableEpoch);
    expect(log.mark(at(REGIONS - 1))).toBeLessThanOrEqual(log.durableEpoch);
  });

  test('gives away a copy of all it says, which does not change with it', () => {
    const log = newLog('nosync');
    log.mark(at(9));
    settle(log);
    const copy = log.copy();
    log.mark(at(10));
    settle(log);
    expect(decodeLogHeader(copy)).toEqual({ magic: 0x4d695272, version: 2, regionCount: 70n });
    expect([...cleanBitsIn(copy, log.regionCount).runs()]).toEqual([
      { first: 0, count: 9, set: true },
      { first: 9, count: 1, set: false },
      { first: 10, count: REGIONS - 10, set: true },
    ]);
  });
});

/** Each step of the property, on the log and on a plain set of marked regions. */
const VERBS: Readonly<Record<string, (log: DirtyLog, marked: Set<number>, at: number) => void>> = {
  mark: (log, marked, at) => {
    log.mark(regionIndex(at));
    marked.add(at);
  },
  clear: (log, marked, at) => {
    log.clear(regionIndex(at), true);
    marked.delete(at);
  },
  clearOutOfSync: (log, _marked, at) => log.clear(regionIndex(at), false),
  settle: (log) => settle(log),
};
const anyStep = fc.record({
  verb: fc.constantFrom(...Object.values(VERBS)),
  region: fc.nat(REGIONS - 1),
});

test.each(KINDS)('a %s log agrees with a set of marked regions', (_, newLog) => {
  fc.assert(
    fc.property(fc.array(anyStep, { size: 'max', maxLength: 60 }), (steps) => {
      const log = newLog('nosync');
      const marked = new Set<number>();
      for (const { verb, region } of steps) {
        verb(log, marked, region);
        assert.equal(log.isClean(regionIndex(region)), !marked.has(region));
        assert.equal(log.cleanCount(), REGIONS - marked.size);
      }
    }),
  );
});

test('ending a write that a core log never had is a bug in the caller', () => {
  expect(() => newLogOfKind('core').writeEnded(true)).toThrow('no write');
  expect(() => newLogOfKind('disk').writeEnded(true)).toThrow('no log write');
});

function newLogOfKind(kind: string): DirtyLog {
  const found = KINDS.find(([name]) => name === kind);
  assert(found);
  return found[1](null);
}
