import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { HistoryMoment, HistoryRecord } from '../../src/forensics/log-history.ts';
import {
  HISTORY_MOMENTS,
  parseHistory,
  recordAt,
  thinned,
} from '../../src/forensics/log-history.ts';

const MIRROR = '01234567-89ab-cdef-0123-456789abcdef';

function record(number: number, changes: Partial<HistoryRecord> = {}): HistoryRecord {
  return {
    number,
    at: new Date(1_000_000_000_000 + number * 60_000).toISOString(),
    moment: 'running',
    mirror: MIRROR,
    session: 1,
    regionCount: 8,
    regionSizeBytes: 4096,
    cleanRegions: 8,
    bits: 'Y/gPAA==',
    ...changes,
  };
}

const lines = (...records: readonly unknown[]) =>
  records.map((one) => `${JSON.stringify(one)}\n`).join('');
const numbersIn = (source: string) =>
  parseHistory(source, MIRROR).records.map(({ number }) => number);

describe('a history', () => {
  test('is read as it was written', () => {
    expect(parseHistory(lines(record(1), record(5)), MIRROR)).toEqual({
      records: [record(1), record(5)],
      damagedLines: [],
    });
    expect(parseHistory('', MIRROR)).toEqual({ records: [], damagedLines: [] });
  });

  test('keeps what is left when lines are damaged, and says which', () => {
    const text = `${lines(record(1))}{"number":2,"at\n\n${lines(record(3), 7, record(3), record(4))}`;
    expect(parseHistory(text, MIRROR).damagedLines).toEqual([2, 5, 6]);
    expect(numbersIn(text)).toEqual([1, 3, 4]);
  });

  test.each([
    { at: 'yesterday' },
    { moment: 'lunch' as HistoryMoment },
    { cleanRegions: 9 },
    { bits: '<svg>' },
    { regionCount: -1 },
  ])('leaves out a record with %j', (change) => {
    expect(parseHistory(lines(record(1, change)), MIRROR)).toEqual({
      records: [],
      damagedLines: [1],
    });
  });

  test('is that of this mirror, not of an earlier one of the same name', () => {
    const text = lines(record(9, { mirror: 'another' }), record(1));
    expect(parseHistory(text, MIRROR)).toMatchObject({ damagedLines: [] });
    expect(numbersIn(text)).toEqual([1]);
  });

  test('says what was the last record up to a moment', () => {
    const records = [record(1), record(2), record(3)];
    const at = (time: string) => recordAt(records, time)?.number ?? null;
    expect(at(record(2).at)).toBe(2);
    expect(at(new Date(Date.parse(record(3).at) - 1).toISOString())).toBe(2);
    expect(at('2040-01-01T00:00:00.000Z')).toBe(3);
    expect(at('1990-01-01T00:00:00.000Z')).toBe(null);
  });
});

const anyLines = fc
  .array(
    fc.record({
      gapMs: fc.nat(1_000_000),
      moment: fc.constantFrom(...HISTORY_MOMENTS),
      bytes: fc.integer({ min: 1, max: 500 }),
    }),
    { size: 'max', maxLength: 60 },
  )
  .map((gaps) => {
    let atMs = 0;
    return gaps.map(({ gapMs, ...rest }) => {
      atMs += gapMs;
      return { atMs, ...rest };
    });
  });

describe('thinning out', () => {
  test('keeps within the bounds, in order, with the first and the last', () => {
    fc.assert(
      fc.property(anyLines, (all) => {
        const kept = thinned(all, { records: 20, bytes: 4_000 });
        const bytes = kept.reduce((sum, line) => sum + line.bytes, 0);
        assert(kept.length <= 2 || (kept.length <= 20 && bytes <= 4_000));
        assert.deepEqual(
          kept,
          all.filter((line) => kept.includes(line)),
        );
        assert.equal(kept[0], all[0]);
        assert.equal(kept.at(-1), all.at(-1));
        const lostEvent = all.some((line) => line.moment !== 'running' && !kept.includes(line));
        const keptTick = kept.slice(1, -1).some(({ moment }) => moment === 'running');
        assert(!(lostEvent && keptTick), 'an event went before a tick');
      }),
    );
  });

  test('leaves alone what is within the bounds', () => {
    const all = [1, 2, 3].map((atMs) => ({ atMs, moment: 'running' as const, bytes: 10 }));
    expect(thinned(all, { records: 3, bytes: 30 })).toEqual(all);
    expect(thinned(all, { records: 3, bytes: 29 })).toHaveLength(2);
  });

  test('gets coarser towards the past', () => {
    const hour = (atMs: number) => ({ atMs, moment: 'running' as const, bytes: 1 });
    let kept: readonly { atMs: number; moment: 'running'; bytes: number }[] = [];
    for (let at = 0; at < 2_000; at += 1) {
      kept = thinned([...kept, hour(at)], { records: 30, bytes: 1e9 });
    }
    const gaps = kept.slice(1).map(({ atMs }, index) => atMs - (kept[index]?.atMs ?? 0));
    expect(Math.max(...gaps.slice(-8))).toBeLessThanOrEqual(4);
    expect(Math.min(...gaps.slice(0, 8))).toBeGreaterThan(Math.max(...gaps.slice(-8)));
  });
});
