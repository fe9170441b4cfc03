/**
 * One client: its bytes become requests for the mirror, the mirror's answers become replies.
 *
 *   handshake ──▶ transmission ──▶ finishing ──▶ ended ──▶ gone
 *       │                              ▲           ▲         ▲
 *       └── refused, aborted ──────────┘           │         └─ the connection is closed, at any time
 *                                                  └─ nothing is in flight any more
 *
 * Everything happens in turns: a chunk has come, replies have left, requests have ended. A turn
 * takes as many requests as there are and as the bounds allow, and then sends all replies at once.
 * At a bound the client is not refused but not heard either, until there is room (memory-budget.ts).
 *
 * Invariants: a request is given to the mirror only whole and only if nothing is wrong with it; each
 * is answered exactly once, in the order in which they end. The payload of a refused write is let
 * go as it comes, so that the connection stays in step. Buffers lent to the mirror count as held
 * until the request ends, even when the client is long gone.
 */
import type { PagePipes } from '../devices/page-pipe.ts';
import { Handshake } from '../nbd-protocol/handshake.ts';
import type { MetaContext } from '../nbd-protocol/numbers.ts';
import { COMMAND, COMMAND_FLAG } from '../nbd-protocol/numbers.ts';
import {
  DATA_CHUNK_BYTES,
  encodeErrorChunk,
  encodeStatusChunk,
  putDataChunk,
  putSimpleReply,
  SIMPLE_REPLY_BYTES,
} from '../nbd-protocol/reply.ts';
import type { ExportTerms, Refusal, WireRequest } from '../nbd-protocol/request.ts';
import { decodeRequest, REQUEST_BYTES, refusalOf } from '../nbd-protocol/request.ts';
import type { Inbox } from './inbox.ts';
import type { MemoryBudget, MemoryHolder } from './memory-budget.ts';
import type { BlockOutcome, Extent, MirrorPort } from './mirror-port.ts';
import type { Answerer } from './nbd-request.ts';
import { FAILURES, NbdRequest } from './nbd-request.ts';
import { Outbox, release } from './outbox.ts';
import type { PayloadMemory } from './payload.ts';
import type { Transport } from './transport.ts';

/** Extents in one block status reply; the client asks again for the rest. */
const EXTENTS_MAX = 1024;
/** A write this long is no longer a mistake but a stream out of step: the client is let go. */
const SKIPPED_PAYLOAD_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Answers that come one by one leave when there are so many, or no more: a client that hears of all its
 * requests at once sends the next all at once, and in between the disk has nothing to do.
 */
const ANSWERS_TOGETHER = 4;

/** Transport and inbox are the connection's, the others belong to all sessions of a mirror. */
export interface SessionParts {
  readonly port: MirrorPort;
  readonly transport: Transport;
  readonly inbox: Inbox;
  readonly budget: MemoryBudget;
  readonly payloads: PayloadMemory;
  /** Null: replies are bytes. */
  readonly pipes: PagePipes | null;
}

type Stage = 'handshake' | 'transmission' | 'finishing' | 'ended' | 'gone';

export class NbdSession implements MemoryHolder, Answerer {
  readonly #port: MirrorPort;
  readonly #transport: Transport;
  readonly #budget: MemoryBudget;
  readonly #payloads: PayloadMemory;
  readonly #pipes: PagePipes | null;
  readonly #handshake: Handshake;
  readonly #input: Inbox;
  readonly #outbox: Outbox;
  #stage: Stage = 'handshake';
  #terms: ExportTerms;
  /** Taken, but its payload is not there yet. */
  #awaited: NbdRequest | null = null;
  #inFlight = 0;
  /** Held by requests taken and not ended; part of `heldBytes`. */
  #requestBytes = 0;
  #heldBytes = 0;
  /** Given outside of a turn since something was sent. */
  #answersUnsent = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  /** Requests may be waiting, but a bound keeps them from being taken. */
  #blocked = false;
  #paused = false;
  #inputEnded = false;
  #inTurn = false;
  #turnRequested = false;

