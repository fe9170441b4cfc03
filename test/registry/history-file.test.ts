import { appendFileSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import type { HistoryRecord } from '../../src/forensics/log-history.ts';
import { regionCount, regionIndex } from '../../src/geometry/units.ts';
import {
  decodeBits,
  encodeBits,
  HistoryFile,
  readHistory,
} from '../../src/registry/history-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { historyPath } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { HOME } from './mirror-spec-example.ts';

let places: Places;
let file: string;
beforeEach(() => {
  const stateDir = path.join(scratchDirectory(), 'state');
  places = { stateDir, runtimeDir: path.join(stateDir, 'run') };
  file = historyPath(places, HOME.name);
});

function bitsOf(count: number, ...clean: number[]): RegionBitset {
  const bits = new RegionBitset(regionCount(count));
  for (const region of clean) bits.set(regionIndex(region));
  return bits;
}

function entry(minute: number, bits = bitsOf(128, 3, 64)): Omit<HistoryRecord, 'number'> {
  return {
    ...{ at: new Date(minute * 60_000).toISOString(), moment: 'running', mirror: HOME.uuid },
    ...{ session: 1, regionCount: bits.regionCount, regionSizeBytes: 4096 },
    ...{ cleanRegions: bits.count(), bits: encodeBits(bits) },
  };
}

const numbers = () => readHistory(places, HOME).records.map(({ number }) => number);

describe('the history of a mirror', () => {
  test('is empty before there is one', () => {
    expect(readHistory(places, HOME)).toEqual({ records: [], damagedLines: [] });
  });

  test('goes on with the next number after a restart', () => {
    new HistoryFile(places, HOME).append(entry(1));
    new HistoryFile(places, HOME).append(entry(2));
    expect(readHistory(places, HOME).records).toEqual([
      { number: 1, ...entry(1) },
      { number: 2, ...entry(2) },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('loses no new record to a line that a power cut has torn', () => {
    new HistoryFile(places, HOME).append(entry(1));
    appendFileSync(file, '{"number":2,"at":"20');
    new HistoryFile(places, HOME).append(entry(2));
    expect(readHistory(places, HOME)).toEqual({
      records: [
        { number: 1, ...entry(1) },
        { number: 2, ...entry(2) },
      ],
      damagedLines: [2],
    });
  });

  test('stays bounded in records and in bytes, whatever it is given', () => {
    const history = new HistoryFile(places, HOME);
    const noise = bitsOf(300_000);
    for (let minute = 1; minute <= 700; minute += 1) {
      if (minute % 50 === 0) {
        for (let at = minute; at < 300_000; at += 1 + ((at * 7919) % 5)) noise.set(regionIndex(at));
      }
      history.append(entry(minute, minute % 50 === 0 ? noise : undefined));
      expect(statSync(file).size).toBeLessThanOrEqual(1024 * 1024);
    }
    const kept = numbers();
    expect(kept.length).toBeLessThanOrEqual(256);
    expect(kept.length).toBeGreaterThan(100);
    expect([kept[0], kept.at(-1)]).toEqual([1, 700]);
  });

  test('that cannot be read is told', () => {
    mkdirSync(file, { recursive: true });
    expect(() => readHistory(places, HOME)).toThrow('cannot read');
  });
});

describe('the bits of a record', () => {
  const record = (changes: Partial<HistoryRecord>): HistoryRecord => ({
    number: 1,
    ...entry(1),
    ...changes,
  });

  test('come back as they were', () => {
    expect(decodeBits(record({}))?.bytes).toEqual(bitsOf(128, 3, 64).bytes);
  });

  test.each([
    { cleanRegions: 3 },
    { regionCount: 129 },
    { regionCount: 64 },
    { bits: 'AAAA' },
    { bits: null },
  ])('are not believed with %j', (change) => {
    expect(decodeBits(record(change))).toBe(null);
  });

  test('are not kept where they are too many', () => {
    const bits = bitsOf(4_000_000);
    let state = 1;
    for (let at = 0; at < 4_000_000; at += 1) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      if (state >>> 31 === 1) bits.set(regionIndex(at));
    }
    expect(encodeBits(bits)).toBe(null);
  });
});
