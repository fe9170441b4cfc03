/**
 * Where clients of one mirror come in: listening sockets, the sessions behind them, one memory
 * budget for all of them, and an orderly end.
 *
 *   listen(unix:… | tcp:…) ──▶ net.Server ──connection──▶ Transport ⇄ NbdSession ──▶ mirror
 *                                                │
 *   once a second: budget.sweep          one memory budget
 *
 * Closing: sessions answer what is in flight and end; who has not left after `graceMs` is cut off.
 */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { MirrorError } from '../errors/mirror-error.ts';
import type { ListenAddress } from '../nbd-protocol/listen-address.ts';
import type { Carrier, Connection } from './carrier.ts';
import type { MemoryLimits } from './memory-budget.ts';
import { MEMORY_LIMITS, MemoryBudget } from './memory-budget.ts';
import type { MirrorPort } from './mirror-port.ts';
import { NbdSession } from './nbd-session.ts';
import { SocketCarrier } from './socket-transport.ts';
import type { FileIdentity } from './unix-socket.ts';
import { bindingPathOf, publishSocket, withdrawSocket } from './unix-socket.ts';

/** Connections waiting to be accepted; a client that comes with many opens them at once. */
const BACKLOG = 1024;
const SWEEP_INTERVAL_MS = 1_000;
/** How long clients may take to leave when the listener is closed. */
const GRACE_MS = 5_000;
/** After this much silence, TCP asks whether the client is still there. */
const KEEP_ALIVE_AFTER_MS = 30_000;

/** One address, bound. */
interface Entrance {
  readonly server: Server;
  readonly uri: string;
  readonly socketFile: { readonly path: string; readonly identity: FileIdentity } | null;
}

export class NbdListener {
  readonly #port: MirrorPort;
  readonly #budget: MemoryBudget;
  readonly #carrier: Carrier;
  readonly #entrances: Entrance[] = [];
  readonly #sessions = new Map<NbdSession, Connection>();
  readonly #emptied: (() => void)[] = [];
  readonly #sweeping: NodeJS.Timeout;
  readonly #connectionsChange: (count: number) => void;
  #closing = false;

  /** `connectionsChange` is told how many clients are connected, whenever that changes. */
  constructor(
    port: MirrorPort,
    connectionsChange: (count: number) => void,
    carrier: Carrier = new SocketCarrier(),
    limits: MemoryLimits = MEMORY_LIMITS,
  ) {
    this.#carrier = carrier;
    this.#port = port;
    this.#connectionsChange = connectionsChange;
    this.#budget = new MemoryBudget(limits);
    this.#sweeping = setInterval(() => this.#budget.sweep(performance.now()), SWEEP_INTERVAL_MS);
    this.#sweeping.unref();
  }

  /** Accepts clients at `address` from now on; returns its NBD URI. Throws LISTEN_FAILED. */
  async listen(address: ListenAddress): Promise<string> {
    const manner = { allowHalfOpen: true, noDelay: true, pauseOnConnect: true };
    const server = createServer(manner, (socket) => this.#accept(socket));
    const entrance = await this.#open(server, address);
    if (this.#closing) await shut(entrance);
    else this.#entrances.push(entrance);
    return entrance.uri;
  }

  /** Accepts nobody any more; resolves when every connection is closed. */
  async close(graceMs: number = GRACE_MS): Promise<void> {
    this.#closing = true;
    const closed = this.#entrances.splice(0).map(shut);
    for (const session of this.#sessions.keys()) session.close();
    const cutOff = setTimeout(() => {
      for (const connection of this.#sessions.values()) connection.destroy();
    }, graceMs);
    await Promise.all(closed);
    await this.#allGone();
    clearTimeout(cutOff);
    clearInterval(this.#sweeping);
  }

  async #open(server: Server, address: ListenAddress): Promise<Entrance> {
    const name = this.#port.exportName;
    try {
      return 'unix' in address
        ? await openUnix(server, address.unix, name)
        : await openTcp(server, address.host, address.port, name);
    } catch (error) {
      server.close();
      throw error instanceof MirrorError ? error : listenFailed(address, error);
    }
  }

  #accept(socket: Socket): void {
    const { connectionsMax } = this.#budget.limits;
    if (this.#closing || this.#sessions.size >= connectionsMax) return void socket.destroy();
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
    const { payloads, pipes } = this.#carrier;
    const parts = { port: this.#port, budget: this.#budget, payloads, pipes };
    const connection = this.#carrier.carry(
      socket,
      (transport, inbox) => new NbdSession({ ...parts, transport, inbox }),
      (session) => this.#left(session),
    );
    if (connection === null) return;
    this.#sessions.set(connection.session, connection);
    this.#connectionsChange(this.#sessions.size);
  }

  #left(session: NbdSession): void {
    this.#sessions.delete(session);
    this.#connectionsChange(this.#sessions.size);
    if (this.#sessions.size === 0) for (const emptied of this.#emptied.splice(0)) emptied();
  }

  #allGone(): Promise<void> {
    if (this.#sessions.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }
}

async function openUnix(server: Server, path: string, name: string): Promise<Entrance> {
  const bindingPath = bindingPathOf(path);
  await bind(server, { path: bindingPath });
  const identity = await publishSocket(bindingPath, path);
  const uri = `nbd+unix:///${name}?socket=${encodeURIComponent(path).replaceAll('%2F', '/')}`;
  return { server, uri, socketFile: { path, identity } };
}

async function openTcp(
  server: Server,
  host: string,
  port: number,
  name: string,
): Promise<Entrance> {
  await bind(server, { host, port });
  const bound = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]` : host;
  return { server, uri: `nbd://${authority}:${bound.port}/${name}`, socketFile: null };
}

/** Accepts nobody any more; resolves when those who came in here have left. */
function shut({ server, socketFile }: Entrance): Promise<void> {
  if (socketFile !== null) withdrawSocket(socketFile.path, socketFile.identity);
  return new Promise((resolve) => server.close(() => resolve()));
}

function bind(server: Server, where: { path: string } | { host: string; port: number }) {
  return new Promise<void>((resolve, reject) => {
    // Stays: a connection that later cannot be accepted is that client's loss, the others go on.
    server.on('error', reject);
    server.listen({ ...where, backlog: BACKLOG }, resolve);
  });
}

function listenFailed(address: ListenAddress, cause: unknown): MirrorError {
  const place = 'unix' in address ? address.unix : `${address.host}:${address.port}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MirrorError(
    'LISTEN_FAILED',
    `cannot listen on ${place}: ${why}`,
    { place },
    'is another server there, and does the directory exist?',
    cause,
  );
}
