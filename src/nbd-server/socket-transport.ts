/**
 * A connection over a socket of Node, unix or TCP.
 */
import type { Socket } from 'node:net';
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

  send(pieces: readonly Uint8Array[]): void {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#socket.write(only);
      return;
    }
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
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
