import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  LATENCY_BUCKETS,
  latencyBucket,
  latencyFrom,
  latencyQuantile,
} from '../../src/metrics/latency-histogram.ts';

test('a latency lies in the bucket that begins at or below it and ends above it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 27 }), (micros) => {
      const bucket = latencyBucket(micros);
      assert.ok(latencyFrom(bucket) <= micros);
      assert.ok(micros < latencyFrom(bucket + 1));
    }),
  );
});

test('a bucket is never wider than a quarter of where it begins', () => {
  for (let bucket = 4; bucket < LATENCY_BUCKETS; bucket += 1) {
    const from = latencyFrom(bucket);
    expect(latencyFrom(bucket + 1) - from).toBeLessThanOrEqual(from / 4);
  }
});

test('what is longer than all buckets falls into the last one', () => {
  expect(latencyBucket(1e15)).toBe(LATENCY_BUCKETS - 1);
});

test('the quantile is the end of the bucket up to which that share was counted', () => {
  const counts = new Array<number>(LATENCY_BUCKETS).fill(0);
  counts[latencyBucket(100)] = 98;
  counts[latencyBucket(5000)] = 2;
  expect(latencyQuantile(counts, 0.5)).toBe(latencyFrom(latencyBucket(100) + 1));
  expect(latencyQuantile(counts, 0.99)).toBe(latencyFrom(latencyBucket(5000) + 1));
});

test('nothing counted has no quantile', () => {
  expect(latencyQuantile([0, 0], 0.5)).toBe(null);
});
