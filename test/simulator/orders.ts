/**
 * Every order in which things can happen to the tiny worlds, and a crash at every point of them, each
 * world on a CPU of its own: `npm run orders`, some minutes; with `--all` the largest one, too.
 *
 * Prints how many orders, crashes and different states there were. The exit code is 1 if a promise was
 * broken or an order left out.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { ModelReport } from '../../src/simulator/model-checker.ts';
import { printRun } from '../../src/simulator/shrink.ts';
import { LARGER_WORLDS, LARGEST_WORLD, TINY_WORLDS } from './tiny-worlds.ts';

const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
const largestFirst = [...LARGER_WORLDS, ...TINY_WORLDS].map(([name]) => name);
const names = largestFirst.filter((name) => values.all || name !== LARGEST_WORLD);
const totals = { worlds: 0, runs: 0, crashes: 0, distinct: 0, untried: 0 };
const begunAt = Date.now();
let failures = 0;

async function tryWorlds(): Promise<void> {
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    const { promise, resolve, reject } = Promise.withResolvers<ModelReport>();
    const worker = new Worker(new URL('./world-worker.ts', import.meta.url), { workerData: name });
    worker.once('message', resolve).once('error', reject);
    tell(name, await promise);
  }
}

function tell(name: string, { runs, crashes, distinct, untried, failure }: ModelReport): void {
  console.log(`${name}: ${runs} orders, ${crashes} crashes, ${distinct} states`);
  totals.worlds += 1;
  totals.runs += runs;
  totals.crashes += crashes;
  totals.distinct += distinct;
  totals.untried += untried;
  if (failure !== null) {
    console.log(`FAILED ${printRun({ events: failure.events, failure: failure.message })}\n`);
  }
  if (failure !== null || untried > 0) failures += 1;
}

await Promise.all(Array.from({ length: availableParallelism() }, tryWorlds));
const seconds = ((Date.now() - begunAt) / 1_000).toFixed(0);
console.log(
  `every order of ${totals.worlds} tiny worlds: ${totals.runs} orders, ${totals.crashes} crashes, ` +
    `${totals.distinct} states; ${totals.untried} orders left out; ${seconds} s; ${failures} failed`,
);
process.exitCode = failures === 0 ? 0 : 1;
