/**
 * A ring for a test file: it shares the thread with vitest as it does with everything else of Node.
 * Where io_uring is not to be had, tests that need one are skipped, with the reason printed.
 */
import assert from 'node:assert';
import { getSystemErrorName } from 'node:util';
import { IoUring } from '../../src/devices/io-uring.ts';
import { ringCalls } from '../../src/devices/io-uring-calls.ts';
import { NativeMemory } from '../../src/devices/native-memory.ts';
import type { RingParts } from '../../src/devices/ring-backend.ts';
import { RingLoop } from '../../src/devices/ring-loop.ts';
import { atEnd } from './scratch-devices.ts';

const calls = ringCalls();

/** Why there is no ring; null: there is. */
export const noRing: string | null = (() => {
  if (calls === null) return 'needs koffi';
  const ring = IoUring.open(calls, 8);
  if (typeof ring === 'number') return `needs io_uring (${getSystemErrorName(ring)})`;
  ring.close();
  return null;
})();

export interface TestRing extends RingParts {
  readonly loop: RingLoop;
}

/** Running until the end of the test file. */
export function ringForTest(entries = 64): TestRing {
  assert(calls !== null, 'asked for a ring where there is none');
  const ring = IoUring.open(calls, entries);
  assert(typeof ring !== 'number', 'asked for a ring where there is none');
  const memory = new NativeMemory(calls);
  const loop = new RingLoop(ring, calls, memory);
  loop.start();
  atEnd(() => {
    loop.stop();
    ring.close();
  });
  return { ring, calls, memory, loop };
}
