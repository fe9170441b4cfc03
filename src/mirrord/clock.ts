/**
 * The only clock: turns time into ticks, milliseconds since the engine started, and says them to the
 * engine often enough for what it is doing.
 */

export class Clock {
  readonly #tick: (now: number) => void;
  readonly #timerSet: (delayMs: number) => void;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | null = null;

  /** `timerSet` hears of each timer: a thread that waits elsewhere must know when to look here. */
  constructor(tick: (now: number) => void, timerSet: (delayMs: number) => void) {
    this.#tick = tick;
    this.#timerSet = timerSet;
  }

  get now(): number {
    return performance.now() - this.#startedAt;
  }

  /** The next tick comes after `delayMs`; ticks never pile up. */
  next(delayMs: number): void {
    this.stop();
    this.#timer = setTimeout(() => this.#tick(this.now), delayMs);
    this.#timerSet(delayMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
