/**
 * A mirror without legs: an array in memory behind the port that NBD sessions speak to. Requests
 * end at once, or, with `hold`, when the test says so and in the order it says.
 *
 * It knows which 4 KiB blocks were ever written, so that block status has something to tell; its
 * regions are 1 MiB each and go through the five states by their number.
 */
import assert from 'node:assert/strict';
import type { BlockRequest, Extent, MirrorPort } from '../../src/nbd-server/mirror-port.ts';

const BLOCK_BYTES = 4096;
const REGION_BYTES = 1024 * 1024;
const STATE_HOLE_AND_ZERO = 3;

export interface MemoryMirrorOptions {
  readonly sizeBytes: number;
  readonly readOnly?: boolean;
  /** Requests wait in `held`. */
  readonly hold?: boolean;
}

export class MemoryMirror implements MirrorPort {
  readonly exportName = 'm0';
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly bytes: Buffer;
  readonly held: BlockRequest[] = [];
  hold: boolean;
  readonly #written: Uint8Array;

  constructor({ sizeBytes, readOnly = false, hold = false }: MemoryMirrorOptions) {
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    this.hold = hold;
    this.bytes = Buffer.alloc(sizeBytes);
    this.#written = new Uint8Array(Math.ceil(sizeBytes / BLOCK_BYTES));
  }

  submit(request: BlockRequest): void {
    this.#check(request);
    if (this.hold) this.held.push(request);
    else this.#carryOut(request);
  }

  /** Ends the request held at `index`. */
  release(index: number): void {
    const [request] = this.held.splice(index, 1);
    assert(request !== undefined, `no request is held at ${index}`);
    this.#carryOut(request);
  }

  releaseAll(): void {
    while (this.held.length > 0) this.release(0);
  }

  allocation(offset: number, length: number, extentsMax: number): Extent[] {
    return runs(offset, length, extentsMax, BLOCK_BYTES, (block) =>
      this.#written[block] === 1 ? 0 : STATE_HOLE_AND_ZERO,
    );
  }

  regionStates(offset: number, length: number, extentsMax: number): Extent[] {
    return runs(offset, length, extentsMax, REGION_BYTES, (region) => region % 5);
  }

  /** The session's promise: nothing malformed reaches the mirror. */
  #check({ verb, offset, length, into, pieces }: BlockRequest): void {
    if (verb === 'flush') {
      assert.equal(length, 0);
      return;
    }
    assert(length > 0 && offset >= 0 && offset + length <= this.sizeBytes);
    if (verb === 'read') assert.equal(into?.length, length);
    if (verb === 'write') {
      assert.equal(
        pieces.reduce((total, piece) => total + piece.length, 0),
        length,
      );
    }
    if (verb === 'write' || verb === 'zero' || verb === 'discard') assert(!this.readOnly);
  }

  #carryOut(request: BlockRequest): void {
    const { verb, offset, length } = request;
    if (verb === 'read') {
      request.into?.set(this.bytes.subarray(offset, offset + length));
    } else if (verb === 'write') {
      let at = offset;
      for (const piece of request.pieces) {
        this.bytes.set(piece, at);
        at += piece.length;
      }
      this.#mark(Math.floor(offset / BLOCK_BYTES), Math.ceil((offset + length) / BLOCK_BYTES), 1);
    } else if (verb === 'zero' || verb === 'discard') {
      this.bytes.fill(0, offset, offset + length);
      const punch = verb === 'discard' || request.mayPunch;
      const end = offset + length === this.sizeBytes ? Math.ceil : Math.floor;
      if (punch) {
        this.#mark(Math.ceil(offset / BLOCK_BYTES), end((offset + length) / BLOCK_BYTES), 0);
      } else {
        this.#mark(Math.floor(offset / BLOCK_BYTES), Math.ceil((offset + length) / BLOCK_BYTES), 1);
      }
    }
    request.done('ok');
  }

  #mark(firstBlock: number, endBlock: number, value: 0 | 1): void {
    if (firstBlock < endBlock) this.#written.fill(value, firstBlock, endBlock);
  }
}

/** Runs of units with the same flags, cut to the range asked for. */
function runs(
  offset: number,
  length: number,
  extentsMax: number,
  unitBytes: number,
  flagsOf: (unit: number) => number,
): Extent[] {
  const extents: Extent[] = [];
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const unit = Math.floor(at / unitBytes);
    const next = Math.min(end, (unit + 1) * unitBytes);
    const last = extents.at(-1);
    const flags = flagsOf(unit);
    if (last?.flags === flags) {
      extents[extents.length - 1] = { length: last.length + next - at, flags };
    } else {
      if (extents.length === extentsMax) break;
      extents.push({ length: next - at, flags });
    }
    at = next;
  }
  return extents;
}
