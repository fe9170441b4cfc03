/**
 * Damaged inputs for as long as you like, on every CPU:
 *
 *   npm run fuzz -- [--inputs N] [--minutes M] [--seed FIRST]
 *
 * 100 million inputs unless said otherwise, from seed 0 on; a seed is an input. It tells now and then
 * up to which seed everything is done: with that as `--seed` a run that was ended goes on. The exit
 * code is 1 at the first fault, which is told with its target and its seed.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FuzzReport } from './run.ts';

const BATCH = 44_000;
const TELL_EVERY_MS = 20_000;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000000' },
    minutes: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '0' },
  },
});
const [firstSeed, inputs] = [Number(values.seed), Number(values.inputs)];
const endSeed = firstSeed + inputs;
const begunAt = performance.now();
const endAt = begunAt + Number(values.minutes) * 60_000;

/** First seeds of the batches under way. */
const underWay = new Set<number>();
let nextSeed = firstSeed;
let toldAt = begunAt;
let faults = 0;

const doneUpTo = () => Math.min(nextSeed, ...underWay);

function tell(): void {
  toldAt = performance.now();
  const done = doneUpTo() - firstSeed;
  const rate = Math.round((1000 * done) / (toldAt - begunAt));
  console.log(`${done} inputs, ${rate} a second; all seeds below ${doneUpTo()} are done`);
}

/** Batch after batch, until all are given out, time is over, or somebody found a fault. */
async function work(): Promise<void> {
  const worker = new Worker(new URL('./soak-worker.ts', import.meta.url));
  while (nextSeed < endSeed && performance.now() < endAt && faults === 0) {
    const first = nextSeed;
    const count = Math.min(BATCH, endSeed - first);
    nextSeed += count;
    underWay.add(first);
    const { fault } = await batch(worker, first, count);
    if (fault !== null) {
      faults += 1;
      console.error(`FAILED seed ${fault.seed} in ${fault.target}: ${fault.what}`);
    } else underWay.delete(first);
    if (performance.now() - toldAt > TELL_EVERY_MS) tell();
  }
  await worker.terminate();
}

function batch(worker: Worker, first: number, count: number): Promise<FuzzReport> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (report: FuzzReport) => {
      worker.off('error', reject);
      resolve(report);
    });
    worker.postMessage({ first, count });
  });
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
tell();
process.exitCode = faults === 0 ? 0 : 1;
