/**
 * A clock that runs as fast as the work allows, for watching what has already happened: whoever wants
 * to be called later is called in order, and time jumps from one call to the next.
 */
import { setImmediate } from 'node:timers/promises';

interface Call {
  readonly at: number;
  readonly act: () => void;
}

export class VirtualTime {
  /** In seconds, above 0. */
  #now = 1;
  #calls: readonly Call[] = [];

  readonly now = (): number => this.#now;

  /** Returns what takes the call back. */
  readonly later = (milliseconds: number, act: () => void): (() => void) => {
    const call = { at: this.#now + milliseconds / 1000, act };
    this.#calls = [...this.#calls, call];
    return () => {
      this.#calls = this.#calls.filter((other) => other !== call);
    };
  };

  /** Until `seconds` from now have passed, or nobody wants to be called any more. */
  async run(seconds: number): Promise<void> {
    const end = this.#now + seconds;
    for (;;) {
      // What answers at once, in promises, has its turn first.
      await setImmediate();
      const [next] = [...this.#calls].sort((one, other) => one.at - other.at);
      if (next === undefined || next.at > end) break;
      this.#calls = this.#calls.filter((call) => call !== next);
      this.#now = next.at;
      next.act();
    }
    this.#now = end;
  }
}
