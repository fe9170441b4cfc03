/** Feeds targets with damaged inputs and tells of the first that does what it must not. */
import { isDeepStrictEqual } from 'node:util';
import type { Dice } from './mutation.ts';
import { diceFrom, mutate } from './mutation.ts';
import type { FuzzTarget } from './targets.ts';
import { isPromised } from './targets.ts';

export interface FuzzFault {
  readonly target: string;
  readonly seed: number;
  readonly what: string;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly fault: FuzzFault | null;
}

/** Every so many inputs, the surroundings are checked too, which takes twice as long. */
const SURROUNDED_EVERY = 8;
/** What any input may take. */
const INPUT_MS_MAX = 50;
const TRIES = 3;

/** Seeds from `first` to before `first + count`, one input each, targets by turns. */
export function fuzz(targets: readonly FuzzTarget[], first: number, count: number): FuzzReport {
  for (let seed = first; seed < first + count; seed += 1) {
    const target = targets[seed % targets.length];
    if (target === undefined) continue;
    const what = faultOf(target, inputFor(target, seed), seed % SURROUNDED_EVERY === 0);
    if (what !== null) {
      return { inputs: seed - first + 1, fault: { target: target.name, seed, what } };
    }
  }
  return { inputs: count, fault: null };
}

export function inputFor({ examples }: FuzzTarget, seed: number): Uint8Array {
  const dice: Dice = diceFrom(seed);
  return mutate(examples[dice(examples.length)] ?? new Uint8Array(), dice);
}

function faultOf(target: FuzzTarget, input: Uint8Array, surrounded: boolean): string | null {
  const before = input.slice();
  const startedAt = performance.now();
  const outcome = outcomeOf(target, input);
  const perhapsSlow = performance.now() - startedAt > INPUT_MS_MAX;
  if (outcome.crash !== null) return outcome.crash;
  if (Buffer.compare(before, input) !== 0) return 'it changed its input';
  if (perhapsSlow && isSlow(target, input)) return `it takes longer than ${INPUT_MS_MAX} ms`;
  if (!surrounded) return null;
  const others = [0x00, 0xff].map((fill) => outcomeOf(target, within(input, fill)));
  const same = others.every(({ value }) => isDeepStrictEqual(value, outcome.value));
  return same ? null : 'it read what lies around its input';
}

/** Others use the machine, too: what counts is this thread's own time, and every time. */
function isSlow(target: FuzzTarget, input: Uint8Array): boolean {
  return Array.from({ length: TRIES }).every(() => {
    const before = process.threadCpuUsage();
    outcomeOf(target, input);
    const { user, system } = process.threadCpuUsage(before);
    return user + system > INPUT_MS_MAX * 1000;
  });
}

/** The same bytes inside a larger buffer. */
function within(input: Uint8Array, fill: number): Uint8Array {
  const around = new Uint8Array(input.length + 128).fill(fill);
  around.set(input, 64);
  return around.subarray(64, 64 + input.length);
}

function outcomeOf(target: FuzzTarget, input: Uint8Array) {
  try {
    return { value: target.read(input), crash: null };
  } catch (error) {
    if (isPromised(error)) return { value: String(error), crash: null };
    return {
      value: null,
      crash: error instanceof Error ? (error.stack ?? error.message) : 'threw',
    };
  }
}
