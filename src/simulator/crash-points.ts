/**
 * Crashes a run after every single event, in every way that matters, and sees whether the mirror comes
 * back: what is found must be true, every sector must read as the oracle allows (at once, and the same
 * again after recovery), and recovery must end with all legs equal and clean.
 *
 *   event ─▶ ✕ process died · nothing in flight made it · all of it did · some of it
 *            ✕ power cut    · nothing cached survives · all of it · all but one write · some of it
 *            ✕ the log write under way torn after each sector · each sidecar that may be there
 *            ✕ one of the legs gone, or another one in its place
 *
 * The run itself goes on unharmed. What two crashes leave alike is looked at once.
 */
import { readAtOnce, recoverFully } from './aftermath.ts';
import { LogOperation } from './record-operation.ts';
import type { Scenario } from './scenario.ts';
import type { EngineMaker, SimulatedMirror } from './simulated-mirror.ts';
import { after, beginMirror, failureOf, REAL_ENGINE } from './simulation.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';
import { UNHARMED } from './simulation-event.ts';

export interface CrashSurvey {
  readonly crashes: number;
  /** Of those, the ones that left something new. */
  readonly distinct: number;
  readonly steps: number;
  /** The events up to the crash that the mirror did not come back from; null: it always did. */
  readonly failure: {
    readonly message: string;
    readonly events: readonly SimulationEvent[];
  } | null;
}

/** `events` must pass without a failure of their own. */
export function surveyCrashes(
  scenario: Scenario,
  events: readonly SimulationEvent[],
  makeEngine: EngineMaker = REAL_ENGINE,
): CrashSurvey {
  const survey = new Survey();
  let mirror = beginMirror(scenario, makeEngine);
  for (const [index, event] of events.entries()) {
    const next = after(mirror, event);
    if (next === null) continue;
    mirror = next;
    const failure = survey.crashEveryWay(mirror);
    if (failure === null) continue;
    const crash: SimulationEvent = { kind: 'crash', luck: failure.luck };
    const story = [...events.slice(0, index + 1), crash];
    return survey.report({ message: failure.message, events: story });
  }
  return survey.report(null);
}

/** Also for whoever finds crash points in another way than by a list of events. */
export class Survey {
  #crashes = 0;
  #steps = 0;
  readonly #seen = new Set<string>();

  crashEveryWay(mirror: SimulatedMirror): { message: string; luck: CrashLuck } | null {
    for (const luck of waysToCrash(mirror)) {
      const message = this.#crash(mirror, luck);
      if (message !== null) return { message, luck };
    }
    return null;
  }

  report(failure: CrashSurvey['failure']): CrashSurvey {
    return { crashes: this.#crashes, distinct: this.#seen.size, steps: this.#steps, failure };
  }

  #crash(mirror: SimulatedMirror, luck: CrashLuck): string | null {
    this.#crashes += 1;
    try {
      const wreck = mirror.wreck(luck);
      if (this.#seen.has(wreck.key)) return null;
      this.#seen.add(wreck.key);
      const found = mirror.rise(wreck);
      readAtOnce(found);
      this.#steps += recoverFully(found).steps - mirror.steps;
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }
}

function* waysToCrash(mirror: SimulatedMirror): Generator<CrashLuck> {
  for (let memory = 0; memory < mirror.memoriesMax; memory += 1) {
    for (const inFlight of ['landed', 'lost'] as const) {
      yield { ...UNHARMED, power: false, inFlight, memory };
      for (const cached of ['kept', 'lost'] as const) {
        yield { ...UNHARMED, power: true, inFlight, cached, memory };
      }
    }
  }
  for (const write of mirror.unsettledWrites()) {
    yield { ...UNHARMED, power: true, cached: { lost: [write] } };
  }
  for (let logSectors = 0; logSectors <= sectorsOfLogWrite(mirror); logSectors += 1) {
    yield { ...UNHARMED, power: true, inFlight: 'some', cached: 'lost', logSectors, seed: 1 };
  }
  for (const leg of mirror.storage.legs.keys()) {
    yield { ...UNHARMED, power: false, inFlight: 'lost', gone: leg };
    yield { ...UNHARMED, power: true, cached: 'lost', swapped: leg };
  }
  for (let seed = 1; seed <= 3; seed += 1) {
    yield { ...UNHARMED, power: false, inFlight: 'some', seed };
    yield { ...UNHARMED, power: true, inFlight: 'some', cached: 'some', seed };
  }
}

function sectorsOfLogWrite(mirror: SimulatedMirror): number {
  const operation = mirror.operations.get('log');
  return operation instanceof LogOperation ? operation.sectorCount : -1;
}
