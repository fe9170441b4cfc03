/**
 * The engine's ear: a unix socket on which the mirror's owner asks and commands.
 *
 *   connect ─▶ line ─▶ handler ─▶ answer ─▶ line ─▶ …        one at a time on each connection
 *                │
 *                └─ not understood: error line, and the connection is closed
 *
 * Who may connect is decided by file modes: the socket is 0600 and its directory 0700 (the caller
 * has made it), so that only the owner and root come this far: connect(2) needs to write to the one
 * and to pass the other. The peer's credentials (SO_PEERCRED) could only say the same again, and
 * Node.js keeps the descriptor that one would have to ask for to itself.
 *
 * Nobody holds anything up: a client that sends no line or does not read its answer for
 * `idleMsMax` is cut off, one that sends more than a line's bound too, and past `CLIENTS_MAX`
 * connections are closed at once. While the handler works, the client may wait as long as it likes.
 *
 * The socket file of a dead engine is replaced, that of a living one never: we connect to find out,
 * because the file alone does not tell. Two engines of one mirror are kept apart by the mirror's lock.
 */
import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { createConnection, createServer } from 'node:net';
import { decodeRequest, encodeAnswer, encodeFault } from '../control-protocol/control-message.ts';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import { CONTROL_LINE_BYTES_MAX } from '../control-protocol/control-request.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { LineBuffer, LineTooLong } from './line-buffer.ts';
import { checkSocketPath } from './socket-path.ts';

const IDLE_MS_MAX = 10_000;
const CLIENTS_MAX = 64;

/** Expected failures are thrown as `MirrorError`; anything else is a bug and ends the process. */
export type ControlHandler = (request: ControlRequest) => Promise<ControlAnswer>;

export interface ControlServer {
  /** Takes no more requests; resolves when those under way are answered, and the socket is gone. */
  close(): Promise<void>;
}

/** Resolves once the socket can be connected to. Throws MIRROR_ACTIVE or LISTEN_FAILED. */
export async function serveControl(
  socketPath: string,
  handler: ControlHandler,
  idleMsMax = IDLE_MS_MAX,
): Promise<ControlServer> {
  checkSocketPath(socketPath);
  await removeStaleSocket(socketPath);
  const clients = new Set<Client>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (clients.size >= CLIENTS_MAX) return socket.destroy();
    const client = new Client(socket, handler, idleMsMax);
    clients.add(client);
    return socket.once('close', () => clients.delete(client));
  });
  await listen(server, socketPath);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of clients) client.leaveAfterAnswer();
      await closed;
    },
  };
}

/** One connection: reads a line, has it answered, reads the next. */
class Client {
  readonly #socket: Socket;
  readonly #handler: ControlHandler;
  readonly #idleMsMax: number;
  readonly #incoming = new LineBuffer(CONTROL_LINE_BYTES_MAX);
  readonly #waiting: string[] = [];
  #answering = false;
  #leaving = false;

  constructor(socket: Socket, handler: ControlHandler, idleMsMax: number) {
    this.#socket = socket;
    this.#handler = handler;
    this.#idleMsMax = idleMsMax;
    socket.setTimeout(idleMsMax, () => socket.destroy());
    // A client that breaks off is no failure of ours; 'close' follows and cleans up.
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#receive(chunk));
    // Whoever has said everything still wants to hear the answer.
    socket.on('end', () => this.leaveAfterAnswer());
  }

  /** Ends the connection now, or once the request under way is answered. */
  leaveAfterAnswer(): void {
    this.#leaving = true;
    if (!this.#answering) this.#socket.destroySoon();
  }

  #receive(chunk: Buffer): void {
    try {
      this.#waiting.push(...this.#incoming.push(chunk));
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      const message = `the request is longer than ${CONTROL_LINE_BYTES_MAX} bytes`;
      this.#refuse(new MirrorError('CONTROL_REQUEST_MALFORMED', message));
      return;
    }
    void this.#answerAll();
  }

  /** Stops reading meanwhile: what the client sends on waits in the kernel, not in our memory. */
  async #answerAll(): Promise<void> {
    this.#answering = true;
    this.#socket.pause();
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      if (!(await this.#answer(line)) || this.#leaving) {
        this.#socket.destroySoon();
        return;
      }
    }
    this.#answering = false;
    this.#socket.resume();
  }

  /** False when the line made no sense, so that what follows cannot be trusted to make any. */
  async #answer(line: string): Promise<boolean> {
    let request: ControlRequest;
    try {
      request = decodeRequest(line);
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      this.#refuse(error);
      return false;
    }
    this.#socket.setTimeout(0);
    try {
      this.#send(encodeAnswer(await this.#handler(request)));
    } catch (error) {
      if (!(error instanceof MirrorError)) throw error;
      this.#send(encodeFault(error));
    } finally {
      this.#socket.setTimeout(this.#idleMsMax);
    }
    return true;
  }

  #refuse(error: MirrorError): void {
    this.#send(encodeFault(error));
    this.#socket.destroySoon();
  }

  #send(line: string): void {
    if (this.#socket.writable) this.#socket.write(line);
  }
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenFailed(socketPath, cause)));
    server.listen(socketPath, () => {
      chmodSync(socketPath, 0o600);
      resolve();
    });
  });
}

async function removeStaleSocket(socketPath: string): Promise<void> {
  const found = lstatSync(socketPath, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    const hint = `remove ${socketPath} if nobody needs it`;
    const message = `${socketPath} is there and is not a socket`;
    throw new MirrorError('LISTEN_FAILED', message, { path: socketPath }, hint);
  }
  if (await someoneListens(socketPath)) {
    const hint = 'deactivate that mirror first';
    const message = `an engine serves ${socketPath} already`;
    throw new MirrorError('MIRROR_ACTIVE', message, { path: socketPath }, hint);
  }
  unlinkSync(socketPath);
}

function someoneListens(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // Only "connection refused" says that nobody does; of a full queue we know that someone does.
    socket.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  });
}

function listenFailed(socketPath: string, cause: Error): MirrorError {
  const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
  const message = `cannot listen on ${socketPath}: ${errno}`;
  const hint = 'see that its directory can be written';
  return new MirrorError('LISTEN_FAILED', message, { path: socketPath, errno }, hint, cause);
}
