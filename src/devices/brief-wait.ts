/**
 * Whether to look for work again and again for a moment before going to sleep.
 *
 *   round ends ─▶ look, look, look …  at most 50 µs ──something came──▶ next round
 *                                                   └──nothing──▶ sleep ─▶ be woken ─▶ next round
 *
 * A client with one request under way sends the next a few microseconds after it was answered. To be
 * woken for it costs more than the request itself: a switch of tasks, and on a virtual machine an
 * interrupt from one processor to another. So a thread that has just done little looks again for as
 * long as a sleep would cost. A long round has so much to do that being woken is lost in it.
 *
 * Bounds: `LOOK_MS_MAX` a time, and each time that nothing came, twice as many sleeps go without a look
 * as the time before, up to `SLEEPS_MAX`. So looking in vain costs an idle mirror nothing, and a busy
 * one under two per cent of a processor; looking with success keeps one busy for as long as requests
 * come that close together. Never where there is but one processor: nobody could send meanwhile.
 *
 * No clock in here: the caller has looked at one.
 */

export const LOOK_MS_MAX = 0.05;

const ROUND_MS_MAX = 0.1;
const SLEEPS_MAX = 64;

export class BriefWait {
  readonly #processors: number;
  #inVain = 0;
  #sleepsLeft = 0;

  constructor(processors: number) {
    this.#processors = processors;
  }

  /** `roundMs`: how long there was something to do before this wait. To be asked once for each wait. */
  isWorthwhile(roundMs: number): boolean {
    if (this.#processors < 2 || roundMs > ROUND_MS_MAX) return false;
    if (this.#sleepsLeft === 0) return true;
    this.#sleepsLeft -= 1;
    return false;
  }

  /** What came of a look. */
  looked(found: boolean): void {
    this.#inVain = found ? 0 : Math.min(SLEEPS_MAX, this.#inVain * 2 + 1);
    this.#sleepsLeft = this.#inVain;
  }
}
