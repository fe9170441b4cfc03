/**
 * A slider for how much of the time recovery may use, from a tenth to all of it. What is slid is not
 * confirmed, because nothing can be lost and the next key takes it back; it is done once the slider
 * rests.
 */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';

const REST_MS = 400;
const LEAST = 10;
const ALL = 100;

export class ThrottleSlider {
  readonly #settle: (percent: number) => Promise<unknown>;
  /** Null: it stands where the mirror has it. */
  #percent: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `settle`: the limit is to be this much, 100 for none. */
  constructor(settle: (percent: number) => Promise<unknown>) {
    this.#settle = settle;
  }

  /** As it stands on the screen; null: the limit is a rate. */
  percent(status: MirrorStatus): number | null {
    const { throttle } = status.recovery;
    if (this.#percent !== null) return this.#percent;
    if (throttle === null) return ALL;
    return 'percent' in throttle ? throttle.percent : null;
  }

  nudge(status: MirrorStatus, by: number): void {
    this.set((this.percent(status) ?? ALL / 2) + by);
  }

  set(wanted: number): void {
    const percent = Math.max(LEAST, Math.min(ALL, Math.round(wanted / LEAST) * LEAST));
    this.#percent = percent;
    this.stop();
    this.#timer = setTimeout(() => {
      void this.#settle(percent).then(() => {
        this.#percent = null;
      });
    }, REST_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }
}
