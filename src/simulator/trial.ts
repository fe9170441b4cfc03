/**
 * One seed, tried to the end: the run that it decides, and, if that is asked for, a crash after each of
 * its events. A failure comes as the shortest run that still fails, so that it can be told as a story.
 */
import { formatDuration } from '../geometry/size-words.ts';
import { surveyCrashes } from './crash-points.ts';
import type { Mishap, MishapCounts } from './mishaps.ts';
import { isFaulty } from './mishaps.ts';
import type { Scenario } from './scenario.ts';
import type { ShortestRun } from './shrink.ts';
import { printRun, shrink } from './shrink.ts';
import type { EngineMaker } from './simulated-mirror.ts';
import { REAL_ENGINE, simulate } from './simulation.ts';
import type { SimulationEvent } from './simulation-event.ts';

export interface TrialRequest {
  readonly seed: number;
  /** Events, before the faults are over. */
  readonly length: number;
  /** Crash after each event, too. */
  readonly crashes: boolean;
  /** Stands in for what the seed would choose. */
  readonly where?: Partial<Scenario>;
  readonly makeEngine?: EngineMaker;
}

export interface Trial {
  readonly seed: number;
  /** Of all engines in it. */
  readonly steps: number;
  /** Different things that crashes left, each of them recovered from and checked. */
  readonly crashStates: number;
  readonly simulatedMs: number;
  readonly mishaps: MishapCounts;
  readonly failure: { readonly scenario: Scenario; readonly shortest: ShortestRun } | null;
}

export function tryOut(request: TrialRequest): Trial {
  const { seed, length, where = {}, makeEngine = REAL_ENGINE } = request;
  const { scenario, events, ...run } = simulate({ seed, length, where, makeEngine });
  const { steps, simulatedMs, mishaps } = run;
  const told = { seed, simulatedMs, mishaps };
  const failed = (story: readonly SimulationEvent[], failure: string): Trial['failure'] => {
    const shortest = shrink(scenario, story, makeEngine) ?? { events: story, failure };
    return { scenario, shortest };
  };
  if (run.failure !== null) {
    return { ...told, steps, crashStates: run.crashes, failure: failed(events, run.failure) };
  }
  if (!request.crashes) return { ...told, steps, crashStates: run.crashes, failure: null };
  const survey = surveyCrashes(scenario, events, makeEngine);
  const failure = survey.failure && failed(survey.failure.events, survey.failure.message);
  return { ...told, steps: steps + survey.steps, crashStates: survey.distinct, failure };
}

/** What many trials came to. */
export class Tally {
  schedules = 0;
  /** Schedules in which something went wrong. */
  faultSchedules = 0;
  steps = 0;
  crashStates = 0;
  simulatedMs = 0;
  readonly mishaps = new Map<Mishap, number>();

  add({ steps, crashStates, simulatedMs, mishaps }: Trial): void {
    this.schedules += 1;
    if (isFaulty(mishaps)) this.faultSchedules += 1;
    this.steps += steps;
    this.crashStates += crashStates;
    this.simulatedMs += simulatedMs;
    for (const [mishap, count] of mishaps) {
      this.mishaps.set(mishap, (this.mishaps.get(mishap) ?? 0) + count);
    }
  }

  /** `of` that never came about. */
  missing(of: readonly Mishap[]): Mishap[] {
    return of.filter((mishap) => !this.mishaps.has(mishap));
  }

  /** For people, in one line. */
  describe(): string {
    const { schedules, faultSchedules, crashStates, steps, simulatedMs } = this;
    const time = formatDuration(simulatedMs / 1_000);
    return (
      `schedules: ${schedules}, with faults: ${faultSchedules}; crash states: ${crashStates}; ` +
      `steps: ${steps}; simulated time: ${time}`
    );
  }
}

/** For people: what the seed was about, one event a line, and what was broken. */
export function tellStory({ seed, failure }: Trial): string {
  if (failure === null) return `seed ${seed}: nothing was broken`;
  return `seed ${seed}: ${JSON.stringify(failure.scenario)}\n${printRun(failure.shortest)}`;
}
