/**
 * What happens next, by chance: mostly that something in flight goes on, now and then that a client
 * wants something, that time passes, that the owner gives an order, that a device fails, that all ends.
 */
import type { IoOutcome } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import { legsOf } from '../region/leg-content.ts';
import type { Scenario } from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedMirror } from './simulated-mirror.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';

const TICKS = [1, 10, 10, 100, 1_000, 4_000, 20_000];
/** Shorter than the aftermath, longer than any rest. */
const JUMPS = [-60_000, -1_000, 60_000, 86_400_000];
const LUCK_MAX = 2 ** 31;

export class RandomEvents {
  readonly #random: SeededRandom;
  readonly #scenario: Scenario;

  constructor(seed: number, scenario: Scenario) {
    this.#random = new SeededRandom(seed ^ 0x5eed);
    this.#scenario = scenario;
  }

  next(mirror: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    const mischief = this.#mischief(mirror);
    if (mischief !== null) return mischief;
    if (mirror.operations.size > 0 && random.chance(0.65)) return this.#progress(mirror);
    if (mirror.life === 'broken') return { kind: 'crash', luck: this.#crashLuck() };
    const mayAsk = mirror.life === 'serving' && mirror.clients.waiting < this.#scenario.requestsMax;
    if (mayAsk && random.chance(0.7)) return this.#request(mirror);
    if (random.chance(0.07)) return this.#order();
    return { kind: 'tick', by: random.pick(TICKS) };
  }

  #rot(): SimulationEvent {
    const { legCount, sectorCount } = this.#scenario;
    const leg = this.#random.below(legCount) as LegIndex;
    return { kind: 'rot', leg, sector: this.#random.below(sectorCount) };
  }

  /** Null: for once the world behaves. */
  #mischief(mirror: SimulatedMirror): SimulationEvent | null {
    const random = this.#random;
    const { crashes, departures, clockJumps, rots } = this.#scenario;
    if (rots > 0 && random.chance(rots)) return this.#rot();
    if (random.chance(crashes)) return { kind: 'crash', luck: this.#crashLuck() };
    if (random.chance(departures)) return this.#departure(mirror);
    if (random.chance(clockJumps)) return { kind: 'jump', by: random.pick(JUMPS) };
    if (mirror.fence.hung.size > 0 && random.chance(0.05)) return this.#late(mirror);
    return null;
  }

  #departure({ fence }: SimulatedMirror): SimulationEvent {
    const [first] = legsOf(fence.away);
    if (first !== undefined && this.#random.chance(0.6)) return { kind: 'return', leg: first };
    return { kind: 'leave', leg: this.#random.below(this.#scenario.legCount) as LegIndex };
  }

  #late({ fence }: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    const operation = random.pick([...fence.hung.keys()]);
    const outcome = random.chance(0.7) ? 'ok' : 'failed';
    return { kind: 'late', operation, outcome, luck: random.below(LUCK_MAX) };
  }

  #progress(mirror: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    const operation = random.pick([...mirror.operations.keys()]);
    const luck = random.chance(0.5) ? 0 : random.below(LUCK_MAX);
    if (random.chance(0.3)) return { kind: 'land', operation, luck };
    if (random.chance(this.#scenario.hangs)) return { kind: 'hang', operation };
    const outcome = this.#outcomeOf(operation);
    return { kind: 'end', operation, outcome, luck };
  }

  #outcomeOf(operation: string): IoOutcome {
    const random = this.#random;
    if (!random.chance(this.#errorRateOf(operation))) return 'ok';
    return operation.startsWith('write') && random.chance(0.2) ? 'noSpace' : 'failed';
  }

  #errorRateOf(operation: string): number {
    const { logErrors, memoryErrors, flushErrors, legErrors } = this.#scenario;
    if (operation === 'log') return logErrors;
    if (operation === 'memory' || operation === 'session') return memoryErrors;
    return operation.startsWith('flush') ? flushErrors : legErrors;
  }

  #request(mirror: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    const request = mirror.newRequest();
    if (random.chance(0.15)) return { kind: 'flush', request };
    const { sectorCount, sectorsPerRegion } = this.#scenario;
    const sector = random.below(sectorCount);
    const longest = random.chance(0.2) ? sectorCount : sectorsPerRegion;
    const count = 1 + random.below(Math.min(longest, sectorCount - sector));
    if (random.chance(0.35)) return { kind: 'read', request, sector, count };
    const kind = random.pick(['write', 'write', 'write', 'zero', 'discard'] as const);
    return { kind, request, sector, count, fua: random.chance(0.15) };
  }

  #order(): SimulationEvent {
    const random = this.#random;
    const percent = random.pick([null, 5, 50]);
    const leg = random.below(this.#scenario.legCount) as LegIndex;
    const repairFrom = random.chance(0.3) ? leg : null;
    return random.pick<SimulationEvent>([
      { kind: 'pauseRecovery' },
      { kind: 'resumeRecovery' },
      { kind: 'resumeRecovery' },
      { kind: 'throttleRecovery', percent },
      { kind: 'startCheck', repairFrom },
      { kind: 'stopCheck' },
      { kind: 'decide', leg },
      { kind: 'reattach' },
      { kind: 'stop' },
    ]);
  }

  #crashLuck(): CrashLuck {
    const random = this.#random;
    const { legChanges, legCount } = this.#scenario;
    const leg = () => (random.chance(legChanges) ? random.below(legCount) : null);
    return {
      power: random.chance(0.6),
      cached: random.pick(['kept', 'lost', 'some', 'some']),
      inFlight: random.pick(['landed', 'lost', 'some', 'some']),
      logSectors: null,
      memory: random.below(4),
      gone: leg(),
      swapped: leg(),
      seed: random.below(LUCK_MAX),
    };
  }
}
