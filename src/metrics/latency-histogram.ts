/**
 * How long requests took, counted in buckets that grow with the time: four to every doubling, so that
 * a quantile is off by at most a fifth, from one microsecond to four minutes.
 *
 *   bucket    0   1   2   3   4   5   6   7   8   9  10  11  12 …  107
 *   from µs   0   1   2   3   4   5   6   7   8  10  12  14  16 …  ≥ 235 s
 *
 * One array of plain counts that only grow: whoever wants the last second subtracts what was there a
 * second ago.
 */
import { invariant } from '../errors/invariant.ts';

export const LATENCY_BUCKETS = 108;

/** The bucket of a latency; what is longer than all is in the last one. */
export function latencyBucket(micros: number): number {
  const whole = Math.max(0, Math.min(0x7fffffff, Math.floor(micros)));
  if (whole < 4) return whole;
  const exponent = 31 - Math.clz32(whole);
  return Math.min(LATENCY_BUCKETS - 1, exponent * 4 - 4 + ((whole >> (exponent - 2)) & 3));
}

/** The shortest latency that falls into `bucket`. */
export function latencyFrom(bucket: number): number {
  invariant(bucket >= 0 && bucket <= LATENCY_BUCKETS, `no latency bucket ${bucket}`);
  if (bucket < 4) return bucket;
  const exponent = Math.floor(bucket / 4) + 1;
  return 2 ** exponent + (bucket % 4) * 2 ** (exponent - 2);
}

/**
 * The latency that `share` of the counted requests did not exceed, in microseconds: the upper end of
 * the bucket where it lies. Null when nothing was counted.
 */
export function latencyQuantile(counts: ArrayLike<number>, share: number): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) total += counts[bucket] ?? 0;
  if (total === 0) return null;
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    seen += counts[bucket] ?? 0;
    if (seen >= total * share && seen > 0) return latencyFrom(bucket + 1);
  }
  return latencyFrom(counts.length);
}
