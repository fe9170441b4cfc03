/**
 * Replies of one connection, gathered until the turn is over, so that they leave with one call.
 *
 *   pieces   [ack ack ack ack][header data][ack][header data data data]
 *             └ one view of the slab
 *
 * Acknowledgements are 16 bytes each and come in crowds; written side by side into a slab, a crowd
 * is one piece. A slab leaves with its turn's replies; the next turn has another one.
 */
import type { PagePipe } from '../devices/page-pipe.ts';
import { putSimpleReply, SIMPLE_REPLY_BYTES } from '../nbd-protocol/reply.ts';
import type { Cookie } from '../nbd-protocol/request.ts';
import type { Payload, PayloadMemory } from './payload.ts';

const SLAB_BYTES = 4096;
const NO_SLAB = new Uint8Array();

/** Bytes, or pages in a pipe. */
export type MailPiece = Uint8Array | PagePipe;

/** The replies of one turn, and the memory they lie in; that is to be released when they have left. */
export interface Mail {
  readonly pieces: readonly MailPiece[];
  readonly payloads: readonly Pick<Payload, 'release'>[];
  readonly bytes: number;
}

export class Outbox {
  readonly #memory: PayloadMemory;
  #pieces: MailPiece[] = [];
  #payloads: Pick<Payload, 'release'>[] = [];
  #bytes = 0;
  #slab: Uint8Array = NO_SLAB;
  /** The run of acknowledgements that is not a piece yet. */
  #runStart = 0;
  #runEnd = 0;

  constructor(memory: PayloadMemory) {
    this.#memory = memory;
  }

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

  /** `payload`: where `piece` lies, if it is to be released. */
  push(piece: MailPiece, payload: Pick<Payload, 'release'> | null = null): void {
    this.#closeRun();
    this.#pieces.push(piece);
    if (payload !== null) this.#payloads.push(payload);
    this.#bytes += piece.length;
  }

  /** Everything gathered so far, in order; the outbox is empty afterwards. */
  take(): Mail {
    this.#closeRun();
    const mail = { pieces: this.#pieces, payloads: this.#payloads, bytes: this.#bytes };
    this.#pieces = [];
    this.#payloads = [];
    this.#bytes = 0;
    this.#slab = NO_SLAB;
    this.#runStart = 0;
    this.#runEnd = 0;
    return mail;
  }

  #closeRun(): void {
    if (this.#runStart === this.#runEnd) return;
    this.#pieces.push(this.#slab.subarray(this.#runStart, this.#runEnd));
    this.#runStart = this.#runEnd;
  }

  #startSlab(): void {
    this.#closeRun();
    const payload = this.#memory.take(SLAB_BYTES);
    this.#payloads.push(payload);
    this.#slab = payload.data(SLAB_BYTES);
    this.#runStart = 0;
    this.#runEnd = 0;
  }
}

export function release({ payloads }: Mail): void {
  for (const payload of payloads) payload.release();
}
