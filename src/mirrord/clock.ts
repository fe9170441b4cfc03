/**
 * The only clock: turns time into ticks, milliseconds since the engine started, and says them to the
 * engine often enough for what it is doing.
 */

export class Clock {
  readonly #tick: (now: number) => void;
  readonly #startedAt = performance.now();
  #timer: NodeJS.Timeout | null = null;

  constructor(tick: (now: number) => void) {
    this.#tick = tick;
  }

  get now(): number {
    return performance.now() - this.#startedAt;
  }

  /** The next tick comes after `delayMs`; ticks never pile up. */
  next(delayMs: number): void {
    this.stop();
    this.#timer = setTimeout(() => this.#tick(this.now), delayMs);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
