/**
 * A client without a socket: what it sends reaches the session as long as the session listens, what
 * the session sends is kept, and counts as unsent while the client does not read.
 */
import assert from 'node:assert/strict';
import { HeapPayloads } from '../../src/nbd-server/heap-payloads.ts';
import { ChunkInbox } from '../../src/nbd-server/inbox.ts';
import { MEMORY_LIMITS, MemoryBudget } from '../../src/nbd-server/memory-budget.ts';
import { NbdSession } from '../../src/nbd-server/nbd-session.ts';
import type { Mail } from '../../src/nbd-server/outbox.ts';
import { release } from '../../src/nbd-server/outbox.ts';
import type { Payload, PayloadMemory } from '../../src/nbd-server/payload.ts';
import { ReceiveWindow } from '../../src/nbd-server/receive-window.ts';
import type { Transport } from '../../src/nbd-server/transport.ts';
import type { Reply, RequestFields } from '../nbd-protocol/client-side.ts';
import {
  contextQuery,
  exportChoice,
  option,
  replies,
  request,
} from '../nbd-protocol/client-side.ts';
import { MemoryMirror } from './memory-mirror.ts';

const READ = 0;
const GREETING_BYTES = 18;
const GO = 7;
const STRUCTURED_REPLY = 8;
const SET_META_CONTEXT = 10;

class FakeTransport implements Transport {
  readonly sent: Buffer[] = [];
  sends = 0;
  /** Not copied: what changes before it has left is sent changed, as with a socket. */
  readonly unsent: Mail[] = [];
  reading = true;
  paused = false;
  turnRequested = false;
  ended = false;
  destroyed = false;

  get unsentBytes(): number {
    return this.unsent.reduce((total, { bytes }) => total + bytes, 0);
  }

  send(mail: Mail): void {
    assert(!this.ended && !this.destroyed, 'sent after the end');
    this.sends += 1;
    this.unsent.push(mail);
    if (this.reading) this.leave();
  }

  /** The client takes everything. */
  leave(): void {
    for (const mail of this.unsent.splice(0)) {
      this.sent.push(Buffer.concat(mail.pieces as Uint8Array[]));
      release(mail);
    }
  }

  pause(): void {
    this.paused = true;
  }
  resume(): void {
    this.paused = false;
  }
  requestTurn(): void {
    assert(!this.turnRequested, 'a turn is asked for once');
    this.turnRequested = true;
  }
  end(): void {
    assert(!this.ended, 'ended twice');
    this.ended = true;
  }
  destroy(): void {
    this.destroyed = true;
  }
}

/** Counts what is taken and not released. */
class CountedPayloads implements PayloadMemory {
  readonly #memory = new HeapPayloads();
  taken = 0;

  take(length: number): Payload {
    this.taken += 1;
    const payload = this.#memory.take(length);
    return {
      data: (bytes) => payload.data(bytes),
      whole: (room, bytes) => payload.whole(room, bytes),
      release: () => {
        this.taken -= 1;
        payload.release();
      },
    };
  }
}

/** How the session gets what the client says: as a socket gives it, or as a ring does. */
export const INBOXES = ['chunks', 'window'] as const;

export interface ClientOptions {
  readonly inbox?: (typeof INBOXES)[number];

  readonly mirror?: MemoryMirror;
  readonly budget?: MemoryBudget;
  readonly structured?: boolean;
  readonly contexts?: readonly string[];
  /** Stop after the greeting. */
  readonly handshake?: boolean;
}

export class NbdClient {
  readonly mirror: MemoryMirror;
  readonly budget: MemoryBudget;
  readonly transport = new FakeTransport();
  readonly payloads = new CountedPayloads();
  readonly #window: ReceiveWindow | null;
  readonly session: NbdSession;
  readonly readLengths = new Map<number, number>();
  /** Sent, but the session does not listen. */
  readonly unheard: Uint8Array[] = [];

  constructor(options: ClientOptions = {}) {
    this.mirror = options.mirror ?? new MemoryMirror({ sizeBytes: 4 * 1024 * 1024 });
    this.budget = options.budget ?? new MemoryBudget(MEMORY_LIMITS);
    this.#window = options.inbox === 'window' ? new ReceiveWindow(this.payloads) : null;
    this.session = new NbdSession({
      port: this.mirror,
      transport: this.transport,
      budget: this.budget,
      inbox: this.#window ?? new ChunkInbox(),
      payloads: this.payloads,
      pipes: null,
    });
    assert.equal(this.takeSent().length, GREETING_BYTES);
    if (options.handshake === false) return;
    this.say(Buffer.from([0, 0, 0, 3]));
    if (options.structured ?? true) this.say(option(STRUCTURED_REPLY));
    const contexts = options.contexts ?? [];
    if (contexts.length > 0) this.say(option(SET_META_CONTEXT, contextQuery('', ...contexts)));
    this.say(option(GO, exportChoice('m0')));
    this.takeSent();
  }

  say(...chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.unheard.push(chunk);
    while (!this.transport.paused && this.unheard.length > 0) {
      this.#deliver(this.unheard.shift() as Uint8Array);
    }
  }

  #deliver(chunk: Uint8Array): void {
    if (this.#window === null) {
      this.session.receive(chunk);
      return;
    }
    const target = this.#window.target();
    const bytes = Math.min(target.length, chunk.length);
    target.set(chunk.subarray(0, bytes));
    if (bytes < chunk.length) this.unheard.unshift(chunk.subarray(bytes));
    this.session.receive(target.subarray(0, bytes));
  }

  ask(...requests: readonly RequestFields[]): void {
    this.say(Buffer.concat(requests.map((fields) => this.bytesOf(fields))));
  }

  bytesOf(fields: RequestFields): Buffer {
    if (fields.command === READ)
      this.readLengths.set(Number(fields.cookie ?? 0), fields.length ?? 0);
    return request(fields);
  }

  /** Gives the session the turns it asked for, and what it has not heard, until it is at rest. */
  settle(): void {
    while (this.transport.turnRequested || (!this.transport.paused && this.unheard.length > 0)) {
      if (this.transport.turnRequested) {
        this.transport.turnRequested = false;
        this.session.turn();
      }
      this.say();
    }
  }

  /** From now on the client reads everything, or nothing. */
  read(reading: boolean): this {
    this.transport.reading = reading;
    if (!reading) return this;
    this.transport.leave();
    this.session.turn();
    this.settle();
    return this;
  }

  /** What was not sent stays so. */
  disconnect(): void {
    for (const mail of this.transport.unsent) release(mail);
    this.#window?.release();
    this.session.connectionClosed();
  }

  takeSent(): Buffer {
    return Buffer.concat(this.transport.sent.splice(0));
  }

  replies(): Reply[] {
    return replies(this.takeSent(), this.readLengths);
  }
}
