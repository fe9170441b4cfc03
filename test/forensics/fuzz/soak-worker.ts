/** One thread of `npm run fuzz`: reads the inputs it is given by their seeds, and reports. */
import { parentPort } from 'node:worker_threads';
import { fuzz } from './run.ts';
import { FUZZ_TARGETS } from './targets.ts';

parentPort?.on('message', ({ first, count }: { first: number; count: number }) => {
  parentPort?.postMessage(fuzz(FUZZ_TARGETS, first, count));
});
