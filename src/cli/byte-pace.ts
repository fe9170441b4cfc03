/** The pace of a job that goes through bytes one after another: how fast it was lately, and what is left. */
import { RecoveryProgress } from '../recovery/progress.ts';
import type { JobReading } from './progress-words.ts';

export class BytePace {
  readonly #totalBytes: number;
  readonly #startBytes: number;
  readonly #passed = new RecoveryProgress();

  /** `startBytes` of `totalBytes` were done before. */
  constructor(totalBytes: number, startBytes: number, nowMs: number) {
    this.#totalBytes = totalBytes;
    this.#startBytes = startBytes;
    this.#passed.restart(nowMs);
  }

  passed(bytes: number, nowMs: number): JobReading {
    this.#passed.recovered(bytes);
    this.#passed.sample(nowMs);
    const doneBytes = Math.min(this.#totalBytes, this.#startBytes + this.#passed.recoveredBytes);
    return {
      doneBytes,
      totalBytes: this.#totalBytes,
      bytesPerSecond: this.#passed.bytesPerSecond(nowMs),
      etaSeconds: this.#passed.etaSeconds(nowMs, this.#totalBytes - doneBytes),
    };
  }
}
