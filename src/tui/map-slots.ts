/**
 * What each slot of the map shows: the worst look among its regions, the legs that miss any of them,
 * and how hot it is from recent writes. Only slots with changed regions are looked at again, so a
 * frame costs as much as has happened, however large the mirror. A change raises its slot's worst look at
 * once, so that the next look at the slot may stop at the first region that is as bad.
 *
 * The looks are numbered from good to bad (watch/region-picture.ts): the worst is the largest number.
 */
import type { RegionPicture } from '../watch/region-picture.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import type { MapLayout } from './map-layout.ts';
import { NO_SLOT } from './map-layout.ts';

/** What is left of the heat after one frame: half of it is gone in about a second. */
const COOLING = 0.93;
const COLD = 0.2;
/** From this much heat on, a slot is warm, hot, glowing. */
const HEAT_STEPS = [0.6, 4, 16];
/** A slot keeps its level until its heat is this far below the step, so that it does not flicker. */
const STICKINESS = 0.6;

const WORST = REGION_LOOKS.length - 1;

export const HEAT_LEVELS = HEAT_STEPS.length + 1;

export class MapSlots {
  readonly layout: MapLayout;
  /** The worst look of each slot, once settled. */
  readonly worst: Uint8Array;
  /** The legs that miss any region of each slot, bit i for leg i. */
  readonly missing: Uint16Array;
  /** 0 cold to `HEAT_LEVELS` - 1. */
  readonly levels: Uint8Array;
  readonly #heat: Float32Array;
  readonly #picture: RegionPicture;
  readonly #stale: Uint8Array;

  constructor(layout: MapLayout, picture: RegionPicture) {
    this.layout = layout;
    this.worst = new Uint8Array(layout.slotCount).fill(WORST);
    this.missing = new Uint16Array(layout.slotCount);
    this.levels = new Uint8Array(layout.slotCount);
    this.#heat = new Float32Array(layout.slotCount);
    this.#picture = picture;
    this.#stale = new Uint8Array(layout.slotCount).fill(1);
  }

  changed(first: number, count: number, writes: number): void {
    const { window } = this.layout;
    const from = Math.max(first, window.first);
    const last = Math.min(first + count, window.first + window.count) - 1;
    if (from > last) return;
    const end = this.layout.slotOf(last);
    for (let slot = this.layout.slotOf(from); slot <= end && slot !== NO_SLOT; slot += 1) {
      if (writes > 0) this.#heat[slot] = (this.#heat[slot] ?? 0) + writes;
      else this.#mayBe(slot, count === 1 ? (this.#picture.looks[first] ?? 0) : WORST);
    }
  }

  /** One frame later: looks at what has changed, and cools. */
  settle(): void {
    for (let slot = 0; slot < this.layout.slotCount; slot += 1) {
      if (this.#stale[slot] === 1) this.#look(slot);
      const heat = this.#heat[slot] ?? 0;
      if (heat === 0) continue;
      this.levels[slot] = levelOf(heat, this.levels[slot] ?? 0);
      this.#heat[slot] = heat < COLD ? 0 : heat * COOLING;
      if (heat < COLD) this.levels[slot] = 0;
    }
  }

  /** A region of `slot` may look like `look` now. */
  #mayBe(slot: number, look: number): void {
    this.#stale[slot] = 1;
    if (look > (this.worst[slot] ?? 0)) this.worst[slot] = look;
  }

  #look(slot: number): void {
    const from = this.layout.firstOf(slot);
    const end = this.layout.firstOf(slot + 1);
    this.worst[slot] = this.#worstOf(from, end, this.worst[slot] ?? 0);
    this.missing[slot] = this.#picture.missesAny ? this.#missingOf(from, end) : 0;
    this.#stale[slot] = 0;
  }

  /** None of them is worse than `bound`. */
  #worstOf(from: number, end: number, bound: number): number {
    const { looks } = this.#picture;
    let worst = 0;
    for (let region = from; region < end && worst < bound; region += 1) {
      const look = looks[region] ?? 0;
      if (look > worst) worst = look;
    }
    return worst;
  }

  #missingOf(from: number, end: number): number {
    const { missing } = this.#picture;
    let legs = 0;
    for (let region = from; region < end; region += 1) legs |= missing[region] ?? 0;
    return legs;
  }
}

function levelOf(heat: number, before: number): number {
  let level = 0;
  for (const [step, needed] of HEAT_STEPS.entries()) {
    if (heat >= (step < before ? needed * STICKINESS : needed)) level = step + 1;
  }
  return level;
}
