/**
 * What two readings of the counters, a moment apart, say about that moment: rates and latencies. Pure:
 * the same readings make the same sample, live or from a recording.
 */
import type { CounterReading, LegReading } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { Counter, LegCounter, Timed } from '../metrics/engine-counters.ts';
import { COUNTERS, LEG_COUNTERS, TIMED } from '../metrics/engine-counters.ts';
import { latencyQuantile } from '../metrics/latency-histogram.ts';

/** Unknown is null: no request was timed, or the engine does not count. */
export interface Sample {
  /** On the watcher's clock, in seconds. */
  readonly at: number;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly flushesPerSecond: number;
  readonly logFlushesPerSecond: number;
  readonly logBytesPerSecond: number;
  /** Regions that were marked dirty. */
  readonly marksPerSecond: number;
  /** 0 to 1: how much of the time a log write was under way. */
  readonly logBusyShare: number;
  readonly recoveredBytesPerSecond: number;
  readonly latencyMicros: Readonly<Record<Timed, { p50: number | null; p99: number | null }>>;
  /** By index. */
  readonly legs: readonly LegSample[];
  readonly dirtyRegions: number;
  readonly inSyncRegions: number;
}

/** What clients' requests asked of one leg. */
export interface LegSample {
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly operationsPerSecond: number;
  /** Asked and not answered, at this moment. */
  readonly inFlight: number;
  readonly p50Micros: number | null;
  readonly p99Micros: number | null;
}

export function sampleBetween(
  before: CounterReading,
  after: CounterReading,
  status: MirrorStatus,
  at: number,
  /** How many regions were marked between the two. */
  marked = 0,
): Sample {
  const seconds = Math.max(0.001, (after.uptimeMs - before.uptimeMs) / 1000);
  const rate = (counter: Counter) =>
    growth(before.counts, after.counts, COUNTERS.indexOf(counter)) / seconds;
  return {
    at,
    readBytesPerSecond: rate('readBytes'),
    writeBytesPerSecond: rate('writeBytes'),
    readsPerSecond: rate('reads'),
    writesPerSecond: rate('writes'),
    flushesPerSecond: rate('flushes'),
    logFlushesPerSecond: rate('logFlushes'),
    logBytesPerSecond: rate('logWriteBytes'),
    marksPerSecond: marked / seconds,
    logBusyShare: Math.min(1, rate('logWriteMicros') / 1e6),
    recoveredBytesPerSecond: rate('recoveredBytes'),
    latencyMicros: latenciesBetween(before, after),
    legs: after.legs.map((leg, index) => legBetween(before.legs[index], leg, seconds)),
    dirtyRegions: status.dirtyRegions ?? 0,
    inSyncRegions: status.inSyncRegions ?? 0,
  };
}

function latenciesBetween(before: CounterReading, after: CounterReading): Sample['latencyMicros'] {
  const quantiles = (timed: Timed) => {
    const place = TIMED.indexOf(timed);
    return quantilesBetween(before.latencies[place] ?? [], after.latencies[place] ?? []);
  };
  return { read: quantiles('read'), write: quantiles('write'), flush: quantiles('flush') };
}

function legBetween(before: LegReading | undefined, after: LegReading, seconds: number): LegSample {
  const rate = (counter: LegCounter) =>
    growth(before?.counts ?? [], after.counts, LEG_COUNTERS.indexOf(counter)) / seconds;
  const { p50, p99 } = quantilesBetween(before?.latencies ?? [], after.latencies);
  return {
    readBytesPerSecond: rate('readBytes'),
    writeBytesPerSecond: rate('writeBytes'),
    operationsPerSecond: rate('reads') + rate('writes'),
    inFlight: after.counts[LEG_COUNTERS.indexOf('inFlight')] ?? 0,
    p50Micros: p50,
    p99Micros: p99,
  };
}

function quantilesBetween(before: readonly number[], after: readonly number[]) {
  const counts = after.map((_, bucket) => growth(before, after, bucket));
  return { p50: latencyQuantile(counts, 0.5), p99: latencyQuantile(counts, 0.99) };
}

/** Counts only grow; if one did not, it is another engine's. */
function growth(before: readonly number[], after: readonly number[], place: number): number {
  return Math.max(0, (after[place] ?? 0) - (before[place] ?? 0));
}
