/**
 * Payloads in JavaScript's heap, for sockets of Node. Sizes are rounded up to a power of two, so that
 * a few kept buffers serve requests of any length.
 */
import { invariant } from '../errors/invariant.ts';
import { DATA_CHUNK_BYTES } from '../nbd-protocol/reply.ts';
import type { Payload, PayloadMemory } from './payload.ts';

const SMALLEST_SHIFT = 12;
/** What is kept for later; a buffer beyond that is left to the garbage collector. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;

export class HeapPayloads implements PayloadMemory {
  readonly #kept: HeapPayload[][] = [];
  #keptBytes = 0;

  take(length: number): HeapPayload {
    const shift = Math.max(SMALLEST_SHIFT, 32 - Math.clz32(length - 1));
    const kept = this.#kept[shift]?.pop();
    if (kept === undefined) return new HeapPayload(shift, (payload) => this.#keep(payload));
    this.#keptBytes -= kept.sizeBytes;
    kept.isFree = false;
    return kept;
  }

  #keep(payload: HeapPayload): void {
    if (this.#keptBytes + payload.sizeBytes > KEPT_BYTES_MAX) return;
    this.#keptBytes += payload.sizeBytes;
    const kept = this.#kept[payload.shift] ?? [];
    this.#kept[payload.shift] = kept;
    kept.push(payload);
  }
}

class HeapPayload implements Payload {
  readonly shift: number;
  isFree = false;
  readonly #bytes: Uint8Array;
  readonly #freed: (payload: HeapPayload) => void;

  constructor(shift: number, freed: (payload: HeapPayload) => void) {
    this.shift = shift;
    this.#bytes = Buffer.allocUnsafeSlow(DATA_CHUNK_BYTES + 2 ** shift);
    this.#freed = freed;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  data(length: number): Uint8Array {
    return this.#bytes.subarray(DATA_CHUNK_BYTES, DATA_CHUNK_BYTES + length);
  }

  whole(room: number, length: number): Uint8Array {
    return this.#bytes.subarray(DATA_CHUNK_BYTES - room, DATA_CHUNK_BYTES + length);
  }

  release(): void {
    invariant(!this.isFree, 'a payload is released once');
    this.isFree = true;
    this.#freed(this);
  }
}
