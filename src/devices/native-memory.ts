/**
 * Memory that the kernel may read and write while JavaScript does something else: page-aligned, at an
 * address that is known, never moved and never unmapped.
 *
 *   slots of 4 KiB, 8 KiB, … 32 MiB   block of small ones │ · │ · │ · │ · │   a large one │ ··· │
 *   take(length)  ─▶ the smallest that holds it ─▶ release ─▶ the next `take`
 *
 * Each slot has a page in front of its data, so that the header of a reply can stand before the data
 * and leave with it, while the data stays aligned for O_DIRECT.
 *
 * How much is held at once is for others to bound (nbd-server's memory budget). What is free stays
 * mapped, but large free slots beyond `IDLE_BYTES_MAX` give their pages back to the system.
 */
import { broken, invariant } from '../errors/invariant.ts';
import type { RingCalls } from './io-uring-calls.ts';

const PAGE_BYTES = 4096;
const SMALLEST_SHIFT = 12;
const CLASS_COUNT = 14; // up to 32 MiB
/** Small slots are mapped this much at a time. */
const BLOCK_BYTES = 4 * 1024 * 1024;
const IDLE_BYTES_MAX = 64 * 1024 * 1024;
const LARGE_BYTES = 1024 * 1024;
const MADV_DONTNEED = 4;

export class NativeSlot {
  /** Of the first byte of data. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly #memory: ArrayBuffer;
  readonly #offset: number;
  readonly #free: NativeSlot[];
  readonly #freed: (slot: NativeSlot) => void;
  #data: Uint8Array | null = null;
  #whole: Uint8Array | null = null;
  #isFree = true;

  constructor(
    place: { memory: ArrayBuffer; address: number; offset: number; sizeBytes: number },
    free: NativeSlot[],
    freed: (slot: NativeSlot) => void,
  ) {
    this.#memory = place.memory;
    this.#offset = place.offset;
    this.address = place.address + place.offset;
    this.sizeBytes = place.sizeBytes;
    this.#free = free;
    this.#freed = freed;
  }

  /** The first `length` bytes. The view is kept: most requests are as long as the one before. */
  data(length: number): Uint8Array {
    if (this.#data?.length !== length) {
      this.#data = new Uint8Array(this.#memory, this.#offset, length);
    }
    return this.#data;
  }

  /** `room` bytes before the data, and the first `length` bytes of it. */
  whole(room: number, length: number): Uint8Array {
    const start = this.#offset - room;
    const kept = this.#whole;
    if (kept !== null && kept.byteOffset === start && kept.length === room + length) return kept;
    this.#whole = new Uint8Array(this.#memory, start, room + length);
    return this.#whole;
  }

  taken(): this {
    this.#isFree = false;
    return this;
  }

  release(): void {
    invariant(!this.#isFree, 'a slot is released once');
    this.#isFree = true;
    this.#free.push(this);
    if (this.sizeBytes >= LARGE_BYTES) this.#freed(this);
  }
}

export class NativeMemory {
  readonly #calls: RingCalls;
  readonly #free: readonly NativeSlot[][] = Array.from({ length: CLASS_COUNT }, () => []);
  readonly #addresses = new Map<ArrayBufferLike, number>();
  #lastMemory: ArrayBufferLike | null = null;
  #lastAddress = 0;

  constructor(calls: RingCalls) {
    this.#calls = calls;
  }

  /** At least `length` bytes, with anything in them. */
  take(length: number): NativeSlot {
    const shift = length <= PAGE_BYTES ? 0 : 32 - Math.clz32(length - 1) - SMALLEST_SHIFT;
    const free = this.#free[shift] ?? broken(`no slot is ${length} bytes long`);
    if (free.length === 0) this.#map(shift, free);
    const slot = free.pop();
    invariant(slot !== undefined, 'a block holds at least one slot');
    return slot.taken();
  }

  /** Where `bytes` lie, if it is a view of a slot; else null. */
  addressOf(bytes: Uint8Array): number | null {
    const { buffer, byteOffset } = bytes;
    if (buffer !== this.#lastMemory) {
      const address = this.#addresses.get(buffer);
      if (address === undefined) return null;
      this.#lastMemory = buffer;
      this.#lastAddress = address;
    }
    return this.#lastAddress + byteOffset;
  }

  #map(shift: number, free: NativeSlot[]): void {
    const sizeBytes = PAGE_BYTES << shift;
    const stride = PAGE_BYTES + sizeBytes;
    const count = Math.max(1, Math.floor(BLOCK_BYTES / stride));
    const address = this.#calls.map(count * stride, -1, 0);
    invariant(address > 0, `no memory for ${count * stride} bytes: errno ${-address}`);
    const memory = this.#calls.view(address, count * stride);
    this.#addresses.set(memory, address);
    for (let index = 0; index < count; index += 1) {
      const offset = index * stride + PAGE_BYTES;
      const place = { memory, address, offset, sizeBytes };
      free.push(new NativeSlot(place, free, (slot) => this.#freed(slot, free)));
    }
  }

  #freed(slot: NativeSlot, free: readonly NativeSlot[]): void {
    if (free.length * slot.sizeBytes <= IDLE_BYTES_MAX) return;
    this.#calls.advise(slot.address, slot.sizeBytes, MADV_DONTNEED);
  }
}
