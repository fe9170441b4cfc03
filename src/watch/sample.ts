/**
 * What two readings of the counters, a moment apart, say about that moment: rates and latencies. Pure:
 * the same readings make the same sample, live or from a recording.
 */
import type { CounterReading } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { Counter, Timed } from '../metrics/engine-counters.ts';
import { COUNTERS, TIMED } from '../metrics/engine-counters.ts';
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
  readonly recoveredBytesPerSecond: number;
  readonly latencyMicros: Readonly<Record<Timed, { p50: number | null; p99: number | null }>>;
  readonly dirtyRegions: number;
  readonly inSyncRegions: number;
}

export function sampleBetween(
  before: CounterReading,
  after: CounterReading,
  status: MirrorStatus,
  at: number,
): Sample {
  const seconds = Math.max(0.001, (after.uptimeMs - before.uptimeMs) / 1000);
  const rate = (counter: Counter) => {
    const place = COUNTERS.indexOf(counter);
    return Math.max(0, ((after.counts[place] ?? 0) - (before.counts[place] ?? 0)) / seconds);
  };
  return {
    at,
    readBytesPerSecond: rate('readBytes'),
    writeBytesPerSecond: rate('writeBytes'),
    readsPerSecond: rate('reads'),
    writesPerSecond: rate('writes'),
    flushesPerSecond: rate('flushes'),
    logFlushesPerSecond: rate('logFlushes'),
    logBytesPerSecond: rate('logWriteBytes'),
    recoveredBytesPerSecond: rate('recoveredBytes'),
    latencyMicros: latenciesBetween(before, after),
    dirtyRegions: status.dirtyRegions ?? 0,
    inSyncRegions: status.inSyncRegions ?? 0,
  };
}

function latenciesBetween(before: CounterReading, after: CounterReading): Sample['latencyMicros'] {
  const quantiles = (timed: Timed) => {
    const place = TIMED.indexOf(timed);
    const earlier = before.latencies[place] ?? [];
    const counts = (after.latencies[place] ?? []).map((count, bucket) =>
      Math.max(0, count - (earlier[bucket] ?? 0)),
    );
    return { p50: latencyQuantile(counts, 0.5), p99: latencyQuantile(counts, 0.99) };
  };
  return { read: quantiles('read'), write: quantiles('write'), flush: quantiles('flush') };
}
