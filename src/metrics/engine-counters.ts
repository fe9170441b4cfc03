/**
 * What a running engine counts, as plain numbers in memory that others may watch without asking.
 *
 *   SharedArrayBuffer   ├ counters ┤├ latencies ┤├ legs ┤├ missing ─┤├ states ┤├ writes ┤├ differing ┤
 *   one element             f64          f64        f64     two bytes,  a byte    a byte     a byte a region
 *   byte                0           512          4096    12288       whole words up
 *
 * `writes` counts the writes to each region, modulo 256: whoever looks often enough sees which
 * regions are being written, and how much. `missing` says which legs miss a region, bit i for leg i;
 * `differing`, with a 1, where a check has found legs to differ.
 *
 * Of each leg: `LEG_COUNTERS`, then the histogram of how long its operations took. Only every fourth
 * operation is timed (`TIMED_EVERY`): two looks at the clock for each would be felt.
 *
 * One thread writes, with plain stores; a reader may see one counter a moment before another, never
 * half a number (aligned 64-bit stores). Counts are exact up to 2^53.
 */
import type { LegIndex, RegionCount } from '../geometry/units.ts';
import { LEG_COUNT_MAX } from '../geometry/units.ts';
import { LATENCY_BUCKETS, latencyBucket } from './latency-histogram.ts';

export const COUNTERS = [
  'reads',
  'writes',
  'readBytes',
  'writeBytes',
  /** Flush requests of clients. */
  'flushes',
  /** Log writes that had to be durable. */
  'logFlushes',
  'logWriteBytes',
  'connections',
  'recoveredBytes',
  /** How long log writes were under way; never two at a time. */
  'logWriteMicros',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** What is timed from its arrival to its answer; each has a histogram (latency-histogram.ts). */
export const TIMED = ['read', 'write', 'flush'] as const;
export type Timed = (typeof TIMED)[number];

/** What one leg was asked for, for clients and not for recovery. */
export const LEG_COUNTERS = ['reads', 'writes', 'readBytes', 'writeBytes', 'inFlight'] as const;
export type LegCounter = (typeof LEG_COUNTERS)[number];

const LEG_LENGTH = LEG_COUNTERS.length + LATENCY_BUCKETS;
const TIMED_EVERY = 4;

const LATENCIES_AT = 512;
const LEGS_AT = 4096;
const MISSING_AT = 12_288;
/** Each array of regions is padded to this, so that it can be compared word by word. */
const WORD_BYTES = 4;

export interface EngineView {
  readonly counters: Float64Array;
  /** The histograms of `TIMED`, one after the other. */
  readonly latencies: Float64Array;
  /** `LEG_COUNT_MAX` times `LEG_COUNTERS` and a histogram. */
  readonly legs: Float64Array;
  /** Which legs miss each region, bit i for leg i. */
  readonly missing: Uint16Array;
  /** Numbers of `REGION_STATES` (region/region-state.ts). */
  readonly states: Uint8Array;
  readonly writes: Uint8Array;
  readonly differing: Uint8Array;
}

export function viewBytes(regions: RegionCount): number {
  return MISSING_AT + padded(2 * regions) + 3 * padded(regions);
}

/** `memory` holds `viewBytes` bytes. */
export function viewOf(memory: ArrayBufferLike, regions: RegionCount): EngineView {
  const statesAt = MISSING_AT + padded(2 * regions);
  return {
    counters: new Float64Array(memory, 0, COUNTERS.length),
    latencies: new Float64Array(memory, LATENCIES_AT, TIMED.length * LATENCY_BUCKETS),
    legs: new Float64Array(memory, LEGS_AT, LEG_COUNT_MAX * LEG_LENGTH),
    missing: new Uint16Array(memory, MISSING_AT, regions),
    states: new Uint8Array(memory, statesAt, regions),
    writes: new Uint8Array(memory, statesAt + padded(regions), regions),
    differing: new Uint8Array(memory, statesAt + 2 * padded(regions), regions),
  };
}

function padded(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES) * WORD_BYTES;
}

