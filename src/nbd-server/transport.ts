/**
 * What an NBD session needs of the connection below it: a socket of Node, or one in a ring.
 *
 * The owner of the connection calls the session: `receive` with every chunk, `turn` when it was
 * asked for one or when everything sent has left, `inputEnded`, and `connectionClosed` last; never
 * from within a call that the session makes. Chunks belong to the session from then on; mail is the
 * transport's, which releases it when it has left, or never will.
 */
import type { Mail } from './outbox.ts';

export interface Transport {
  /** Bytes given to `send` that have not left yet. */
  readonly unsentBytes: number;
  /** In order, all of it, now or as soon as the client takes it. */
  send(mail: Mail): void;
  /** No more chunks after the one being delivered, until `resume`. */
  pause(): void;
  resume(): void;
  /** `session.turn()` is to be called once, soon. */
  requestTurn(): void;
  /** Closes once everything sent has left. */
  end(): void;
  /** Closes now. */
  destroy(): void;
}
