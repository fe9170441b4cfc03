/**
 * A connection in a ring, for one session: receives into a window, sends what the session has, and
 * keeps what the socket does not take yet.
 *
 *   kernel ─▶ window ─▶ session ─▶ mail │ mail │ mail ─▶ kernel
 *                                    └ the first one may have left in part
 *
 * Node has accepted the connection; its socket is given up at once and only the descriptor is kept,
 * as a duplicate, so that Node's loop never looks at it.
 */
import type { Socket } from 'node:net';
import { PagePipes } from '../devices/page-pipe.ts';
import type { ConnectionParts } from '../devices/ring-connection.ts';
import { RingConnection, SendRooms } from '../devices/ring-connection.ts';
import type { RingLoop } from '../devices/ring-loop.ts';
import type { Carrier, Connection, OpenSession } from './carrier.ts';
import type { NbdSession } from './nbd-session.ts';
import type { Mail } from './outbox.ts';
import { release } from './outbox.ts';
import type { PayloadMemory } from './payload.ts';
import { ReceiveWindow } from './receive-window.ts';
import type { Transport } from './transport.ts';

class RingTransport implements Transport, Connection {
  readonly session: NbdSession;
  readonly #loop: RingLoop;
  readonly #connection: RingConnection;
  readonly #window: ReceiveWindow;
  readonly #addressOf: (bytes: Uint8Array) => number;
  readonly #closed: (session: NbdSession) => void;
  #unsent: Mail[] = [];
  #unsentBytes = 0;
  /** Bytes of the first mail that have left. */
  #sentOfFirst = 0;
  #target: Uint8Array = new Uint8Array();
  #paused = false;
  #ending = false;
  #turnRequested = false;

  constructor(
    parts: ConnectionParts,
    fd: number,
    rooms: SendRooms | null,
    open: OpenSession,
    closed: (session: NbdSession) => void,
  ) {
    this.#loop = parts.loop;
    this.#closed = closed;
    this.#addressOf = (bytes) => parts.memory.addressOf(bytes) ?? 0;
    this.#window = new ReceiveWindow(parts.memory);
    const events = {
      received: (bytes: number) => this.#received(bytes),
      writable: () => this.#writable(),
      closed: () => this.#gone(),
    };
    this.#connection = new RingConnection(parts, fd, events, rooms);
    this.session = open(this, this.#window);
    this.requestTurn();
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  send(mail: Mail): void {
    this.#unsent.push(mail);
    this.#unsentBytes += mail.bytes;
    this.#sendMore();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#listen();
  }

  requestTurn(): void {
    if (this.#turnRequested) return;
    this.#turnRequested = true;
    this.#loop.soon(() => this.#turn());
  }

  end(): void {
    this.#ending = true;
    if (this.#unsentBytes === 0) this.destroy();
  }

  destroy(): void {
    this.#connection.close();
  }

  #turn(): void {
    this.#turnRequested = false;
    this.session.turn();
    this.#listen();
  }

  #listen(): void {
    if (this.#paused || this.#ending || this.#connection.isBusy) return;
    this.#target = this.#window.target();
    const { length } = this.#target;
    this.#connection.receive(this.#addressOf(this.#target), length, this.#window.awaitsPayload);
  }

  #received(bytes: number): void {
    if (bytes === 0) {
      this.#paused = true;
      this.session.inputEnded();
      return;
    }
    this.session.receive(this.#target.subarray(0, bytes));
    this.#listen();
  }

  #writable(): void {
    this.#sendMore();
    if (this.#unsentBytes > 0) return;
    if (this.#ending) this.destroy();
    else this.session.turn();
  }

  #sendMore(): void {
    while (this.#unsentBytes > 0 && !this.#connection.isFull) {
      const [first] = this.#unsent;
      if (first === undefined) return;
      const sent = this.#connection.send(first.pieces, this.#sentOfFirst);
      this.#sentOfFirst += sent;
      this.#unsentBytes -= sent;
      if (this.#sentOfFirst < first.bytes) continue;
      this.#sentOfFirst = 0;
      this.#unsent.shift();
      release(first);
    }
  }

  #gone(): void {
    for (const mail of this.#unsent.splice(0)) release(mail);
    this.#unsentBytes = 0;
    this.#window.release();
    this.session.connectionClosed();
    this.#closed(this.session);
    this.#loop.visitNow();
  }
}

export class RingCarrier implements Carrier {
  readonly payloads: PayloadMemory;
  readonly pipes: PagePipes;
  readonly #parts: ConnectionParts;
  readonly #rooms = new SendRooms();
  #carried = 0;

  constructor(parts: ConnectionParts) {
    this.payloads = parts.memory;
    this.pipes = new PagePipes(parts.calls, parts.memory);
    this.#parts = parts;
  }

  carry(
    socket: Socket,
    open: OpenSession,
    closed: (session: NbdSession) => void,
  ): Connection | null {
    const fd = this.#parts.calls.duplicate(descriptorOf(socket));
    // A unix socket's has none. TCP finds out by itself how much to have under way.
    const rooms = socket.remoteFamily === undefined ? this.#rooms : null;
    socket.destroy();
    // No descriptor to spare: this client is turned away, as one that could not be accepted.
    if (fd < 0) return null;
    this.#carried += 1;
    return new RingTransport(this.#parts, fd, rooms, open, (session) => {
      this.#carried -= 1;
      if (this.#carried === 0) this.pipes.closeIdle();
      closed(session);
    });
  }
}

/** Node shows it to nobody, but has had it there since sockets exist. */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } };
  return handle.fd;
}
