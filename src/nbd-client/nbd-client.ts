/**
 * A small NBD client: enough to read and write an export as any other program would.
 *
 *   connect ─▶ greeting ─▶ GO (name) ─▶ INFO_EXPORT, ACK ─▶ requests, any number in flight
 *
 * Replies are simple ones (no structured replies asked for), matched by cookie, so they may come in
 * any order. A connection that breaks fails every request in flight; it is never repaired.
 *
 * Source: NBD protocol document, "Fixed newstyle negotiation", `NBD_OPT_GO`, "Simple reply message".
 */
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { MirrorError } from '../errors/mirror-error.ts';
import { latin1Bytes, u16, u32 } from '../nbd-protocol/big-endian.ts';
import { ByteStream, joined } from '../nbd-protocol/byte-stream.ts';
import {
  COMMAND,
  HANDSHAKE_FLAG,
  INFO,
  NBD_MAGIC,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_MAGIC,
  SIMPLE_REPLY_MAGIC,
} from '../nbd-protocol/numbers.ts';
import { SIMPLE_REPLY_BYTES } from '../nbd-protocol/reply.ts';
import { encodeRequest } from '../nbd-protocol/request.ts';

const GREETING_BYTES = 18;
const OPTION_REPLY_BYTES = 20;

interface Pending {
  /** Bytes of data that follow the reply. */
  readonly dataBytes: number;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** `socket` as Node's `createConnection` takes it: a unix path or a TCP address. */
export type NbdAddress =
  | { readonly path: string }
  | { readonly host: string; readonly port: number };

export class NbdClient {
  readonly sizeBytes: number;
  readonly #socket: Socket;
  readonly #incoming: ByteStream;
  readonly #pending = new Map<number, Pending>();
  #nextCookie = 1;
  #failure: MirrorError | null = null;

  private constructor(socket: Socket, incoming: ByteStream, sizeBytes: number) {
    this.#socket = socket;
    this.#incoming = incoming;
    this.sizeBytes = sizeBytes;
    socket.on('data', (chunk: Buffer) => {
      incoming.push(chunk);
      this.#readReplies();
    });
    socket.resume();
    socket.on('error', (cause) => this.#fail(clientFailed(cause.message, cause)));
    socket.on('close', () => this.#fail(clientFailed('the server closed the connection')));
  }

  /** Throws NBD_CLIENT_FAILED. */
  static async connect(address: NbdAddress, exportName: string): Promise<NbdClient> {
    const socket = createConnection(address);
    try {
      const incoming = new ByteStream();
      const sizeBytes = await negotiate(socket, incoming, exportName);
      return new NbdClient(socket, incoming, sizeBytes);
    } catch (cause) {
      socket.destroy();
      throw cause instanceof MirrorError ? cause : clientFailed(String(cause), cause);
    }
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#ask(COMMAND.READ, offset, length, null, length);
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    await this.#ask(COMMAND.WRITE, offset, data.length, data, 0);
  }

  async zero(offset: number, length: number): Promise<void> {
    await this.#ask(COMMAND.WRITE_ZEROES, offset, length, null, 0);
  }

  async trim(offset: number, length: number): Promise<void> {
    await this.#ask(COMMAND.TRIM, offset, length, null, 0);
  }

  async flush(): Promise<void> {
    await this.#ask(COMMAND.FLUSH, 0, 0, null, 0);
  }

  /** Says goodbye; nothing may be in flight. */
  close(): void {
    this.#socket.end(this.#request(COMMAND.DISC, 0, 0, 0));
  }

  #ask(
    command: number,
    offset: number,
    length: number,
    payload: Uint8Array | null,
    dataBytes: number,
  ): Promise<Uint8Array> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const cookie = this.#nextCookie;
    this.#nextCookie = (cookie % 0xffff_ffff) + 1;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#pending.set(cookie, { dataBytes, resolve, reject });
    this.#socket.cork();
    this.#socket.write(this.#request(command, cookie, offset, length));
    if (payload !== null) this.#socket.write(payload);
    this.#socket.uncork();
    return promise;
  }

