/**
 * What a running engine counts, as plain numbers in memory that others may watch without asking.
 *
 *   SharedArrayBuffer   ├─ counters ─┤├─ latencies ─┤├─ states ──────┤├─ writes ──────┤
 *   one element                f64            f64        byte a region    byte a region
 *   byte                0             512            4096            whole words up
 *
 * `writes` counts the writes to each region, modulo 256: whoever looks often enough sees which
 * regions are being written, and how much.
 *
 * One thread writes, with plain stores; a reader may see one counter a moment before another, never
 * half a number (aligned 64-bit stores). Counts are exact up to 2^53.
 */
import type { RegionCount } from '../geometry/units.ts';
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
] as const;
export type Counter = (typeof COUNTERS)[number];

/** What is timed from its arrival to its answer; each has a histogram (latency-histogram.ts). */
export const TIMED = ['read', 'write', 'flush'] as const;
export type Timed = (typeof TIMED)[number];

const LATENCIES_AT = 512;
const STATES_AT = 4096;
/** Each byte array is padded to this, so that it can be compared word by word. */
const WORD_BYTES = 4;

export interface EngineView {
  readonly counters: Float64Array;
  /** The histograms of `TIMED`, one after the other. */
  readonly latencies: Float64Array;
  /** Numbers of `REGION_STATES` (region/region-state.ts). */
  readonly states: Uint8Array;
  readonly writes: Uint8Array;
}

export function viewBytes(regions: RegionCount): number {
  return STATES_AT + 2 * padded(regions);
}

/** `memory` holds `viewBytes` bytes. */
export function viewOf(memory: ArrayBufferLike, regions: RegionCount): EngineView {
  return {
    counters: new Float64Array(memory, 0, COUNTERS.length),
    latencies: new Float64Array(memory, LATENCIES_AT, TIMED.length * LATENCY_BUCKETS),
    states: new Uint8Array(memory, STATES_AT, regions),
    writes: new Uint8Array(memory, STATES_AT + padded(regions), regions),
  };
}

function padded(regions: RegionCount): number {
  return Math.ceil(regions / WORD_BYTES) * WORD_BYTES;
}

const PLACE_OF = Object.fromEntries(COUNTERS.map((counter, place) => [counter, place])) as Readonly<
  Record<Counter, number>
>;

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
