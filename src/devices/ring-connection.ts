/**
 * A connected socket in the ring: receives into native memory, sends from it.
 *
 *   receive   one request in the ring; the kernel waits for the client, not we
 *   send      sendmsg on the spot, many pieces in one call; what the socket does not take
 *             waits until a poll in the ring says that it takes more
 *
 * A socket that was full once may take more at once from then on, if it is among the first: Linux lets
 * 208 KiB be under way in one, and whoever sends 1 MiB is then woken for each part of it.
 *
 * Owns its descriptor. `closed` is called once, last, when the kernel looks at nothing of ours any more.
 */
import fs from 'node:fs';
import os from 'node:os';
import { invariant } from '../errors/invariant.ts';
import { OPERATION } from './io-uring.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { NativeMemory } from './native-memory.ts';
import { PagePipe } from './page-pipe.ts';
import type { RingLoop } from './ring-loop.ts';

/** struct msghdr of a 64-bit machine, and behind it the vector: { address u64, length u64 } each. */
const HEADER_BYTES = 56;
const VECTOR_BYTES = 16;
const VECTORS_MAX = 1024;
const MSG_DONTWAIT = 0x40;
const MSG_MORE = 0x8000;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
const POLLOUT = 4;
const { EINTR, EAGAIN } = os.constants.errno;

/** The one message of this thread: a send is over when the call returns. */
export class SendMessage {
  readonly address: number;
  readonly #words: Int32Array;
  #count = 0;

  constructor(memory: NativeMemory) {
    const bytes = HEADER_BYTES + 8 + VECTORS_MAX * VECTOR_BYTES;
    const slot = memory.take(bytes);
    const { buffer, byteOffset } = slot.data(bytes);
    this.address = slot.address;
    this.#words = new Int32Array(buffer, byteOffset, bytes >> 2);
    this.#words.fill(0);
    this.#putU64(4, slot.address + HEADER_BYTES + 8);
  }

  get isFull(): boolean {
    return this.#count === VECTORS_MAX;
  }

  begin(): void {
    this.#count = 0;
  }

  add(address: number, length: number): void {
    const at = (HEADER_BYTES + 8) / 4 + this.#count * 4;
    this.#putU64(at, address);
    this.#words[at + 2] = length;
    this.#count += 1;
    this.#words[6] = this.#count;
  }

  #putU64(word: number, value: number): void {
    this.#words[word] = value | 0;
    this.#words[word + 1] = (value / 2 ** 32) | 0;
  }
}

/** The kernel doubles it, to count its own words about the bytes. */
const SEND_ROOM_BYTES = 1024 * 1024;
/** What clients do not read lies in the kernel, where no budget counts it. */
const ROOMS_MAX = 64;

/** Sockets that may take more than is usual. */
export class SendRooms {
  #taken = 0;

  take(): boolean {
    if (this.#taken === ROOMS_MAX) return false;
    this.#taken += 1;
    return true;
  }

  giveBack(): void {
    this.#taken -= 1;
  }
}

export interface ConnectionParts {
  readonly loop: RingLoop;
  readonly calls: RingCalls;
  readonly memory: NativeMemory;
  readonly message: SendMessage;
}

export interface ConnectionEvents {
  /** So many bytes lie where they were asked to; 0: the client sends no more. */
  received(bytes: number): void;
  /** The socket takes more. */
  writable(): void;
  closed(): void;
}

export class RingConnection {
  readonly #parts: ConnectionParts;
  readonly #fd: number;
  readonly #events: ConnectionEvents;
  readonly #rooms: SendRooms | null;
  readonly #receiver: number;
  readonly #poller: number;
  #receiving = false;
  #receiveAt = 0;
  #receiveBytes = 0;
  #receiveFlags = 0;
  #polling = false;
  #closing = false;
  #hasRoom = false;

  /** `rooms` null: how much is under way is the socket's own affair, as with TCP. */
  constructor(
    parts: ConnectionParts,
    fd: number,
    events: ConnectionEvents,
    rooms: SendRooms | null,
  ) {
    this.#parts = parts;
    this.#fd = fd;
    this.#events = events;
    this.#rooms = rooms;
    this.#receiver = parts.loop.ring.enlist({ completed: (result) => this.#received(result) });
    this.#poller = parts.loop.ring.enlist({ completed: () => this.#writable() });
  }

