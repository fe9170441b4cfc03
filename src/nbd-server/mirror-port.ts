/**
 * What an NBD session needs of the mirror behind it. Sessions know nothing of legs or regions, the
 * mirror knows nothing of sockets; this file is all they agree on.
 *
 * A request given to `submit` is within the mirror, of at least one byte (flush: none), and is ended
 * by `request.done` exactly once, possibly before `submit` returns. Until then its buffers are lent
 * to the mirror: a read fills `into` or `pipe`, a write only looks at `pieces`.
 */

import type { PagePipe } from '../devices/page-pipe.ts';

export type BlockVerb = 'read' | 'write' | 'zero' | 'discard' | 'flush' | 'cache';

/** How a request ended; the session translates it into an NBD error. */
export type BlockOutcome = 'ok' | 'ioError' | 'noSpace' | 'notSupported' | 'shuttingDown';

export interface BlockRequest {
  readonly verb: BlockVerb;
  /** Bytes from the start of the mirror. */
  readonly offset: number;
  readonly length: number;
  /** Read: exactly `length` bytes to fill. */
  readonly into: Uint8Array | null;
  /** Read: the pages of all of it may be put here instead; null: they may not. */
  readonly pipe: PagePipe | null;
  /** Write: the payload in order, `length` bytes together. */
  readonly pieces: readonly Uint8Array[];
  readonly fua: boolean;
  /** Zero: the range may become a hole. */
  readonly mayPunch: boolean;
  /** Zero: refuse with `notSupported` rather than write zeroes byte by byte. */
  readonly fastOnly: boolean;
  /**
   * A device may still write into the buffers, or read from them, at any later time: they are never
   * used again. A read has new ones afterwards, with what the old ones held.
   */
  abandonBuffers(): void;
  done(outcome: BlockOutcome): void;
}

/** Of a request without data and without wishes. */
export const NOTHING = {
  into: null,
  pipe: null,
  pieces: [],
  fua: false,
  mayPunch: false,
  fastOnly: false,
} as const satisfies Partial<BlockRequest>;

/** One extent of a block status reply: `flags` as the metadata context defines them. */
export interface Extent {
  readonly length: number;
  readonly flags: number;
}

export interface MirrorPort {
  readonly exportName: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  submit(request: BlockRequest): void;
  /** base:allocation: bit 0 hole, bit 1 reads as zeroes. At least one extent, at most `extentsMax`. */
  allocation(offset: number, length: number, extentsMax: number): Extent[];
  /** mirrorctl:regions: the state numbers of region/region-state.ts. */
  regionStates(offset: number, length: number, extentsMax: number): Extent[];
}
