/**
 * The simulator for as long as you like, on every CPU:
 *
 *   npm run soak -- [--minutes M] [--seed N] [--states N --schedules N] [--kills N --tools DIR] [--inputs N]
 *
 * Ten minutes and a seed out of the time of day unless said otherwise: runs short and long, some of them
 * crashed after each of their events. With `--states` or `--schedules` every seed is crashed until there
 * were so many states, and it ends as soon as there were so many schedules with faults, too.
 *
 * `--kills` lets the real thing be killed so often afterwards (a thousand take most of an hour), under
 * the NBD tool nbdfsx in DIR, with everything that was acknowledged read back each time. `--inputs` has
 * all readers of logs read so many damaged inputs at the end, as `npm run fuzz` does.
 *
 * What fails is printed as the shortest run that does. The exit code is 1 then, and also if the time
 * was over before there were so many, or if some fault never came about.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { FAULTS, TURNS } from '../../src/simulator/mishaps.ts';
import type { Trial, TrialRequest } from '../../src/simulator/trial.ts';
import { Tally, tellStory } from '../../src/simulator/trial.ts';

const LENGTHS = [100, 300, 300, 300, 2_000];
const CRASHED_EVERY = 20;
const CRASHED_LENGTH = 80;
const PROGRESS_EVERY_MS = 20_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    states: { type: 'string', default: '0' },
    schedules: { type: 'string', default: '0' },
    kills: { type: 'string', default: '0' },
    tools: { type: 'string', default: '' },
    inputs: { type: 'string', default: '0' },
  },
});
const [minutes, firstSeed, statesMin, schedulesMin] = [
  Number(values.minutes),
  Number(values.seed),
  Number(values.states),
  Number(values.schedules),
];
const isCounted = statesMin > 0 || schedulesMin > 0;
const begunAt = Date.now();
const endAt = begunAt + minutes * 60_000;
const tally = new Tally();
let nextSeed = firstSeed;
let failures = 0;
let toldAt = begunAt;

function fail(story: string): void {
  failures += 1;
  console.log(`FAILED ${story}\n`);
}

function trialOf(seed: number): TrialRequest {
  const crashes = isCounted ? tally.crashStates < statesMin : seed % CRASHED_EVERY === 0;
  const length = crashes ? CRASHED_LENGTH : (LENGTHS[seed % LENGTHS.length] ?? CRASHED_LENGTH);
  return { seed, length, crashes };
}

function isEnough(): boolean {
  if (Date.now() >= endAt) return true;
  return isCounted && hasSeenAll();
}

function hasSeenAll(): boolean {
  return tally.crashStates >= statesMin && tally.faultSchedules >= schedulesMin;
}

/** Until it is enough; then the worker is let go. */
async function trySeeds(): Promise<void> {
  const worker = new Worker(new URL('./trial-worker.ts', import.meta.url));
  while (!isEnough()) {
    const request = trialOf(nextSeed);
    nextSeed += 1;
    const { promise, resolve, reject } = Promise.withResolvers<Trial>();
    worker.once('message', resolve).once('error', reject);
    worker.postMessage(request);
    const trial = await promise;
    worker.off('error', reject);
    tally.add(trial);
    if (trial.failure !== null) fail(tellStory(trial));
    tellProgress();
  }
  await worker.terminate();
}

function tellProgress(): void {
  if (Date.now() - toldAt < PROGRESS_EVERY_MS) return;
  toldAt = Date.now();
  console.log(`seed ${nextSeed - 1}: ${tally.describe()}`);
}

await Promise.all(Array.from({ length: availableParallelism() }, trySeeds));

for (const mishap of [...FAULTS, ...TURNS]) {
  console.log(`${String(tally.mishaps.get(mishap) ?? 0).padStart(10)} × ${mishap}`);
}
if (isCounted) {
  if (!hasSeenAll()) fail(`after ${minutes} minutes there were too few states or schedules`);
  for (const mishap of tally.missing([...FAULTS, ...TURNS])) fail(`never: ${mishap}`);
}
const seconds = ((Date.now() - begunAt) / 1_000).toFixed(0);
console.log(
  `${tally.describe()}; seeds ${firstSeed} to ${nextSeed - 1}; ${seconds} s; ${failures} failed`,
);
if (Number(values.kills) > 0) {
  const script = path.resolve(import.meta.dirname, '../end-to-end/with-mirror');
  const args = ['64', 'nbdfsx-kill', values.tools];
  runAfterwards(`${values.kills} kills`, script, args, { KILLS: values.kills });
}
if (Number(values.inputs) > 0) {
  const script = path.resolve(import.meta.dirname, '../forensics/fuzz/soak.ts');
  const args = [...process.execArgv, script, '--inputs', values.inputs];
  runAfterwards(`${values.inputs} damaged inputs`, process.execPath, args, {});
}
process.exitCode = failures === 0 ? 0 : 1;

function runAfterwards(what: string, file: string, args: string[], env: NodeJS.ProcessEnv): void {
  const { status } = spawnSync(file, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
  if (status !== 0) fail(`${what}: ${[file, ...args].join(' ')}`);
}