  /** It receives already, or never will again. */
  get isBusy(): boolean {
    return this.#receiving || this.#closing;
  }

  /** `writable` will be called. */
  get isFull(): boolean {
    return this.#polling || this.#closing;
  }

  /** `whole`: `received` is called only with all `length` bytes, or at the end of the stream. */
  receive(address: number, length: number, whole: boolean): void {
    invariant(!this.#receiving && !this.#closing, 'one receive at a time, on an open connection');
    this.#receiving = true;
    this.#receiveAt = address;
    this.#receiveBytes = length;
    this.#receiveFlags = whole ? MSG_WAITALL : 0;
    const { ring } = this.#parts.loop;
    const flags = this.#receiveFlags;
    ring.put(OPERATION.RECV, this.#fd, 0, address, length, flags, this.#receiver);
  }

  /**
   * Sends `pieces` from byte `skip` of them on; returns how many bytes the socket took. Fewer than
   * there are: `writable` is called when it takes more. A broken connection is closed.
   */
  send(pieces: readonly (Uint8Array | PagePipe)[], skip: number): number {
    const { message, calls } = this.#parts;
    message.begin();
    let toSkip = skip;
    let wanted = 0;
    let flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    for (const piece of pieces) {
      if (toSkip >= piece.length) {
        toSkip -= piece.length;
        continue;
      }
      if (piece instanceof PagePipe) {
        // Bytes and pages leave by different calls; a pipe knows itself what of it has left.
        if (wanted === 0) return this.#sent(piece.drain(this.#fd), piece.length - toSkip);
        flags |= MSG_MORE;
        break;
      }
      if (message.isFull) break;
      message.add(this.#addressOf(piece) + toSkip, piece.length - toSkip);
      wanted += piece.length - toSkip;
      toSkip = 0;
    }
    return this.#sent(calls.send(this.#fd, message.address, flags), wanted);
  }

  #sent(result: number, wanted: number): number {
    const isBroken =
      result < 0 ? result !== -EAGAIN && result !== -EINTR : result === 0 && wanted > 0;
    if (isBroken) this.close();
    const count = Math.max(0, result);
    if (count < wanted) this.#waitUntilWritable();
    return count;
  }

  /** Breaks the connection; `closed` follows when nothing is in flight, never from within. */
  close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#parts.calls.shutdown(this.#fd);
    this.#finishIfIdle();
  }

  #addressOf(piece: Uint8Array): number {
    // What is sent seldom (the handshake, errors) may lie in the heap: the call is over before
    // anything can move.
    return this.#parts.memory.addressOf(piece) ?? this.#parts.calls.addressOf(piece);
  }

  #waitUntilWritable(): void {
    if (this.#polling || this.#closing) return;
    if (!this.#hasRoom && this.#rooms?.take() === true) {
      this.#hasRoom = true;
      this.#parts.calls.setSendRoom(this.#fd, SEND_ROOM_BYTES);
    }
    this.#polling = true;
    this.#parts.loop.ring.put(OPERATION.POLL_ADD, this.#fd, 0, 0, 0, POLLOUT, this.#poller);
  }

  #received(result: number): void {
    this.#receiving = false;
    if (this.#closing) this.#finishIfIdle();
    else if (result >= 0) this.#events.received(result);
    else if (result === -EINTR || result === -EAGAIN) {
      this.receive(this.#receiveAt, this.#receiveBytes, this.#receiveFlags !== 0);
    } else this.close();
  }

  #writable(): void {
    this.#polling = false;
    if (this.#closing) this.#finishIfIdle();
    else this.#events.writable();
  }

  #finishIfIdle(): void {
    if (!this.#receiving && !this.#polling) this.#parts.loop.soon(() => this.#finish());
  }

  #finish(): void {
    const { ring } = this.#parts.loop;
    ring.dismiss(this.#receiver);
    ring.dismiss(this.#poller);
    fs.closeSync(this.#fd);
    if (this.#hasRoom) this.#rooms?.giveBack();
    this.#events.closed();
  }
}
