/** What recovery and the check want of a region: a copy from one leg to others, a look at several. */
import type { RegionDifference } from '../engine/check-order.ts';
import type { Effect } from '../engine/effect.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, maskOf, maskOfLegs, NO_LEGS, union } from '../region/leg-content.ts';
import type { Choice, Operation, WriteNumbers } from './operation.ts';
import { chosenBy, EVERY, LUCK_OF_ALL } from './operation.ts';
import type { SimulatedStorage } from './simulated-storage.ts';

type CopyRegion = Extract<Effect, { kind: 'copyRegion' }>;
type CompareRegion = Extract<Effect, { kind: 'compareRegion' }>;

export class CopyOperation implements Operation {
  readonly name: string;
  readonly isRefused: boolean;
  readonly effect: CopyRegion;
  readonly #refused: LegMask;
  readonly #storage: SimulatedStorage;
  readonly write: number;
  readonly #end: number;
  #next: number;
  /** Read from the source, not yet written to the targets: ends before `#next`. */
  #chunk: number[] = [];

  /** `fenced`: the legs that refuse everything; a copy to some of those goes to the rest. */
  constructor(
    effect: CopyRegion,
    storage: SimulatedStorage,
    fenced: LegMask,
    numbers: WriteNumbers,
  ) {
    const { sectorBytes } = storage.scenario;
    this.name = `copy ${effect.region}`;
    this.effect = effect;
    this.isRefused = has(fenced, effect.source);
    this.#refused = fenced;
    this.#storage = storage;
    this.write = numbers();
    this.#next = effect.offset / sectorBytes;
    this.#end = this.#next + effect.length / sectorBytes;
  }

  /** Writes what was read, then reads some more. */
  land(luck: number): void {
    if (this.isRefused) return;
    for (const leg of this.#targets) this.#writeChunk(this.#storage, leg, EVERY);
    const count = luck === LUCK_OF_ALL ? this.#end - this.#next : 1 + (luck % 3);
    this.#chunk = [];
    for (; this.#chunk.length < count && this.#next < this.#end; this.#next += 1) {
      const content = this.#storage.legs[this.effect.source]?.read(this.#next);
      this.#chunk.push(content ?? 0);
    }
  }

  end(outcome: IoOutcome, luck: number): Input {
    const { region } = this.effect;
    if (this.isRefused || (outcome !== 'ok' && luck % 2 !== 0)) {
      return { kind: 'copyEnded', region, readFailed: true, failedTargets: NO_LEGS };
    }
    const fails = chosenBy(luck);
    const targets = this.#targets;
    const failed = outcome === 'ok' ? [] : targets.filter((_, index) => fails(index));
    if (outcome !== 'ok' && failed.length === 0) failed.push(...targets);
    this.#finish(targets.filter((leg) => !failed.includes(leg)));
    const refused = this.effect.targets.filter((leg) => has(this.#refused, leg));
    const failedTargets = [...failed, ...refused].reduce(
      (mask, leg) => union(mask, maskOf(leg)),
      NO_LEGS,
    );
    return { kind: 'copyEnded', region, readFailed: false, failedTargets };
  }

  interrupt(storage: SimulatedStorage, lands: Choice): void {
    for (const leg of this.#targets) this.#writeChunk(storage, leg, lands);
  }

  get key(): string {
    return `${this.name} to ${this.effect.targets} before ${this.#next}: ${this.#chunk}`;
  }

  get #targets(): LegIndex[] {
    return this.effect.targets.filter((leg) => !has(this.#refused, leg));
  }

  #finish(targets: readonly LegIndex[]): void {
    for (const leg of targets) this.#writeChunk(this.#storage, leg, EVERY);
    this.#chunk = [];
    for (; this.#next < this.#end; this.#next += 1) {
      const content = this.#storage.legs[this.effect.source]?.read(this.#next) ?? 0;
      for (const leg of targets) this.#storage.legs[leg]?.write(this.#next, content, this.write);
    }
  }

  #writeChunk(storage: SimulatedStorage, leg: LegIndex, lands: Choice): void {
    const first = this.#next - this.#chunk.length;
    for (const [index, content] of this.#chunk.entries()) {
      if (lands(index)) storage.legs[leg]?.write(first + index, content, this.write);
    }
  }
}

export class CompareOperation implements Operation {
  readonly name: string;
  readonly key = '';
  readonly write = null;
  readonly isRefused = false;
  readonly effect: CompareRegion;
  readonly #storage: SimulatedStorage;
  readonly #refused: LegMask;

  constructor(effect: CompareRegion, storage: SimulatedStorage, fenced: LegMask) {
    this.name = `compare ${effect.region}`;
    this.effect = effect;
    this.#storage = storage;
    this.#refused = fenced;
  }

  land(): void {}

  end(outcome: IoOutcome, luck: number): Input {
    const { region, legs } = this.effect;
    const fails = chosenBy(luck);
    const unreadable = legs.filter((leg, index) => {
      return has(this.#refused, leg) || (outcome !== 'ok' && fails(index));
    });
    const readable = legs.filter((leg) => !unreadable.includes(leg));
    const difference = this.#differenceAmong(readable);
    return { kind: 'compareEnded', region, unreadable: maskOfLegs(unreadable), difference };
  }

  interrupt(): void {}

  #differenceAmong(legs: readonly LegIndex[]): RegionDifference | null {
    const { offset, length } = this.effect;
    const { sectorBytes } = this.#storage.scenario;
    const first = offset / sectorBytes;
    const sectors = Array.from({ length: length / sectorBytes }, (_, index) => first + index);
    const contentOf = (leg: LegIndex) =>
      sectors.map((sector) => this.#storage.legs[leg]?.read(sector)).join();
    const hashes = legs.map((leg) => ({ leg, sha256: contentOf(leg) }));
    const isEqual = new Set(hashes.map(({ sha256 }) => sha256)).size < 2;
    return isEqual ? null : { offset, length, hashes };
  }
}
