/**
 * A client over a real socket, for tests that are about sockets.
 */
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { exportChoice, option } from '../nbd-protocol/client-side.ts';

/** Greeting, one information, acknowledgement. */
const GO_REPLY_BYTES = 18 + 32 + 20;

/** A client over a real socket that has come as far as the transmission. */
export class SocketClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wanted = { bytes: 0, resolve: () => {} };

  constructor(where: { path: string } | { host: string; port: number }) {
    this.socket = connect(where);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      if (this.#received.length >= this.#wanted.bytes) this.#wanted.resolve();
    });
  }

  static async at(where: { path: string } | { host: string; port: number }): Promise<SocketClient> {
    const client = new SocketClient(where);
    client.socket.write(Buffer.from([0, 0, 0, 3]));
    client.socket.write(option(7, exportChoice('m0')));
    await client.received(GO_REPLY_BYTES);
    return client;
  }

  async received(bytes: number): Promise<Buffer> {
    if (this.#received.length < bytes) {
      await new Promise<void>((resolve) => {
        this.#wanted = { bytes, resolve };
      });
    }
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }
}