  constructor({ port, transport, inbox, budget, payloads, pipes }: SessionParts) {
    this.#port = port;
    this.#transport = transport;
    this.#input = inbox;
    this.#budget = budget;
    this.#payloads = payloads;
    this.#pipes = pipes;
    this.#outbox = new Outbox(payloads);
    this.#handshake = new Handshake({
      name: port.exportName,
      description: `mirror ${port.exportName}, served by mirrorctl`,
      sizeBytes: port.sizeBytes,
      readOnly: port.readOnly,
    });
    this.#terms = {
      sizeBytes: port.sizeBytes,
      readOnly: port.readOnly,
      structuredReplies: false,
      metaContextCount: 0,
      shuttingDown: false,
    };
    budget.enter(this);
    this.#outbox.push(this.#handshake.greeting());
    this.#flush();
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  get movedBytes(): number {
    return this.#receivedBytes + this.#sentBytes - this.#unsentBytes();
  }

  get waitsForClient(): boolean {
    const midOption = this.#stage === 'handshake' && this.#input.length > 0;
    return midOption || this.#awaited !== null || this.#unsentBytes() > 0;
  }

  receive(chunk: Uint8Array): void {
    if (!this.#listens()) return;
    this.#receivedBytes += chunk.length;
    this.#input.push(chunk);
    this.turn();
  }

  /** The client sends no more, but may still read. */
  inputEnded(): void {
    this.#inputEnded = true;
    this.turn();
  }

  connectionClosed(): void {
    this.#stage = 'gone';
    this.#forget();
    release(this.#outbox.take());
    this.#budget.leave(this);
    this.recount();
  }

  /** Takes no more requests, answers those in flight, and ends the connection. */
  close(): void {
    this.#terms = { ...this.#terms, shuttingDown: true };
    this.turn();
  }

  retry(): void {
    if (this.#turnRequested) return;
    this.#turnRequested = true;
    this.#transport.requestTurn();
  }

  drop(): void {
    this.#transport.destroy();
  }

  turn(): void {
    this.#turnRequested = false;
    if (this.#inTurn || this.#stage === 'ended' || this.#stage === 'gone') return;
    this.#inTurn = true;
    this.#blocked = false;
    if (this.#stage === 'handshake') this.#shakeHands();
    while (this.#stage === 'transmission' && this.#takeRequest());
    this.#flush();
    this.#inTurn = false;
    this.#finishOrListen();
  }

  ended(request: NbdRequest, outcome: BlockOutcome): void {
    this.#inFlight -= 1;
    this.#requestBytes -= request.heldBytes;
    // Only the data of a read is still needed, to be sent.
    const sends = outcome === 'ok' && request.whole !== null && this.#stage !== 'gone';
    if (!sends) request.payload?.release();
    if (!sends || request.pipe?.length === 0) request.pipe?.release();
    if (this.#stage === 'gone') this.recount();
    else this.#answer(request, outcome);
  }

  renewBuffers(request: NbdRequest): void {
    const { into } = request;
    const renewed = this.#takeBuffers(request);
    if (into !== null) renewed.set(into);
  }

  #answer(request: NbdRequest, outcome: BlockOutcome): void {
    if (outcome !== 'ok') this.#refuse(request.wire, FAILURES[outcome]);
    else if (request.whole !== null) this.#sendData(request, request.whole);
    else this.#outbox.pushSimpleReply(0, request.wire);
    if (this.#inTurn) return;
    this.#answersUnsent += 1;
    if (this.#answersUnsent >= ANSWERS_TOGETHER) this.#flush();
    this.retry();
  }

  recount(): void {
    const unparsedBytes = this.#input.length - (this.#awaited?.payloadLeft ?? 0);
    const heldBytes =
      this.#requestBytes + Math.max(0, unparsedBytes) + this.#outbox.bytes + this.#unsentBytes();
    const moreBytes = heldBytes - this.#heldBytes;
    if (moreBytes === 0) return;
    this.#heldBytes = heldBytes;
    this.#budget.adjust(moreBytes);
  }

  #shakeHands(): void {
    this.#blocked = this.#atOwnBound(0);
    if (this.#blocked) return;
    for (const reply of this.#handshake.advance(this.#input)) this.#outbox.push(reply);
    if (this.#handshake.stage === 'closed') this.#stage = 'finishing';
    if (this.#handshake.stage !== 'transmission') return;
    this.#stage = 'transmission';
    this.#terms = {
      ...this.#terms,
      structuredReplies: this.#handshake.structuredReplies,
      metaContextCount: this.#handshake.metaContexts.length,
    };
  }

  /** False: the next request is not there yet, or may not be taken yet, or there is none to come. */
  #takeRequest(): boolean {
    const request = this.#awaited ?? this.#nextRequest();
    if (request === null) return false;
    this.#awaited = request;
    if (request.refusal !== null) {
      request.payloadLeft -= this.#input.skip(request.payloadLeft);
      if (request.payloadLeft > 0) return false;
      this.#awaited = null;
      this.#refuse(request.wire, request.refusal);
      return true;
    }
    if (this.#input.length < request.payloadLeft) {
      this.#input.expectPayload(request.payloadLeft);
      return false;
    }
    this.#awaited = null;
    this.#carryOut(request);
    return true;
  }

  #nextRequest(): NbdRequest | null {
    const header = this.#input.peek(REQUEST_BYTES);
    if (header === null) return null;
    const wire = decodeRequest(header);
    if (wire === null || wire.command === COMMAND.DISC) {
      this.#stage = 'finishing';
      return null;
    }
    const request = new NbdRequest(this, wire, refusalOf(wire, this.#terms));
    if (request.payloadLeft > SKIPPED_PAYLOAD_BYTES_MAX) {
      this.#stage = 'finishing';
      return null;
    }
    if (!this.#admits(request)) return null;
    this.#input.skip(REQUEST_BYTES);
    return request;
  }

  #admits(request: NbdRequest): boolean {
    const bytes = request.heldBytes;
    if (this.#atOwnBound(bytes)) this.#flush();
    if (this.#atOwnBound(bytes)) {
      this.#blocked = true;
      this.#budget.withdraw(this);
      return false;
    }
    if (!this.#budget.admit(this, bytes)) {
      this.#blocked = true;
      return false;
    }
    this.#heldBytes += bytes;
    this.#requestBytes += bytes;
    return true;
  }

  #atOwnBound(bytes: number): boolean {
    const { limits } = this.#budget;
    return (
      this.#inFlight >= limits.requestsInFlightMax ||
      this.#heldBytes + bytes > limits.connectionBytesMax ||
      this.#outbox.bytes + this.#transport.unsentBytes >= limits.unsentBytesMax
    );
  }

  #carryOut(request: NbdRequest): void {
    const { command, length } = request.wire;
    if (command === COMMAND.BLOCK_STATUS) {
      this.#sendStatus(request);
      return;
    }
    if (command === COMMAND.READ) {
      this.#takeBuffers(request);
      request.pipe = this.#pipes?.take(length) ?? null;
    } else if (command === COMMAND.WRITE) {
      const { pieces, payload } = this.#input.takePayload(length);
      request.pieces = pieces;
      request.payload = payload;
    }
    this.#inFlight += 1;
    this.#port.submit(request);
  }

  #takeBuffers(request: NbdRequest): Uint8Array {
    const { length } = request.wire;
    const room = this.#terms.structuredReplies ? DATA_CHUNK_BYTES : SIMPLE_REPLY_BYTES;
    request.payload = this.#payloads.take(length);
    request.whole = request.payload.whole(room, length);
    request.into = request.payload.data(length);
    return request.into;
  }

  #sendData({ wire, payload, pipe }: NbdRequest, whole: Uint8Array): void {
    if (this.#terms.structuredReplies) putDataChunk(whole, 0, wire);
    else putSimpleReply(whole, 0, 0, wire);
    if (pipe === null || pipe.length === 0) {
      this.#outbox.push(whole, payload);
    } else {
      this.#outbox.push(whole.subarray(0, -pipe.length), payload);
      this.#outbox.push(pipe, pipe);
    }
  }

  #sendStatus(request: NbdRequest): void {
    const { wire } = request;
    const extentsMax = (wire.flags & COMMAND_FLAG.REQ_ONE) !== 0 ? 1 : EXTENTS_MAX;
    const contexts = this.#handshake.metaContexts;
    contexts.forEach((context, index) => {
      const extents = this.#extentsOf(context, wire, extentsMax);
      const last = index === contexts.length - 1;
      this.#outbox.push(encodeStatusChunk(wire, context.id, extents, last));
    });
    this.#requestBytes -= request.heldBytes;
  }

  #extentsOf(context: MetaContext, wire: WireRequest, extentsMax: number): readonly Extent[] {
    return context.name === 'base:allocation'
      ? this.#port.allocation(wire.offset, wire.length, extentsMax)
      : this.#port.regionStates(wire.offset, wire.length, extentsMax);
  }

  #refuse(wire: WireRequest, refusal: Refusal): void {
    if (this.#terms.structuredReplies) this.#outbox.push(encodeErrorChunk(wire, refusal));
    else this.#outbox.pushSimpleReply(refusal.error, wire);
  }

  #flush(): void {
    this.#answersUnsent = 0;
    if (this.#outbox.bytes > 0) {
      this.#sentBytes += this.#outbox.bytes;
      this.#transport.send(this.#outbox.take());
    }
    this.recount();
  }

  #finishOrListen(): void {
    const noMoreInput = this.#inputEnded && !this.#blocked;
    const finishing = this.#stage === 'finishing' || noMoreInput || this.#terms.shuttingDown;
    if (finishing && this.#inFlight === 0) {
      this.#stage = 'ended';
      this.#forget();
      this.recount();
      this.#budget.withdraw(this);
      this.#transport.end();
      return;
    }
    const pause = this.#blocked || this.#stage === 'finishing';
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#transport.pause();
    else this.#transport.resume();
  }

  /** Lets go of what was received and will not be carried out. */
  #forget(): void {
    this.#input.skip(this.#input.length);
    if (this.#awaited !== null) this.#requestBytes -= this.#awaited.heldBytes;
    this.#awaited = null;
  }

  #listens(): boolean {
    return this.#stage === 'handshake' || this.#stage === 'transmission';
  }

  #unsentBytes(): number {
    return this.#stage === 'gone' ? 0 : this.#transport.unsentBytes;
  }
}
