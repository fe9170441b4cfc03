/**
 * One run: a mirror, its clients, its devices and its bad luck, all from one seed. The seed decides the
 * scenario and every event; the events are kept, so that a run that fails can be made shorter.
 */
import { Engine } from '../engine/engine.ts';
import { InvariantBroken } from '../errors/invariant.ts';
import { recoverFully } from './aftermath.ts';
import { Contradiction } from './contradiction.ts';
import type { Mishap, MishapCounts } from './mishaps.ts';
import { countMishaps, mishapsOf, mishapsOfScenario } from './mishaps.ts';
import { Oracle } from './oracle.ts';
import { RandomEvents } from './random-events.ts';
import type { Scenario } from './scenario.ts';
import { scenarioOf } from './scenario.ts';
import type { EngineMaker } from './simulated-mirror.ts';
import { SimulatedMirror } from './simulated-mirror.ts';
import { SimulatedStorage } from './simulated-storage.ts';
import type { SimulationEvent } from './simulation-event.ts';

export interface SimulationReport {
  readonly scenario: Scenario;
  readonly events: readonly SimulationEvent[];
  /** Steps that engines took. */
  readonly steps: number;
  readonly crashes: number;
  /** The time that went by in it, in milliseconds; clocks that jumped do not count. */
  readonly simulatedMs: number;
  readonly mishaps: MishapCounts;
  /** What was broken; null: nothing. */
  readonly failure: string | null;
}

export const REAL_ENGINE: EngineMaker = (options) => new Engine(options);

export function beginMirror(scenario: Scenario, makeEngine: EngineMaker): SimulatedMirror {
  const storage = SimulatedStorage.create(scenario);
  const truth = Array.from({ length: scenario.sectorCount }, (_, sector) => {
    return storage.legs[0]?.read(sector) ?? 0;
  });
  return new SimulatedMirror(storage, new Oracle(truth), makeEngine);
}

export interface SimulationRequest {
  readonly seed: number;
  /** Events, before the faults are over. */
  readonly length: number;
  /** Stands in for what the seed would choose. */
  readonly where?: Partial<Scenario>;
  readonly makeEngine?: EngineMaker;
}

/** A run of events chosen by the seed, and then the faults are over. */
export function simulate(request: SimulationRequest): SimulationReport {
  const { seed, length, where, makeEngine = REAL_ENGINE } = request;
  const scenario = { ...scenarioOf(seed), ...where };
  const random = new RandomEvents(seed, scenario);
  return run(scenario, makeEngine, (mirror, count) =>
    count < length ? random.next(mirror) : null,
  );
}

/** The same again, from what was recorded. */
export function replay(
  scenario: Scenario,
  events: readonly SimulationEvent[],
  makeEngine: EngineMaker = REAL_ENGINE,
): SimulationReport {
  return run(scenario, makeEngine, (_, count) => events[count] ?? null);
}

function run(
  scenario: Scenario,
  makeEngine: EngineMaker,
  nextEvent: (mirror: SimulatedMirror, count: number) => SimulationEvent | null,
): SimulationReport {
  const events: SimulationEvent[] = [];
  const mishaps = countMishaps(new Map<Mishap, number>(), mishapsOfScenario(scenario));
  const totals = { crashes: 0, simulatedMs: 0 };
  let mirror: SimulatedMirror | null = null;
  const report = (failure: string | null): SimulationReport => {
    return { scenario, events, mishaps, ...totals, steps: mirror?.steps ?? 0, failure };
  };
  try {
    mirror = beginMirror(scenario, makeEngine);
    for (let event = nextEvent(mirror, 0); event !== null; ) {
      events.push(event);
      if (event.kind === 'tick') totals.simulatedMs += event.by;
      if (event.kind === 'crash') totals.crashes += 1;
      const caused = mishapsOf(mirror, event);
      const next = after(mirror, event);
      if (next !== null) countMishaps(mishaps, caused);
      mirror = next ?? mirror;
      event = nextEvent(mirror, events.length);
    }
    mirror = recoverFully(mirror);
  } catch (error) {
    return report(failureOf(error));
  }
  return report(null);
}

/** The mirror once `event` has happened, another process's if this one's is over; null: it cannot. */
export function after(mirror: SimulatedMirror, event: SimulationEvent): SimulatedMirror | null {
  if (event.kind === 'crash') return mirror.crash(event.luck);
  if (!mirror.apply(event)) return null;
  return mirror.life === 'stopped' ? mirror.restart() : mirror;
}

/** What the mirror did wrong; anything else is a mistake of the simulator, and stays an exception. */
export function failureOf(error: unknown): string {
  if (error instanceof Contradiction || error instanceof InvariantBroken) return error.message;
  throw error;
}
