/**
 * Replies of one connection, gathered until the turn is over, so that they leave with one call.
 *
 *   pieces   [ack ack ack ack][header data][ack][header data data data]
 *             └ one view of the slab
 *
 * Acknowledgements are 16 bytes each and come in crowds; written side by side into a slab, a crowd
 * is one piece. A slab is never written again where it was handed out, so there is nothing to give
 * back; when it is full, the next one begins.
 */
import { putSimpleReply, SIMPLE_REPLY_BYTES } from '../nbd-protocol/reply.ts';
import type { Cookie } from '../nbd-protocol/request.ts';

const SLAB_BYTES = 4096;

export class Outbox {
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #slab: Uint8Array = new Uint8Array();
  /** The run of acknowledgements that is not a piece yet. */
  #runStart = 0;
  #runEnd = 0;

  /** Bytes waiting to be taken. */
  get bytes(): number {
    return this.#bytes;
  }

  pushSimpleReply(error: number, to: Cookie): void {
    if (this.#runEnd + SIMPLE_REPLY_BYTES > this.#slab.length) this.#startSlab();
    putSimpleReply(this.#slab, this.#runEnd, error, to);
    this.#runEnd += SIMPLE_REPLY_BYTES;
    this.#bytes += SIMPLE_REPLY_BYTES;
  }

  push(piece: Uint8Array): void {
    this.#closeRun();
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Everything gathered so far, in order; the outbox is empty afterwards. */
  take(): Uint8Array[] {
    this.#closeRun();
    const pieces = this.#pieces;
    this.#pieces = [];
    this.#bytes = 0;
    return pieces;
  }

  #closeRun(): void {
    if (this.#runStart === this.#runEnd) return;
    this.#pieces.push(this.#slab.subarray(this.#runStart, this.#runEnd));
    this.#runStart = this.#runEnd;
  }

  #startSlab(): void {
    this.#closeRun();
    this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.#runStart = 0;
    this.#runEnd = 0;
  }
}
