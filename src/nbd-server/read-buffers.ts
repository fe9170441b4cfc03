/**
 * Buffers for reads, with those of the commonest size kept for the next read: a fresh one for each
 * 4 KiB would cost more than all the rest of a request.
 *
 * A kept buffer still holds what was read last; whoever takes it fills all of it.
 */
import { BLOCK_BYTES_PREFERRED } from '../nbd-protocol/numbers.ts';
import { DATA_CHUNK_BYTES, SIMPLE_REPLY_BYTES } from '../nbd-protocol/reply.ts';

/** A block, with room in front for what a reply of one kind or the other begins with. */
const KEPT_LENGTHS = [SIMPLE_REPLY_BYTES, DATA_CHUNK_BYTES].map(
  (headerBytes) => headerBytes + BLOCK_BYTES_PREFERRED,
);
/** Of each length; about a MiB. */
const KEPT_MAX = 256;

export class ReadBuffers {
  readonly #kept = new Map(KEPT_LENGTHS.map((bytes): [number, Uint8Array[]] => [bytes, []]));

  take(bytes: number): Uint8Array {
    return this.#kept.get(bytes)?.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }

  /** Nobody looks at `pieces` any more. Those that cannot be used again may be among them. */
  keep(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      const kept = this.#kept.get(piece.length);
      if (kept !== undefined && kept.length < KEPT_MAX) kept.push(piece);
    }
  }
}
