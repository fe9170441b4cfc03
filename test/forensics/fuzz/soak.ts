/**
 * `npm run fuzz -- [INPUTS] [FIRST SEED]`: fuzzes until so many inputs were read, 100 million unless
 * said otherwise. Ends with 1 at the first fault, or where an input takes longer than it may however
 * often it is tried.
 */
import { fuzz, inputFor } from './run.ts';
import { FUZZ_TARGETS } from './targets.ts';

const BATCH = 110_000;
const INPUT_MS_MAX = 50;
const TRIES = 3;

const [inputs = 100_000_000, firstSeed = 0] = process.argv.slice(2).map(Number);
let seed = firstSeed;
while (seed < firstSeed + inputs) {
  const count = Math.min(BATCH, firstSeed + inputs - seed);
  const { fault, slowest } = fuzz(FUZZ_TARGETS, seed, count);
  const slow = slowest.find(({ ms, ...one }) => ms > INPUT_MS_MAX && alwaysSlow(one));
  const worst = slowest[0];
  seed += count;
  console.log(`${seed - firstSeed} inputs; slowest: ${worst?.ms.toFixed(1)} ms (${worst?.target})`);
  if (fault !== null || slow !== undefined) {
    console.error(fault ?? `seed ${slow?.seed} takes too long in ${slow?.target}`);
    process.exit(1);
  }
}

/** Others use the machine, too: only what is slow every time is slow. */
function alwaysSlow({ target: name, seed: at }: { target: string; seed: number }): boolean {
  const target = FUZZ_TARGETS.find((one) => one.name === name);
  if (target === undefined) return false;
  const input = inputFor(target, at);
  return Array.from({ length: TRIES }).every(() => {
    const startedAt = performance.now();
    try {
      target.read(input);
    } catch {
      // What it throws was looked at before; here only the time counts.
    }
    return performance.now() - startedAt > INPUT_MS_MAX;
  });
}
