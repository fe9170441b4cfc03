/**
 * How the bytes of accepted connections travel: through sockets of Node (socket-transport.ts) or
 * through a ring (ring-transport.ts). Accepting is Node's business either way; a connection comes
 * once, requests come a hundred thousand times a second.
 */
import type { Socket } from 'node:net';
import type { PagePipes } from '../devices/page-pipe.ts';
import type { Inbox } from './inbox.ts';
import type { NbdSession } from './nbd-session.ts';
import type { PayloadMemory } from './payload.ts';
import type { Transport } from './transport.ts';

/** Makes the session of a connection, which gets its bytes from `inbox`. */
export type OpenSession = (transport: Transport, inbox: Inbox) => NbdSession;

export interface Connection {
  readonly session: NbdSession;
  /** Breaks it. */
  destroy(): void;
}

export interface Carrier {
  readonly payloads: PayloadMemory;
  /** Null: it sends bytes only. */
  readonly pipes: PagePipes | null;
  /**
   * Owns `socket` from now on; calls the session as transport.ts says, and `closed` after that, never
   * from within. Null: the connection could not be carried and is closed; nobody was told.
   */
  carry(
    socket: Socket,
    open: OpenSession,
    closed: (session: NbdSession) => void,
  ): Connection | null;
}