  #request(command: number, cookieLow: number, offset: number, length: number): Uint8Array {
    return encodeRequest({ flags: 0, command, cookieHigh: 0, cookieLow, offset, length });
  }

  #readReplies(): void {
    for (let head = this.#incoming.peek(SIMPLE_REPLY_BYTES); head !== null; ) {
      const cookie = head.getUint32(12);
      const error = head.getUint32(4);
      const pending = this.#pending.get(cookie);
      if (head.getUint32(0) !== SIMPLE_REPLY_MAGIC || pending === undefined) {
        this.#fail(clientFailed('the server sent something that is no reply'));
        this.#socket.destroy();
        return;
      }
      const dataBytes = error === 0 ? pending.dataBytes : 0;
      if (this.#incoming.length < SIMPLE_REPLY_BYTES + dataBytes) return;
      this.#incoming.skip(SIMPLE_REPLY_BYTES);
      this.#pending.delete(cookie);
      if (error === 0) pending.resolve(joined(this.#incoming.take(dataBytes)));
      else pending.reject(clientFailed(`the server answered with error ${error}`));
      head = this.#incoming.peek(SIMPLE_REPLY_BYTES);
    }
  }

  #fail(failure: MirrorError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}

/** Returns the size of the export; bytes after the negotiation stay in `incoming`. */
async function negotiate(
  socket: Socket,
  incoming: ByteStream,
  exportName: string,
): Promise<number> {
  const next = (bytes: number) => receive(socket, incoming, bytes);
  const greeting = await next(GREETING_BYTES);
  if (greeting.getBigUint64(0) !== NBD_MAGIC || greeting.getBigUint64(8) !== OPTION_MAGIC) {
    throw clientFailed('that is no NBD server');
  }
  const name = latin1Bytes(exportName);
  socket.write(u32(HANDSHAKE_FLAG.FIXED_NEWSTYLE | HANDSHAKE_FLAG.NO_ZEROES));
  const payload = joined([u32(name.length), name, u16(0)]);
  const magic = new Uint8Array(8);
  new DataView(magic.buffer).setBigUint64(0, OPTION_MAGIC);
  socket.write(joined([magic, u32(OPTION.GO), u32(payload.length), payload]));
  return await sizeFromReplies(next, exportName);
}

/** Reads the replies to GO up to the one that ends the negotiation. */
async function sizeFromReplies(
  next: (bytes: number) => Promise<DataView>,
  exportName: string,
): Promise<number> {
  for (let sizeBytes: number | null = null; ; ) {
    const head = await next(OPTION_REPLY_BYTES);
    const type = head.getUint32(12);
    const body = await next(head.getUint32(16));
    if (head.getBigUint64(0) !== OPTION_REPLY_MAGIC || type >= OPTION_REPLY.ERR_UNSUP) {
      throw clientFailed(`there is no export '${exportName}'`);
    }
    const tellsSize = type === OPTION_REPLY.INFO && body.getUint16(0) === INFO.EXPORT;
    if (tellsSize) sizeBytes = Number(body.getBigUint64(2));
    if (type !== OPTION_REPLY.ACK) continue;
    if (sizeBytes === null) throw clientFailed('the server did not tell the size of the export');
    return sizeBytes;
  }
}

/** The next `bytes` bytes, in a buffer of their own. */
async function receive(socket: Socket, incoming: ByteStream, bytes: number): Promise<DataView> {
  while (incoming.length < bytes) {
    const chunk = await new Promise<Buffer>((resolve, reject) => {
      const ended = () => reject(clientFailed('the server closed the connection'));
      socket.once('data', (data: Buffer) => {
        socket.pause();
        socket.off('error', reject);
        socket.off('close', ended);
        resolve(data);
      });
      socket.once('error', reject);
      socket.once('close', ended);
      socket.resume();
    });
    incoming.push(chunk);
  }
  const copy = Uint8Array.from(joined(incoming.take(bytes)));
  return new DataView(copy.buffer);
}

function clientFailed(why: string, cause?: unknown): MirrorError<'NBD_CLIENT_FAILED'> {
  return new MirrorError('NBD_CLIENT_FAILED', `NBD: ${why}`, {}, '', cause);
}