const PLACE_OF = Object.fromEntries(COUNTERS.map((counter, place) => [counter, place])) as Readonly<
  Record<Counter, number>
>;

/** Goes on counting in `to`, where leg i is the one that was leg `known[i]` in `from`, null for a new one. */
export function carryOver(
  from: EngineView,
  to: EngineView,
  known: readonly (number | null)[],
): void {
  to.counters.set(from.counters);
  to.latencies.set(from.latencies);
  to.writes.set(from.writes.subarray(0, to.writes.length));
  to.differing.set(from.differing.subarray(0, to.differing.length));
  for (const [leg, old] of known.entries()) {
    if (old === null) continue;
    const reading = from.legs.subarray(old * LEG_LENGTH, (old + 1) * LEG_LENGTH);
    to.legs.set(reading, leg * LEG_LENGTH);
  }
}

export function addTo(view: EngineView, counter: Counter, amount: number): void {
  const place = PLACE_OF[counter];
  view.counters[place] = (view.counters[place] ?? 0) + amount;
}

/** The one count that also goes down. */
export function setConnections(view: EngineView, count: number): void {
  view.counters[PLACE_OF.connections] = count;
}

export function counterOf(view: EngineView, counter: Counter): number {
  return view.counters[PLACE_OF[counter]] ?? 0;
}

const HISTOGRAM_OF = Object.fromEntries(
  TIMED.map((timed, place) => [timed, place * LATENCY_BUCKETS]),
) as Readonly<Record<Timed, number>>;

export function addLatency(view: EngineView, timed: Timed, micros: number): void {
  const place = HISTOGRAM_OF[timed] + latencyBucket(micros);
  view.latencies[place] = (view.latencies[place] ?? 0) + 1;
}

export function latenciesOf(view: EngineView, timed: Timed): Float64Array {
  const first = HISTOGRAM_OF[timed];
  return view.latencies.subarray(first, first + LATENCY_BUCKETS);
}

/** A write to regions `first` to `last`, both included. */
export function addRegionWrite(view: EngineView, first: number, last: number): void {
  for (let region = first; region <= last; region += 1) {
    view.writes[region] = (view.writes[region] ?? 0) + 1;
  }
}

const LEG_PLACE = Object.fromEntries(
  LEG_COUNTERS.map((counter, place) => [counter, place]),
) as Readonly<Record<LegCounter, number>>;

/** An operation on a leg begins; true: it is one of those to be timed. */
export function beginLegIo(
  { legs }: EngineView,
  leg: LegIndex,
  verb: 'read' | 'write',
  bytes: number,
): boolean {
  const at = leg * LEG_LENGTH;
  const isRead = verb === 'read';
  const count = at + (isRead ? LEG_PLACE.reads : LEG_PLACE.writes);
  const amount = at + (isRead ? LEG_PLACE.readBytes : LEG_PLACE.writeBytes);
  const inFlight = at + LEG_PLACE.inFlight;
  const begun = legs[count] ?? 0;
  legs[count] = begun + 1;
  legs[amount] = (legs[amount] ?? 0) + bytes;
  legs[inFlight] = (legs[inFlight] ?? 0) + 1;
  return begun % TIMED_EVERY === 0;
}

/** `micros`: how long it took; null if it was not timed. */
export function endLegIo({ legs }: EngineView, leg: LegIndex, micros: number | null): void {
  const at = leg * LEG_LENGTH;
  const inFlight = at + LEG_PLACE.inFlight;
  legs[inFlight] = (legs[inFlight] ?? 0) - 1;
  if (micros === null) return;
  const bucket = at + LEG_COUNTERS.length + latencyBucket(micros);
  legs[bucket] = (legs[bucket] ?? 0) + 1;
}

export function legReading({ legs }: EngineView, leg: LegIndex) {
  const of = legs.subarray(leg * LEG_LENGTH, (leg + 1) * LEG_LENGTH);
  return {
    counts: Array.from(of.subarray(0, LEG_COUNTERS.length)),
    latencies: Array.from(of.subarray(LEG_COUNTERS.length)),
  };
}
