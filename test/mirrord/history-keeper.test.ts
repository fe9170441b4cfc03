/** When the history is written: at turns, not again and again, and while time passes only if bits change. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { encodeLog } from '../../src/dirty-log/disk-format.ts';
import { RegionBitset } from '../../src/dirty-log/region-bitset.ts';
import type { MirrorEvent } from '../../src/engine/effect.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { ActivationPlan } from '../../src/mirrord/activation-plan.ts';
import { HistoryKeeper } from '../../src/mirrord/history-keeper.ts';
import { readHistory } from '../../src/registry/history-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { historyPath } from '../../src/registry/places.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const MINUTE_MS = 60_000;
const DIRTY = 1;
const LEG_FAILED: MirrorEvent = { event: 'legFailed', leg: legIndex(1), fault: 'write' };

let places: Places;
let states: Uint8Array;
let warnings: string[];
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-11-22T16:00:00Z') });
  const stateDir = path.join(scratchDirectory(), 'state');
  places = { stateDir, runtimeDir: path.join(stateDir, 'run') };
  states = new Uint8Array(128);
  warnings = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function keeper(area: ActivationPlan['area'] = null): HistoryKeeper {
  const plan: ActivationPlan = {
    ...{ geometry: RegionGeometry.of(HOME.sizeBytes, HOME.regionSizeBytes), primary: legIndex(0) },
    ...{ sourcePath: '/data/a.img', session: 4, copyRegions: 0, copyBytes: 0, reason: '' },
    ...{ area, syncIntent: null, blank: [] },
  };
  const request = {
    ...{
      places,
      name: 'home',
      listen: [],
      readOnly: null,
      degraded: 'auto' as const,
      source: null,
    },
    ...{ hooks: [], logIntent: null, confirmed: false },
    io: { backend: 'fs', direct: false, timeoutMs: 1, comparesCopies: false, faults: [] },
  } as const;
  return new HistoryKeeper({ request, spec: HOME, plan }, states, (words) => warnings.push(words));
}

function areaOf(bytes: Uint8Array): ActivationPlan['area'] {
  const rest = { syncIntent: null, logIntent: null, remembered: null };
  return { path: '/data/home.log', bytes, blockBytes: byteCount(512), ...rest };
}

const written = () =>
  readHistory(places, HOME).records.map(({ moment, cleanRegions }) => [moment, cleanRegions]);

test('what was found is kept besides what was made of it', () => {
  const found = encodeLog(new RegionBitset(regionCount(64)), byteCount(512));
  keeper(areaOf(found)).begin();
  expect(written()).toEqual([
    ['found', 0],
    ['resumed', 128],
  ]);
  expect(readHistory(places, HOME).records[0]).toMatchObject({ regionCount: 64, session: 4 });
});

const LARGE = encodeLog(new RegionBitset(regionCount(20_000)), byteCount(512));

test.each([new Uint8Array(1536), new Uint8Array(4), LARGE.subarray(0, 1536)])(
  'what is no log, or cut off, is not (%#)',
  (bytes) => {
    keeper(areaOf(bytes)).begin();
    expect(written()).toEqual([['resumed', 128]]);
  },
);

test('time alone writes nothing; time and bits that changed do', () => {
  const history = keeper();
  history.begin();
  vi.advanceTimersByTime(20 * MINUTE_MS);
  expect(written()).toEqual([['resumed', 128]]);
  states[5] = DIRTY;
  vi.advanceTimersByTime(20 * MINUTE_MS);
  expect(written()).toEqual([
    ['resumed', 128],
    ['running', 127],
  ]);
});

test('a turn is written at once, but not again as long as it goes on', () => {
  const history = keeper();
  history.begin();
  for (let second = 0; second < 9; second += 1) {
    history.heard(LEG_FAILED);
    vi.advanceTimersByTime(1_000);
  }
  expect(written().slice(1)).toEqual([['leg-failed', 128]]);
  vi.advanceTimersByTime(2_000);
  states.fill(DIRTY, 0, 8);
  history.heard(LEG_FAILED);
  history.heard({ event: 'inSync' });
  expect(written().slice(2)).toEqual([
    ['leg-failed', 120],
    ['in-sync', 120],
  ]);
});

test('nothing is written before the log is resumed, nor after the end', () => {
  const history = keeper();
  history.heard(LEG_FAILED);
  history.end();
  expect(written()).toEqual([]);
  history.begin();
  history.end();
  history.end();
  states[5] = DIRTY;
  vi.advanceTimersByTime(20 * MINUTE_MS);
  history.heard(LEG_FAILED);
  expect(written()).toEqual([
    ['resumed', 128],
    ['stopped', 128],
  ]);
});

test('what cannot be written is told once', () => {
  places = { ...places, stateDir: path.join(scratchDirectory(), 'no') };
  writeFileSync(places.stateDir, '');
  const history = keeper();
  history.begin();
  history.heard(LEG_FAILED);
  history.end();
  expect(warnings).toEqual([expect.stringContaining('no longer kept')]);
  expect(() => readHistory(places, HOME)).toThrow(historyPath(places, 'home'));
});
