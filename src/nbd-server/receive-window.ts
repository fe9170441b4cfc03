/**
 * Where a ring receives what a client sends.
 *
 *   window    │ taken │ requests and small payloads │ free │      the next receive goes to `free`
 *   payload   │ what has come of a large payload │ to come │      or, while one is awaited, to `to come`
 *
 * A small payload is copied out of the window, a large one is received where it stays; so what is
 * given to the mirror always lies in one piece, aligned, in memory of its own, and the window is free
 * again as soon as its requests are taken.
 *
 * After a large payload the client probably sends another: then only a little is received into an
 * empty window, many requests still, but hardly any of a payload, which would have to be copied.
 *
 * Invariant: while the kernel may write to the window or a payload (`target` to `push`), its bytes
 * are not moved and not given away.
 */
import { invariant } from '../errors/invariant.ts';
import { REQUEST_BYTES } from '../nbd-protocol/request.ts';
import type { Inbox, WritePayload } from './inbox.ts';
import type { Payload, PayloadMemory } from './payload.ts';

const WINDOW_BYTES = 128 * 1024;
/** Up to here copying costs less than a receive of its own. */
const COPIED_BYTES_MAX = 16 * 1024;
const LITTLE_BYTES = 2048;

interface AwaitedPayload {
  readonly payload: Payload;
  readonly bytes: Uint8Array;
  got: number;
}

export class ReceiveWindow implements Inbox {
  readonly #payloads: PayloadMemory;
  readonly #window: Payload;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #start = 0;
  #end = 0;
  #awaited: AwaitedPayload | null = null;
  #largeLately = false;
  /** The kernel may be writing to `target`. */
  #armed = false;

  constructor(payloads: PayloadMemory) {
    this.#payloads = payloads;
    this.#window = payloads.take(WINDOW_BYTES);
    this.#bytes = this.#window.data(WINDOW_BYTES);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, WINDOW_BYTES);
  }

  get length(): number {
    return this.#end - this.#start + (this.#awaited?.got ?? 0);
  }

  /** `target` is the rest of one payload, and nothing can be done before all of it is there. */
  get awaitsPayload(): boolean {
    return this.#awaited !== null;
  }

  /** Where the next bytes are to be received; `push` them when they have come. */
  target(): Uint8Array {
    this.#armed = true;
    const awaited = this.#awaited;
    if (awaited !== null) return awaited.bytes.subarray(awaited.got);
    this.#makeRoom();
    const little = this.#largeLately && this.length < REQUEST_BYTES;
    return this.#bytes.subarray(this.#end, little ? this.#end + LITTLE_BYTES : WINDOW_BYTES);
  }

  /** `chunk` is the beginning of what `target` returned. */
  push(chunk: Uint8Array): void {
    invariant(this.#armed, 'bytes came that were not asked for');
    this.#armed = false;
    if (this.#awaited === null) this.#end += chunk.length;
    else this.#awaited.got += chunk.length;
  }

  peek(bytes: number): DataView | null {
    if (this.#end - this.#start < bytes) return null;
    return new DataView(this.#view.buffer, this.#view.byteOffset + this.#start, bytes);
  }

  skip(bytes: number): number {
    const skipped = Math.min(bytes, this.#end - this.#start);
    this.#start += skipped;
    return skipped;
  }

  take(bytes: number): Uint8Array[] {
    invariant(bytes <= this.#end - this.#start, `${bytes} bytes asked of ${this.length}`);
    const piece = this.#bytes.slice(this.#start, this.#start + bytes);
    this.#start += bytes;
    return [piece];
  }

  expectPayload(bytes: number): void {
    if (bytes <= COPIED_BYTES_MAX || this.#awaited !== null) return;
    this.#largeLately = true;
    const payload = this.#payloads.take(bytes);
    const awaited = { payload, bytes: payload.data(bytes), got: this.#end - this.#start };
    awaited.bytes.set(this.#bytes.subarray(this.#start, this.#end));
    this.#start = this.#end;
    this.#awaited = awaited;
  }

  takePayload(bytes: number): WritePayload {
    const awaited = this.#awaited;
    if (awaited !== null) {
      invariant(awaited.got === bytes, 'a payload is taken when it is there');
      this.#awaited = null;
      return { pieces: [awaited.bytes], payload: awaited.payload };
    }
    this.#largeLately = bytes > COPIED_BYTES_MAX;
    const payload = this.#payloads.take(bytes);
    const copy = payload.data(bytes);
    copy.set(this.#bytes.subarray(this.#start, this.#start + bytes));
    this.#start += bytes;
    return { pieces: [copy], payload };
  }

  /** The connection is gone, and the kernel has let go of everything here. */
  release(): void {
    this.#awaited?.payload.release();
    this.#awaited = null;
    this.#start = this.#end;
    this.#window.release();
  }

  #makeRoom(): void {
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    } else if (WINDOW_BYTES - this.#end < COPIED_BYTES_MAX + REQUEST_BYTES) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
  }
}
