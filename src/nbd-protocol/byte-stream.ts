/**
 * The bytes a client has sent and nobody has taken yet. A socket delivers them in chunks cut at any
 * place; here the cuts disappear, without copying what is large.
 *
 *   chunks   [· · · taken │ · · ·] [· · · · · ·] [· · ·]  ← push
 *                         └ next ───── length ────────┘
 *
 * Chunks belong to the stream from `push` on; pieces given out by `take` are views into them.
 *
 * Invariant: two neighbouring chunks hold more than `MERGE_BYTES_MAX` bytes together, the first one
 * aside. So a client that sends 32 MiB one byte at a time costs 32 MiB here, not 32 million objects.
 */
import { invariant } from '../errors/invariant.ts';

/** Neighbours up to this size together are copied into one chunk. */
const MERGE_BYTES_MAX = 8 * 1024;

/** What those need who only take. */
export interface ByteSource {
  readonly length: number;
  peek(bytes: number): DataView | null;
  take(bytes: number): Uint8Array[];
  skip(bytes: number): number;
}

export class ByteStream implements ByteSource {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that have been taken. */
  #taken = 0;
  #length = 0;

  /** Bytes that can be taken. */
  get length(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const last = this.#chunks.at(-1);
    const lastLength = last === undefined ? 0 : last.length - this.#takenOfLast();
    if (last !== undefined && lastLength + chunk.length <= MERGE_BYTES_MAX) {
      this.#chunks[this.#chunks.length - 1] = joined([last.subarray(this.#takenOfLast()), chunk]);
      if (this.#chunks.length === 1) this.#taken = 0;
    } else {
      this.#chunks.push(chunk);
    }
    this.#length += chunk.length;
  }

  /** A view of the next `bytes` bytes, which stay where they are; null while there are fewer. */
  peek(bytes: number): DataView | null {
    if (this.#length < bytes) return null;
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#taken >= bytes) {
      return new DataView(first.buffer, first.byteOffset + this.#taken, bytes);
    }
    return this.#peekAcross(bytes);
  }

  /** The next `bytes` bytes, in order, in as few pieces as they came. */
  take(bytes: number): Uint8Array[] {
    invariant(bytes <= this.#length, `${bytes} bytes asked of ${this.#length}`);
    const pieces: Uint8Array[] = [];
    for (let left = bytes; left > 0; ) {
      const first = this.#chunks[0] as Uint8Array;
      const end = Math.min(first.length, this.#taken + left);
      const piece = first.subarray(this.#taken, end);
      pieces.push(piece);
      this.skip(piece.length);
      left -= piece.length;
    }
    return pieces;
  }

  /** Lets go of up to `bytes` bytes; returns how many there were. */
  skip(bytes: number): number {
    const skipped = Math.min(bytes, this.#length);
    this.#length -= skipped;
    this.#taken += skipped;
    for (let first = this.#chunks[0]; first !== undefined; first = this.#chunks[0]) {
      if (this.#taken < first.length) break;
      this.#taken -= first.length;
      this.#chunks.shift();
    }
    return skipped;
  }

  /** The head of a request that the socket has cut in two is put together again. */
  #peekAcross(bytes: number): DataView {
    const head = joined(this.take(bytes));
    const rest = this.#chunks[0];
    if (rest !== undefined) this.#chunks[0] = rest.subarray(this.#taken);
    this.#chunks.unshift(head);
    this.#taken = 0;
    this.#length += bytes;
    return new DataView(head.buffer, head.byteOffset, bytes);
  }

  #takenOfLast(): number {
    return this.#chunks.length === 1 ? this.#taken : 0;
  }
}

/** The pieces as one; a single piece is not copied. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const whole = new Uint8Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
