/**
 * Which writes go on where another one has ended: streams, written from front to back.
 *
 *   stream   ├─ write ─┤├─ write ─┤├─ write ─┤ …
 *   regions  │  marked  │  marked  │  clean   │  clean   │        the mark of the next few goes along
 *
 * A stream comes to a clean region again and again, and would wait for the log each time. Marked ahead,
 * a few regions at once share one log write. The price: after a crash those few are copied, too.
 *
 * Bounds: `STREAMS_MAX` streams are remembered, the one that ended longest ago is forgotten. Large regions
 * are not marked ahead: a stream is busy with one for so long that its mark costs nothing.
 */

const AHEAD_MAX = 7;
const AHEAD_BYTES_MAX = 16 * 1024 * 1024;

/** How many regions behind the one that is written are marked with it. */
export function regionsMarkedAhead(regionBytes: number): number {
  return Math.min(AHEAD_MAX, Math.floor(AHEAD_BYTES_MAX / regionBytes));
}

const STREAMS_MAX = 8;

export class WriteStreams {
  /** Where the last write of each stream ended, in bytes. */
  readonly #ends = new Float64Array(STREAMS_MAX).fill(-1);
  #oldest = 0;

  /** A write has come; true: it goes on where one of the last few has ended. */
  goesOn(offset: number, length: number): boolean {
    const place = this.#ends.indexOf(offset);
    if (place >= 0) {
      this.#ends[place] = offset + length;
      return true;
    }
    this.#ends[this.#oldest] = offset + length;
    this.#oldest = (this.#oldest + 1) % STREAMS_MAX;
    return false;
  }
}
