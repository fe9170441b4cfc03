/**
 * What an NBD session needs of the connection below it: sockets of Node today, a ring tomorrow.
 *
 * The owner of the connection calls the session: `receive` with every chunk, `turn` when it was
 * asked for one or when everything sent has left, `inputEnded`, and `connectionClosed` last. Chunks
 * belong to the session from then on; pieces are the transport's until they have left.
 */
export interface Transport {
  /** Bytes given to `send` that have not left yet. */
  readonly unsentBytes: number;
  /** In order, all of it, now or as soon as the client takes it. */
  send(pieces: readonly Uint8Array[]): void;
  /** No more chunks after the one being delivered, until `resume`. */
  pause(): void;
  resume(): void;
  /** `session.turn()` is to be called once, soon, and not from within this call. */
  requestTurn(): void;
  /** Closes once everything sent has left. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}
