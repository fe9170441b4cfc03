/**
 * Small numbers for things in flight: `put` gives the thing a number, `take` gives it back and frees
 * the number for the next one. Constant time, and no garbage once it has grown to its largest.
 */
import { broken } from '../errors/invariant.ts';

export class SlotTable<Thing> {
  readonly #things: (Thing | undefined)[] = [];
  readonly #free: number[] = [];

  get count(): number {
    return this.#things.length - this.#free.length;
  }

  put(thing: Thing): number {
    const slot = this.#free.pop() ?? this.#things.length;
    this.#things[slot] = thing;
    return slot;
  }

  at(slot: number): Thing {
    const thing = this.#things[slot];
    if (thing === undefined) broken(`nothing is in flight as ${slot}`);
    return thing;
  }

  take(slot: number): Thing {
    const thing = this.at(slot);
    this.#things[slot] = undefined;
    this.#free.push(slot);
    return thing;
  }
}
