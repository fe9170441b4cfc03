/**
 * Every order in which things can happen to a very small mirror: no chance, no gaps.
 *
 *   client writes, in their order ─┐
 *   an operation under way ends, ──┼─▶ whatever is possible now is tried now, each in a run of its own
 *     well, or (some) badly        │
 *   time passes (some)  ───────────┘
 *
 * A run goes on until nothing is left to happen, then recovers. At every point of every run the mirror
 * is crashed in every way, and comes back: any set of the writes that are under way or cached survives
 * a power cut, any set of those under way the death of the process. Points at which a crash would leave the same are crashed once, and of what crashes leave,
 * equal ones are looked at once; only what is on the devices counts there, since the engine is gone.
 *
 * An engine cannot be copied, so each run begins at the beginning and follows the one before it up to
 * its last choice that is not used up. No two orders are taken for the same.
 */
import { readAtOnce, recoverFully } from './aftermath.ts';
import { contradict } from './contradiction.ts';
import { LUCK_OF_NONE } from './operation.ts';
import { LogOperation } from './record-operation.ts';
import type { Scenario } from './scenario.ts';
import type { EngineMaker, SimulatedMirror } from './simulated-mirror.ts';
import { beginMirror, failureOf, REAL_ENGINE } from './simulation.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';
import { UNHARMED } from './simulation-event.ts';

export interface TinyWorld {
  readonly scenario: Scenario;
  /** What happens before there is a choice. */
  readonly before: readonly SimulationEvent[];
  /** What clients do, in this order. */
  readonly requests: readonly SimulationEvent[];
  /** Operations that fail, at most. */
  readonly errorsMax: number;
  /** How often time may pass, and how far each time. */
  readonly ticksMax: number;
  readonly tick: number;
  readonly crashes: boolean;
}

export interface ModelReport {
  readonly runs: number;
  readonly crashes: number;
  /** Crashes that left something new. */
  readonly distinct: number;
  readonly steps: number;
  /** Choices that were there and were not taken: 0 when every order was tried. */
  readonly untried: number;
  readonly failure: {
    readonly message: string;
    readonly events: readonly SimulationEvent[];
  } | null;
}

interface Choice {
  readonly options: number;
  taken: number;
}

/** What was possible at some point of a run, and what was taken. */
interface RunState {
  readonly mirror: SimulatedMirror;
  readonly events: SimulationEvent[];
  requests: number;
  errors: number;
  ticks: number;
}

export class ModelChecker {
  readonly #world: TinyWorld;
  readonly #makeEngine: EngineMaker;
  readonly #seen = new Set<string>();
  readonly #crashedAt = new Set<string>();
  #path: Choice[] = [];
  #runs = 0;
  #crashes = 0;
  #steps = 0;

  constructor(world: TinyWorld, makeEngine: EngineMaker = REAL_ENGINE) {
    this.#world = world;
    this.#makeEngine = makeEngine;
  }

  /** All runs, or all up to the first failure. */
  check(): ModelReport {
    let failure: ModelReport['failure'] = null;
    do {
      failure = this.#run();
      this.#runs += 1;
    } while (failure === null && this.#nextPath());
    const [runs, crashes, steps] = [this.#runs, this.#crashes, this.#steps];
    const untried = this.#path.reduce((sum, { options, taken }) => sum + options - taken - 1, 0);
    return { runs, crashes, distinct: this.#seen.size, steps, untried, failure };
  }

  #run(): ModelReport['failure'] {
    const mirror = beginMirror(this.#world.scenario, this.#makeEngine);
    const state: RunState = { mirror, events: [], requests: 0, errors: 0, ticks: 0 };
    try {
      for (const event of this.#world.before) this.#happen(state, event);
      for (let depth = 0; ; depth += 1) {
        const isNew = depth === this.#path.length;
        if (isNew && this.#world.crashes) this.#crash(state);
        const options = this.#options(state);
        if (options.length === 0) break;
        if (isNew) this.#path.push({ options: options.length, taken: 0 });
        this.#take(state, options[this.#path[depth]?.taken ?? 0]);
      }
      this.#steps += recoverFully(mirror).steps;
      return null;
    } catch (error) {
      return { message: failureOf(error), events: state.events };
    }
  }

  #options(state: RunState): SimulationEvent[] {
    const { requests, errorsMax, ticksMax, tick } = this.#world;
    const options: SimulationEvent[] = [];
    const request = requests[state.requests];
    if (request !== undefined) options.push(request);
    for (const operation of state.mirror.operations.keys()) {
      options.push({ kind: 'end', operation, outcome: 'ok', luck: 0 });
      if (state.errors === errorsMax) continue;
      for (const luck of [0, LUCK_OF_NONE]) {
        options.push({ kind: 'end', operation, outcome: 'failed', luck });
      }
    }
    if (state.ticks < ticksMax) options.push({ kind: 'tick', by: tick });
    return options;
  }

  #take(state: RunState, event: SimulationEvent | undefined): void {
    if (event === undefined) contradict('the same events led to different choices');
    if (event === this.#world.requests[state.requests]) state.requests += 1;
    else if (event.kind === 'tick') state.ticks += 1;
    else if (event.kind === 'end' && event.outcome !== 'ok') state.errors += 1;
    this.#happen(state, event);
  }

  #happen({ mirror, events }: RunState, event: SimulationEvent): void {
    events.push(event);
    if (!mirror.apply(event)) throw new TypeError(`cannot happen: ${JSON.stringify(event)}`);
  }

  #crash({ mirror, events }: RunState): void {
    const { crashKey } = mirror;
    if (this.#crashedAt.has(crashKey)) return;
    this.#crashedAt.add(crashKey);
    for (const luck of everyWayToCrash(mirror)) {
      events.push({ kind: 'crash', luck });
      this.#crashes += 1;
      const wreck = mirror.wreck(luck);
      if (!this.#seen.has(wreck.key)) {
        this.#seen.add(wreck.key);
        const found = mirror.rise(wreck);
        readAtOnce(found);
        recoverFully(found);
      }
      events.pop();
    }
  }

  /** False: every choice has been made. */
  #nextPath(): boolean {
    let last = this.#path.at(-1);
    while (last !== undefined && last.taken + 1 === last.options) {
      this.#path.pop();
      last = this.#path.at(-1);
    }
    if (last !== undefined) last.taken += 1;
    return last !== undefined;
  }
}

/** Every set of writes lost with the power, every set of those under way lost with the process. */
function* everyWayToCrash(mirror: SimulatedMirror): Generator<CrashLuck> {
  const unsettled = [...mirror.unsettledWrites()];
  const underWay = mirror.underWay.filter(({ write }) => write !== null).map(({ name }) => name);
  const log = mirror.underWay.find((operation) => operation instanceof LogOperation);
  for (let memory = 0; memory < mirror.memoriesMax; memory += 1) {
    for (const lost of subsetsOf(unsettled)) {
      yield { ...UNHARMED, power: true, cached: { lost }, memory };
    }
    for (const inFlight of subsetsOf(underWay)) {
      yield { ...UNHARMED, power: false, inFlight, memory };
    }
    for (let logSectors = 1; logSectors < (log?.sectorCount ?? 0); logSectors += 1) {
      yield { ...UNHARMED, power: false, logSectors, memory };
      yield { ...UNHARMED, power: true, logSectors, memory };
    }
  }
}

function* subsetsOf<Thing>(things: readonly Thing[]): Generator<Thing[]> {
  for (let set = 0; set < 2 ** things.length; set += 1) {
    yield things.filter((_, index) => (set & (1 << index)) !== 0);
  }
}
