/**
 * How fast recovery is going and when it will be done, from samples of bytes copied over time.
 *
 * The rate is that of the last `WINDOW` milliseconds: what a person sees when looking now, not the
 * mean since the start. With nothing copied in the window the rate is 0 and the end unknown.
 */

const WINDOW = 5_000;
const SAMPLES_MAX = 64;

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

export class RecoveryProgress {
  #samples: Sample[] = [];
  #bytes = 0;

  /** Bytes made equal since the mirror was activated. */
  get recoveredBytes(): number {
    return this.#bytes;
  }

  recovered(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Once a tick while recovery is under way; `restart` when it has been at rest. */
  sample(now: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < WINDOW / SAMPLES_MAX) return;
    this.#samples.push({ at: now, bytes: this.#bytes });
    while ((this.#samples[1]?.at ?? now) < now - WINDOW) this.#samples.shift();
  }

  restart(now: number): void {
    this.#samples = [{ at: now, bytes: this.#bytes }];
  }

  /** Null until there are two samples. */
  bytesPerSecond(now: number): number | null {
    const first = this.#samples[0];
    if (first === undefined || now <= first.at) return null;
    return ((this.#bytes - first.bytes) * 1000) / (now - first.at);
  }

  etaSeconds(now: number, bytesLeft: number): number | null {
    const rate = this.bytesPerSecond(now);
    return rate === null || rate <= 0 ? null : bytesLeft / rate;
  }
}
