/**
 * Legs that change behind the mirror's back: checks find it, repairs mend it from the leg that was named,
 * and the simulator would tell if they did not.
 */
import { describe, expect, test, vi } from 'vitest';
import { Engine } from '../../src/engine/engine.ts';
import type { EngineOptions } from '../../src/engine/mirror-state.ts';
import type { LegIndex } from '../../src/geometry/units.ts';
import type { EngineMaker } from '../../src/simulator/simulated-mirror.ts';
import { simulate } from '../../src/simulator/simulation.ts';

vi.setConfig({ testTimeout: 120_000 });

const SEEDS = 80;
const LENGTH = 250;
/** Quiet otherwise, so that most of what happens is about checks. */
const WHERE = { rots: 0.03, legErrors: 0.01, flushErrors: 0, memoryErrors: 0, hangs: 0 };

function seedsThatFail(makeEngine: EngineMaker, enough: number): string[] {
  const failures: string[] = [];
  for (let seed = 1; seed <= SEEDS && failures.length < enough; seed += 1) {
    const { failure } = simulate({ seed, length: LENGTH, where: WHERE, makeEngine });
    if (failure !== null) failures.push(failure);
  }
  return failures;
}

const mistaught =
  (teach: (engine: Engine) => void): EngineMaker =>
  (options: EngineOptions) => {
    const engine = new Engine(options);
    teach(engine);
    return engine;
  };

function comparesAtOnce({ state }: Engine): void {
  const hold = state.hash.hold.bind(state.hash);
  state.hash.hold = (region) => {
    hold(region);
    return true;
  };
}

/** The owner names one leg, and the engine hears another. */
function repairsFromAnother(engine: Engine): void {
  const step = engine.step.bind(engine);
  engine.step = (input) => {
    if (input.kind !== 'startCheck' || input.check.repairFrom === null) return step(input);
    const repairFrom = ((input.check.repairFrom + 1) % engine.state.legs.legCount) as LegIndex;
    return step({ ...input, check: { ...input.check, repairFrom } });
  };
}

function forgetsDifferences({ state }: Engine): void {
  state.differing.add = () => {};
}

function seesDifferences(engine: Engine): void {
  const step = engine.step.bind(engine);
  engine.step = (input) => {
    if (input.kind !== 'compareEnded' || input.region > 0) return step(input);
    const { geometry, legs } = engine.state;
    const all = Array.from({ length: legs.legCount }, (_, leg) => leg as LegIndex);
    const hashes = all.map((leg) => ({ leg, sha256: `${leg}` }));
    const range = { offset: geometry.startOf(input.region), length: geometry.regionBytes };
    return step({ ...input, difference: { ...range, hashes } });
  };
}

test('checks find what has rotted, and repairs mend it', () => {
  let rotten = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { failure, events } = simulate({ seed, length: LENGTH, where: WHERE });
    expect(failure, `seed ${seed}`).toBe(null);
    rotten += events.filter(({ kind }) => kind === 'rot').length;
  }
  expect(rotten).toBeGreaterThan(SEEDS);
});

describe('the simulator tells', () => {
  test.each<[string, (engine: Engine) => void, number, string]>([
    ['a comparison that does not wait for writes', comparesAtOnce, 5, ''],
    ['a repair from another leg than was named', repairsFromAnother, 3, 'was named'],
    ['a difference that is forgotten', forgetsDifferences, 5, 'is forgotten'],
    ['a difference that is none', seesDifferences, 5, 'nothing has spoiled'],
  ])('%s', (_, teach, seeds, words) => {
    const failures = seedsThatFail(mistaught(teach), seeds);
    expect(failures).toHaveLength(seeds);
    expect(failures.some((failure) => failure.includes(words))).toBe(true);
  });
});
