/**
 * What a running engine counts, as plain numbers in memory that others may watch without asking.
 *
 *   SharedArrayBuffer   ├─ counters, one f64 each ─┤├─ states, one byte a region ──────────┤
 *   byte 0                                         COUNTERS_BYTES
 *
 * One thread writes, with plain stores; a reader may see one counter a moment before another, never
 * half a number (aligned 64-bit stores). Counts are exact up to 2^53.
 */
import type { RegionCount } from '../geometry/units.ts';

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

const COUNTERS_BYTES = 512;

export interface EngineView {
  readonly counters: Float64Array;
  /** Numbers of `REGION_STATES` (region/region-state.ts). */
  readonly states: Uint8Array;
}

export function viewBytes(regions: RegionCount): number {
  return COUNTERS_BYTES + regions;
}

/** `memory` holds `viewBytes` bytes. */
export function viewOf(memory: ArrayBufferLike): EngineView {
  return {
    counters: new Float64Array(memory, 0, COUNTERS.length),
    states: new Uint8Array(memory, COUNTERS_BYTES),
  };
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
