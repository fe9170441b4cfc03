/** A thread with a ring and nothing to do, for ring-loop.test.ts. */
import { parentPort } from 'node:worker_threads';
import { IoUring } from '../../src/devices/io-uring.ts';
import { ringCalls } from '../../src/devices/io-uring-calls.ts';
import { NativeMemory } from '../../src/devices/native-memory.ts';
import { RingLoop } from '../../src/devices/ring-loop.ts';

const calls = ringCalls();
const ring = calls === null ? -1 : IoUring.open(calls, 8);
if (calls === null || typeof ring === 'number') throw new Error('no ring');
new RingLoop(ring, calls, new NativeMemory(calls)).start();
parentPort?.postMessage('waiting');
