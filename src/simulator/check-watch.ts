/**
 * The promises of a check, against what the legs really hold:
 *
 * - legs are called different only where something has spoiled a sector behind the mirror's back;
 * - what was called different is not forgotten while it is so;
 * - what is repaired is copied from the leg that the owner named, or from one that got its copy there.
 */
import type { Effect, MirrorEvent } from '../engine/effect.ts';
import type { Engine } from '../engine/engine.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { has, legsOf } from '../region/leg-content.ts';
import { contradict } from './contradiction.ts';
import type { SimulatedStorage } from './simulated-storage.ts';

export class CheckWatch {
  readonly #storage: SimulatedStorage;
  readonly #engine: Engine;
  /** Called different, and not seen to be equal since. */
  readonly #different = new Set<number>();
  /** Being repaired, with the leg that was named. */
  readonly #repaired = new Map<number, LegIndex>();
  #named: LegIndex | null = null;

  constructor(storage: SimulatedStorage, engine: Engine) {
    this.#storage = storage;
    this.#engine = engine;
  }

  /** The owner orders a check that repairs from `leg`; null: one that does not repair. */
  ordered(leg: LegIndex | null): void {
    this.#named = leg;
  }

  heard(event: MirrorEvent): void {
    if (event.event !== 'mismatch') return;
    const { region, repairs } = event;
    if (!this.#storage.isSpoiled(region)) {
      contradict(`the legs are said to differ in region ${region}, which nothing has spoiled`);
    }
    this.#different.add(region);
    if (!repairs) return;
    if (this.#named === null) contradict(`region ${region} is repaired, and nobody named a leg`);
    this.#repaired.set(region, this.#named);
  }

  beforeCopy({ region, source }: Extract<Effect, { kind: 'copyRegion' }>): void {
    const named = this.#repaired.get(region);
    if (named === undefined || named === source) return;
    // Whoever got its copy from the named leg is as good, and a leg that fails is nobody's source.
    const { content, legs } = this.#engine.state;
    if (this.#storage.holdTheSame(region, [named, source])) return;
    if (!has(content.inService, named) || legs.letter(named) !== 'A') return;
    contradict(`region ${region} is repaired from leg ${source}, and leg ${named} was named`);
  }

  /** After every step. */
  atRest(): void {
    const { content, differing } = this.#engine.state;
    for (const region of this.#repaired.keys()) {
      if (
        content.isInSync(region as RegionIndex) &&
        !this.#engine.state.hash.isHeld(region as RegionIndex)
      ) {
        this.#repaired.delete(region);
      }
    }
    for (const region of this.#different) {
      const holders = legsOf(content.holders(region as RegionIndex));
      if (this.#storage.holdTheSame(region, holders)) this.#different.delete(region);
      else if (!differing.has(region as RegionIndex)) {
        contradict(`the legs differ in region ${region}, which was told and is forgotten`);
      }
    }
  }
}
