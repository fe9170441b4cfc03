import assert from 'node:assert';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { PoolLane, threadsPerDevice } from '../../src/devices/pool-lane.ts';

afterEach(() => vi.unstubAllEnvs());

test('a lane runs no more than its share at a time, all in the order they came', () => {
  const script = fc.array(fc.boolean(), { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), script, (threads, steps) => {
      const lane = new PoolLane(threads);
      const started: number[] = [];
      let entered = 0;
      let left = 0;
      for (const enters of steps) {
        if (enters) {
          const id = entered;
          entered += 1;
          lane.enter(() => started.push(id));
        } else if (left < started.length) {
          left += 1;
          lane.leave();
        }
        assert.equal(started.length - left, Math.min(threads, entered - left));
      }
      assert.deepEqual(started, [...started.keys()]);
    }),
  );
});

test('leaving more often than entering breaks an invariant', () => {
  const lane = new PoolLane(1);
  lane.enter(() => {});
  lane.leave();
  expect(() => lane.leave()).toThrow('left more often than entered');
});

test.each([
  [undefined, 3, 1],
  ['16', 3, 5],
  ['16', 9, 1],
  ['2', 9, 1],
  ['1', 1, 1],
  ['rubbish', 1, 3],
  ['0', 1, 3],
] as const)('a pool of %s gives each of %d devices %d threads', (size, devices, threads) => {
  vi.stubEnv('UV_THREADPOOL_SIZE', size);
  expect(threadsPerDevice(devices)).toBe(threads);
});
