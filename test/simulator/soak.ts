/**
 * The simulator for as long as you like: `npm run soak -- [MINUTES] [FIRST-SEED]`, ten minutes and a
 * seed out of the time of day unless said otherwise. With ten minutes or more, first every order of the
 * larger tiny worlds (about five of them); then seeds: runs short and long, and every twentieth crashed
 * after each of its events.
 *
 * What fails is printed as the shortest run that does, and the exit code is 1.
 */
import { parseArgs } from 'node:util';
import { surveyCrashes } from '../../src/simulator/crash-points.ts';
import { ModelChecker } from '../../src/simulator/model-checker.ts';
import { printRun, shrink } from '../../src/simulator/shrink.ts';
import { simulate } from '../../src/simulator/simulation.ts';
import { LARGER_WORLDS } from './tiny-worlds.ts';

const LENGTHS = [100, 300, 300, 300, 2_000];
const SURVEY_EVERY = 20;
const SURVEY_LENGTH = 120;
/** In minutes. */
const WORLDS_FROM = 10;

const { positionals } = parseArgs({ allowPositionals: true });
const minutes = Number(positionals[0] ?? 10);
const firstSeed = Number(positionals[1] ?? Date.now() % 1_000_000_000);
const endAt = Date.now() + minutes * 60_000;
let failures = 0;

function fail(what: string, story: string): void {
  failures += 1;
  console.log(`FAILED ${what}\n${story}\n`);
}

function soakSeed(seed: number): { steps: number; crashes: number } {
  const length = LENGTHS[seed % LENGTHS.length] ?? SURVEY_LENGTH;
  const { scenario, events, failure, steps, crashes } = simulate({ seed, length });
  if (failure !== null) {
    const shortest = shrink(scenario, events) ?? { events, failure };
    fail(`seed ${seed}, length ${length}`, `${JSON.stringify(scenario)}\n${printRun(shortest)}`);
  }
  return { steps, crashes };
}

function soakCrashes(seed: number): number {
  const { scenario, events, failure } = simulate({ seed, length: SURVEY_LENGTH });
  if (failure !== null) return 0;
  const survey = surveyCrashes(scenario, events);
  if (survey.failure !== null) {
    const { message, events: story } = survey.failure;
    const what = `seed ${seed}, crashed`;
    fail(what, `${JSON.stringify(scenario)}\n${printRun({ events: story, failure: message })}`);
  }
  return survey.crashes;
}

for (const [name, world] of minutes < WORLDS_FROM ? [] : LARGER_WORLDS) {
  const { runs, crashes, failure } = new ModelChecker(world).check();
  console.log(`every order of ${name}: ${runs} runs, ${crashes} crashes`);
  if (failure === null) continue;
  fail(name, printRun({ events: failure.events, failure: failure.message }));
}

let seed = firstSeed;
let steps = 0;
let crashes = 0;
for (; Date.now() < endAt; seed += 1) {
  const soaked = soakSeed(seed);
  steps += soaked.steps;
  crashes += soaked.crashes;
  if (seed % SURVEY_EVERY === 0) crashes += soakCrashes(seed);
}
console.log(
  `seeds ${firstSeed} to ${seed - 1}: ${steps} steps, ${crashes} crashes, ${failures} failed`,
);
process.exitCode = failures === 0 ? 0 : 1;
