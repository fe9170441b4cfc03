/**
 * What a client has sent and the session has not taken yet. Two kinds: chunks that came from a socket
 * of Node (below), or a window into which a ring receives (receive-window.ts).
 */
import { ByteStream } from '../nbd-protocol/byte-stream.ts';
import type { Payload } from './payload.ts';

/** A write's data, ready for the mirror. */
export interface WritePayload {
  readonly pieces: readonly Uint8Array[];
  /** Null: it goes when nobody looks at it any more. */
  readonly payload: Payload | null;
}

export interface Inbox {
  /** Bytes that can be taken. */
  readonly length: number;
  push(chunk: Uint8Array): void;
  peek(bytes: number): DataView | null;
  skip(bytes: number): number;
  /** Valid until the next `push`. */
  take(bytes: number): Uint8Array[];
  /** The next `bytes` bytes are one payload; it is taken when all of it is there. */
  expectPayload(bytes: number): void;
  takePayload(bytes: number): WritePayload;
}

export class ChunkInbox extends ByteStream implements Inbox {
  expectPayload(): void {
    // Chunks wait where they are.
  }

  takePayload(bytes: number): WritePayload {
    return { pieces: this.take(bytes), payload: null };
  }
}
