/**
 * What happens next, by chance: mostly that something in flight goes on, now and then that a client
 * wants something, that time passes, that the owner gives an order, that a device fails, that all ends.
 */
import type { IoOutcome } from '../engine/input.ts';
import type { Scenario } from './scenario.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedMirror } from './simulated-mirror.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';

const TICKS = [1, 10, 10, 100, 1_000, 4_000, 20_000];
const LUCK_MAX = 2 ** 31;

export class RandomEvents {
  readonly #random: SeededRandom;
  readonly #scenario: Scenario;
  /** Legs that fail everything for now. */
  readonly #down = new Set<number>();

  constructor(seed: number, scenario: Scenario) {
    this.#random = new SeededRandom(seed ^ 0x5eed);
    this.#scenario = scenario;
  }

  next(mirror: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    this.#toggleOutages();
    if (random.chance(this.#scenario.crashes)) return { kind: 'crash', luck: this.#crashLuck() };
    if (mirror.operations.size > 0 && random.chance(0.65)) return this.#progress(mirror);
    if (mirror.life === 'broken') return { kind: 'crash', luck: this.#crashLuck() };
    const mayAsk = mirror.life === 'serving' && mirror.clients.waiting < this.#scenario.requestsMax;
    if (mayAsk && random.chance(0.7)) return this.#request(mirror);
    if (random.chance(0.07)) return this.#order();
    return { kind: 'tick', by: random.pick(TICKS) };
  }

  #toggleOutages(): void {
    const { legOutages, legCount } = this.#scenario;
    if (legOutages === 0 || !this.#random.chance(legOutages)) return;
    const leg = this.#random.below(legCount);
    if (!this.#down.delete(leg)) this.#down.add(leg);
  }

  #progress(mirror: SimulatedMirror): SimulationEvent {
    const random = this.#random;
    const operation = random.pick([...mirror.operations.keys()]);
    const luck = random.chance(0.5) ? 0 : random.below(LUCK_MAX);
    if (random.chance(0.3)) return { kind: 'land', operation, luck };
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
    for (const leg of this.#down) if (operation.includes(`leg ${leg}`)) return 1;
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
    return random.pick<SimulationEvent>([
      { kind: 'pauseRecovery' },
      { kind: 'resumeRecovery' },
      { kind: 'resumeRecovery' },
      { kind: 'throttleRecovery', percent },
      { kind: 'stop' },
    ]);
  }

  #crashLuck(): CrashLuck {
    const random = this.#random;
    return {
      power: random.chance(0.6),
      cached: random.pick(['kept', 'lost', 'some', 'some']),
      inFlight: random.pick(['landed', 'lost', 'some', 'some']),
      logSectors: null,
      memory: random.below(4),
      seed: random.below(LUCK_MAX),
    };
  }
}
