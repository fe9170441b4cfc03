/**
 * Which leg a copy worker is calling on right now, in memory that it shares with the pool: so that a
 * call which does not come back has a name, and so that the worker can be dismissed in the middle of it.
 *
 *   word 0    0: between calls     n: in a call on leg n - 1     -1: dismissed
 *   word 1    how many calls have begun: the same twice, and the same call
 *
 *   worker   between ──begins──▶ in a call ──ends──▶ between ──▶ …
 *   pool                             └──dismiss──▶ dismissed: when the call is over, nothing follows it
 *
 * Every arrow is one compare-and-exchange, so a worker is dismissed only from within a call, and touches
 * no leg after that call but the one that did not answer.
 */
import type { LegIndex } from '../geometry/units.ts';

const BETWEEN = 0;
const DISMISSED = -1;
const WORDS = 2;

/** Thrown out of whatever the worker was doing: the order is no longer its own. */
export class Dismissed extends Error {}

/** Surrounds every call on a leg that may not come back. */
export type CallWatch = <Result>(leg: LegIndex, call: () => Result) => Result;

export const unwatched: CallWatch = (_, call) => call();

export class CallPulse {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** Null: between calls. `call` tells one from the next. */
  now(): { readonly leg: LegIndex; readonly call: number } | null {
    const at = Atomics.load(this.#words, 0);
    return at > BETWEEN ? { leg: (at - 1) as LegIndex, call: Atomics.load(this.#words, 1) } : null;
  }

  /** False: it is not in a call on `leg`. */
  dismiss(leg: LegIndex): boolean {
    return Atomics.compareExchange(this.#words, 0, leg + 1, DISMISSED) === leg + 1;
  }

  readonly watch: CallWatch = (leg, call) => {
    Atomics.add(this.#words, 1, 1);
    this.#pass(BETWEEN, leg + 1);
    try {
      return call();
    } finally {
      this.#pass(leg + 1, BETWEEN);
    }
  };

  #pass(from: number, to: number): void {
    if (Atomics.compareExchange(this.#words, 0, from, to) !== from) throw new Dismissed();
  }
}
