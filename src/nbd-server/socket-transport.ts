/**
 * A connection over a socket of Node, unix or TCP.
 */
import type { Socket } from 'node:net';
import { invariant } from '../errors/invariant.ts';
import type { Carrier, Connection, OpenSession } from './carrier.ts';
import { HeapPayloads } from './heap-payloads.ts';
import { ChunkInbox } from './inbox.ts';
import type { NbdSession } from './nbd-session.ts';
import type { Mail } from './outbox.ts';
import { release } from './outbox.ts';
import type { Transport } from './transport.ts';

export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #turn: () => void;

  /** `turn` is called once for each call of `requestTurn`. */
  constructor(socket: Socket, turn: () => void) {
    this.#socket = socket;
    this.#turn = turn;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  send(mail: Mail): void {
    const { pieces } = mail;
    const last = pieces.length - 1;
    this.#socket.cork();
    pieces.forEach((piece, index) => {
      invariant(piece instanceof Uint8Array, 'who sends through Node has no pipes');
      // The callback comes when the socket has taken it, or is broken: either way it is ours again.
      if (index === last) this.#socket.write(piece, () => release(mail));
      else this.#socket.write(piece);
    });
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** After everything else that is ready now, so that requests ending together share one reply. */
  requestTurn(): void {
    setImmediate(this.#turn);
  }

  end(): void {
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

export class SocketCarrier implements Carrier {
  readonly payloads = new HeapPayloads();
  readonly pipes = null;

  carry(socket: Socket, open: OpenSession, closed: (session: NbdSession) => void): Connection {
    const inbox = new ChunkInbox();
    const session: NbdSession = open(new SocketTransport(socket, () => session.turn()), inbox);
    socket.on('data', (chunk: Buffer) => session.receive(chunk));
    socket.on('drain', () => session.turn());
    socket.on('end', () => session.inputEnded());
    // A broken connection is closed, and closing is all there is to do about it.
    socket.on('error', () => {});
    socket.on('close', () => {
      session.connectionClosed();
      closed(session);
    });
    socket.resume();
    return { session, destroy: () => socket.destroy() };
  }
}
