/**
 * From a run that fails to the shortest one that still does: leaves out runs of events, half of them
 * first, then smaller parts, until no single event can be spared. Events name their operations in a
 * way that outlives the loss of others (simulation-event.ts), so most of what is left still fits.
 *
 * Any failure counts, not the same one only: whatever is shortest is what to look at first.
 */
import type { Scenario } from './scenario.ts';
import type { EngineMaker } from './simulated-mirror.ts';
import { REAL_ENGINE, replay } from './simulation.ts';
import type { SimulationEvent } from './simulation-event.ts';

export interface ShortestRun {
  readonly events: readonly SimulationEvent[];
  readonly failure: string;
}

/** `events` must fail; null if they do not. */
export function shrink(
  scenario: Scenario,
  events: readonly SimulationEvent[],
  makeEngine: EngineMaker = REAL_ENGINE,
): ShortestRun | null {
  const whole = replay(scenario, events, makeEngine);
  if (whole.failure === null) return null;
  let shortest: ShortestRun = { events: whole.events, failure: whole.failure };
  for (let size = Math.ceil(shortest.events.length / 2); size >= 1; size = Math.floor(size / 2)) {
    let last: ShortestRun;
    do {
      last = shortest;
      shortest = withoutParts(scenario, last, size, makeEngine);
    } while (shortest.events.length < last.events.length);
  }
  return shortest;
}

/** Tries to leave out each part of `size` events in turn. */
function withoutParts(
  scenario: Scenario,
  run: ShortestRun,
  size: number,
  makeEngine: EngineMaker,
): ShortestRun {
  let shortest = run;
  for (let first = 0; first < shortest.events.length; ) {
    const { events } = shortest;
    const rest = [...events.slice(0, first), ...events.slice(first + size)];
    const { failure, events: taken } = replay(scenario, rest, makeEngine);
    if (failure === null) first += size;
    else shortest = { events: taken, failure };
  }
  return shortest;
}

/** For people: one event a line. */
export function printRun({ events, failure }: ShortestRun): string {
  return [...events.map((event) => JSON.stringify(event)), `=> ${failure}`].join('\n');
}
