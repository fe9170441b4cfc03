/**
 * The shapes of what a watcher hears: map, counters, events. The map comes ten times a second and may
 * be long, so its runs are checked in one pass instead of item by item.
 */
import { LEG_COUNT_MAX } from '../geometry/units.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  amount,
  converted,
  count,
  JsonFault,
  listOf,
  object,
  oneOf,
  text,
} from '../json/json-shape.ts';
import { REGION_STATES } from '../region/region-state.ts';
import type {
  CounterReading,
  EngineEvent,
  LegReading,
  MapChanges,
  ValueRuns,
} from './control-request.ts';
import { EVENT_KINDS } from './control-request.ts';
import type { EventFields } from './event-names.ts';
import { EVENT_NAMES } from './event-names.ts';

const REGIONS_MAX = 2 ** 32;

const valueRuns: Reader<ValueRuns> = (value, at) => {
  if (!Array.isArray(value) || value.length % 3 !== 0) {
    throw new JsonFault(at, 'must be runs of three numbers each');
  }
  for (let place = 0; place < value.length; place += 1) {
    const number = value[place];
    if (Number.isInteger(number) && number >= 0 && number < REGIONS_MAX) continue;
    throw new JsonFault(`${at}[${place}]`, 'is no region, count or value');
  }
  return value;
};

/** Runs in order, within the regions, with values below `values`. */
function checkRuns(runs: ValueRuns, regions: number, values: number, at: string): void {
  let next = 0;
  for (let place = 0; place < runs.length; place += 3) {
    const first = runs[place] ?? 0;
    const length = runs[place + 1] ?? 0;
    const value = runs[place + 2] ?? 0;
    if (first < next || length === 0 || first + length > regions || value >= values) {
      throw new JsonFault(`${at}[${place}]`, `is no run of ${regions} regions`);
    }
    next = first + length;
  }
}

export const mapChanges: Reader<MapChanges> = converted(
  object<MapChanges>(
    {
      version: count,
      regionCount: count,
      states: valueRuns,
      writes: valueRuns,
      missing: valueRuns,
      differing: valueRuns,
    },
    'ignore',
  ),
  (map, at) => {
    checkRuns(map.states, map.regionCount, REGION_STATES.length, `${at}.states`);
    checkRuns(map.writes, map.regionCount, 256, `${at}.writes`);
    checkRuns(map.missing, map.regionCount, 2 ** LEG_COUNT_MAX, `${at}.missing`);
    checkRuns(map.differing, map.regionCount, 2, `${at}.differing`);
    return map;
  },
);

const legReading = object<LegReading>(
  { counts: listOf(count), latencies: listOf(count) },
  'ignore',
);

export const counterReading = object<CounterReading>(
  {
    uptimeMs: amount,
    counts: listOf(amount),
    latencies: listOf(listOf(count)),
    legs: listOf(legReading),
  },
  'ignore',
);

const fields: Reader<EventFields> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonFault(at, 'must be an object');
  }
  for (const [key, field] of Object.entries(value)) {
    if (typeof field === 'string' || typeof field === 'number') continue;
    throw new JsonFault(`${at}.${key}`, 'must be a text or a number');
  }
  return value as EventFields;
};

export const engineEvent = object<EngineEvent>(
  {
    number: count,
    at: text,
    kind: oneOf(...EVENT_KINDS),
    event: oneOf(...EVENT_NAMES),
    text,
    fields,
  },
  'ignore',
);
