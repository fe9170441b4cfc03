/**
 * Numbers that look random and are the same for the same seed: the only randomness in here, so that a
 * run can be had again. A Weyl sequence (steps of 2^32 divided by the golden ratio) whose terms are
 * mixed; every 32-bit number comes once in a period of 2^32. Good for choosing, not for secrets.
 */
const WEYL_STEP = 0x9e3779b9;
const NUMBERS = 2 ** 32;

export class SeededRandom {
  #term: number;

  constructor(seed: number) {
    this.#term = seed >>> 0;
  }

  /** Any 32-bit number. */
  next(): number {
    this.#term = (this.#term + WEYL_STEP) >>> 0;
    let mixed = Math.imul(this.#term ^ (this.#term >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next() / NUMBERS) * limit);
  }

  /** A number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability * NUMBERS;
  }

  /** One of `things`, which are not none. */
  pick<Thing>(things: readonly Thing[]): Thing {
    return things[this.below(things.length)] as Thing;
  }
}
