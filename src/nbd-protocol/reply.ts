/**
 * What the server answers, as bytes. Two kinds, depending on what the handshake agreed on:
 *
 *   simple   │ magic 0x67446698 │ error u32 │ cookie 8 │ data of a read, if there is no error
 *   bytes    0                  4           8          16
 *
 *   chunk    │ magic 0x668e33ef │ flags │ type │ cookie 8 │ length u32 │ payload: `length` bytes
 *   bytes    0                  4       6      8          16           20
 *
 *   OFFSET_DATA    payload │ offset u64 │ data
 *   BLOCK_STATUS   payload │ context id u32 │ { length u32, flags u32 } …
 *   ERROR          payload │ error u32 │ text length u16 │ text
 *
 * With structured replies, errors and whatever carries data are chunks; a bare success stays a
 * simple reply, which is shorter. A read is answered when all of it is there, so it is one chunk
 * and the last one, and no error can follow it.
 *
 * Source: NBD protocol document, "Simple reply message", "Structured reply types".
 */
import { latin1Bytes, putU16, putU32, putU64 } from './big-endian.ts';
import { CHUNK, CHUNK_FLAG_DONE, CHUNK_MAGIC, SIMPLE_REPLY_MAGIC } from './numbers.ts';
import type { Cookie, Refusal, WireRequest } from './request.ts';

export const SIMPLE_REPLY_BYTES = 16;
const CHUNK_BYTES = 20;
/** What stands in front of the data of a read. */
export const DATA_CHUNK_BYTES = CHUNK_BYTES + 8;

/** Writes `SIMPLE_REPLY_BYTES` bytes; `error` 0 is success. */
export function putSimpleReply(into: Uint8Array, at: number, error: number, to: Cookie): void {
  putU32(into, at, SIMPLE_REPLY_MAGIC);
  putU32(into, at + 4, error);
  putU32(into, at + 8, to.cookieHigh);
  putU32(into, at + 12, to.cookieLow);
}

/** Writes the `DATA_CHUNK_BYTES` bytes that the data of `read` follows. */
export function putDataChunk(into: Uint8Array, at: number, read: WireRequest): void {
  putChunk(into, at, CHUNK_FLAG_DONE, CHUNK.OFFSET_DATA, read, 8 + read.length);
  putU64(into, at + CHUNK_BYTES, read.offset);
}

export function encodeErrorChunk(to: Cookie, refusal: Refusal): Uint8Array {
  const text = latin1Bytes(refusal.why);
  const bytes = new Uint8Array(CHUNK_BYTES + 6 + text.length);
  putChunk(bytes, 0, CHUNK_FLAG_DONE, CHUNK.ERROR, to, 6 + text.length);
  putU32(bytes, CHUNK_BYTES, refusal.error);
  putU16(bytes, CHUNK_BYTES + 4, text.length);
  bytes.set(text, CHUNK_BYTES + 6);
  return bytes;
}

/** One context's part of a block status reply; the last one says so. */
export function encodeStatusChunk(
  to: Cookie,
  contextId: number,
  extents: readonly { readonly length: number; readonly flags: number }[],
  last: boolean,
): Uint8Array {
  const length = 4 + 8 * extents.length;
  const bytes = new Uint8Array(CHUNK_BYTES + length);
  putChunk(bytes, 0, last ? CHUNK_FLAG_DONE : 0, CHUNK.BLOCK_STATUS, to, length);
  putU32(bytes, CHUNK_BYTES, contextId);
  extents.forEach((extent, index) => {
    putU32(bytes, CHUNK_BYTES + 4 + 8 * index, extent.length);
    putU32(bytes, CHUNK_BYTES + 8 + 8 * index, extent.flags);
  });
  return bytes;
}

function putChunk(
  into: Uint8Array,
  at: number,
  flags: number,
  type: number,
  to: Cookie,
  length: number,
): void {
  putU32(into, at, CHUNK_MAGIC);
  putU16(into, at + 4, flags);
  putU16(into, at + 6, type);
  putU32(into, at + 8, to.cookieHigh);
  putU32(into, at + 12, to.cookieLow);
  putU32(into, at + 16, length);
}
