/**
 * Whether a buffered write is worth another processor.
 *
 * A write on the spot costs as long as the kernel needs to copy it into the page cache: 2 µs for 4 KiB
 * of tmpfs, 18 µs where ext4 keeps the file in large folios, 180 µs for 1 MiB. To hand it to a thread of
 * the kernel costs 5 µs, and then the legs are written at the same time. So writes are measured, those
 * of each size (to the next power of two) for themselves, and handed over while the average is above
 * `WORTH_MS`; long ones, which are slow because memory is, above `WORTH_LONG_MS`. Of those that are, one
 * in `LOOK_EVERY` is done on the spot, to see whether it still costs as much. A thread that lost the
 * processor meanwhile proves nothing: a sample counts for at most `SAMPLE_MS_MAX`.
 *
 * No clock in here: the caller has looked at one.
 */

const WORTH_MS = 0.015;
const WORTH_LONG_MS = 0.03;
const LONG_BYTES = 32 * 1024;
const SAMPLE_MS_MAX = 0.06;
const LOOK_EVERY = 64;
/** How much of the average the newest sample is. */
const SHARE = 1 / 8;
const SIZES = 33;

export class WriteCost {
  readonly #processors: number;
  readonly #averageMs = new Float64Array(SIZES);
  readonly #handedOver = new Uint8Array(SIZES);

  constructor(processors: number) {
    this.#processors = processors;
  }

  /** To be asked once for each write. */
  isWorthAnother(length: number): boolean {
    const size = sizeOf(length);
    const worthMs = length < LONG_BYTES ? WORTH_MS : WORTH_LONG_MS;
    if (this.#processors < 2 || (this.#averageMs[size] ?? 0) <= worthMs) return false;
    const count = ((this.#handedOver[size] ?? 0) + 1) % LOOK_EVERY;
    this.#handedOver[size] = count;
    return count !== 0;
  }

  /** A write of `length` bytes on the spot took so long. */
  took(length: number, milliseconds: number): void {
    const size = sizeOf(length);
    const average = this.#averageMs[size] ?? 0;
    const sample = Math.min(milliseconds, SAMPLE_MS_MAX);
    this.#averageMs[size] = average + (sample - average) * SHARE;
  }
}

const sizeOf = (length: number) => 32 - Math.clz32(length - 1);
