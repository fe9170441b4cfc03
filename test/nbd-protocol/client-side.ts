/**
 * What a client writes and how it reads: NBD by hand, from the protocol document, so that the
 * server's own encoders and decoders are not measured with themselves.
 */
import assert from 'node:assert/strict';

export const OPTION_MAGIC = 'IHAVEOPT';

export const u16 = (value: number) => [value >> 8, value & 255];
export const u32 = (value: number) => [...u16(Math.floor(value / 65536)), ...u16(value % 65536)];
export const u64 = (value: bigint) => [
  ...u32(Number(value >> 32n)),
  ...u32(Number(value & 0xffffffffn)),
];
export const text = (value: string) => [...Buffer.from(value, 'latin1')];
/** A text with its length in front. */
export const counted = (value: string) => [...u32(value.length), ...text(value)];

export function option(number: number, data: readonly number[] = [], length = data.length): Buffer {
  return Buffer.from([...text(OPTION_MAGIC), ...u32(number), ...u32(length), ...data]);
}

/** GO and INFO: the export, and which information is asked for. */
export function exportChoice(name: string, infos: readonly number[] = []): number[] {
  return [...counted(name), ...u16(infos.length), ...infos.flatMap(u16)];
}

/** LIST and SET_META_CONTEXT. */
export function contextQuery(name: string, ...queries: readonly string[]): number[] {
  return [...counted(name), ...u32(queries.length), ...queries.flatMap(counted)];
}

export interface RequestFields {
  readonly command: number;
  readonly offset?: bigint | number;
  readonly length?: number;
  readonly flags?: number;
  readonly cookie?: bigint | number;
  readonly payload?: Uint8Array;
}

export function request(fields: RequestFields): Buffer {
  const { command, offset = 0, length = 0, flags = 0, cookie = 0, payload } = fields;
  const header = Buffer.alloc(28);
  header.writeUInt32BE(0x25609513, 0);
  header.writeUInt16BE(flags, 4);
  header.writeUInt16BE(command, 6);
  header.writeBigUInt64BE(BigInt(cookie), 8);
  header.writeBigUInt64BE(BigInt(offset), 16);
  header.writeUInt32BE(length, 24);
  return payload === undefined ? header : Buffer.concat([header, payload]);
}

export interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Buffer;
}

export function optionReplies(bytes: Uint8Array): OptionReply[] {
  const replies: OptionReply[] = [];
  for (let rest = Buffer.from(bytes); rest.length > 0; ) {
    assert.equal(rest.readBigUInt64BE(0), 0x0003e889045565a9n);
    const end = 20 + rest.readUInt32BE(16);
    assert(rest.length >= end, 'an option reply is cut short');
    replies.push({
      option: rest.readUInt32BE(8),
      type: rest.readUInt32BE(12),
      data: rest.subarray(20, end),
    });
    rest = rest.subarray(end);
  }
  return replies;
}

export interface Reply {
  readonly cookie: number;
  readonly error: number;
  readonly data: Buffer | null;
  /** Structured replies: type of each chunk, as they came. */
  readonly chunks: readonly number[];
  /** By context id. */
  readonly extents: ReadonlyMap<number, readonly { length: number; flags: number }[]>;
  /** The words of an error. */
  readonly why: string;
}

/**
 * Reads a whole stream of replies. A simple reply says nothing about the data that follows it, so
 * `readLengths` tells how long each read was, by cookie.
 */
export function replies(bytes: Uint8Array, readLengths: ReadonlyMap<number, number>): Reply[] {
  const found: Reply[] = [];
  let rest = Buffer.from(bytes);
  const take = (length: number) => {
    assert(rest.length >= length, 'a reply is cut short');
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  while (rest.length > 0) {
    found.push(rest.readUInt32BE(0) === 0x67446698 ? simple(take, readLengths) : chunked(take));
  }
  return found;
}

function simple(take: (length: number) => Buffer, readLengths: ReadonlyMap<number, number>): Reply {
  const header = take(16);
  const error = header.readUInt32BE(4);
  const cookie = Number(header.readBigUInt64BE(8));
  const length = error === 0 ? readLengths.get(cookie) : undefined;
  const data = length === undefined ? null : take(length);
  return { cookie, error, data, chunks: [], extents: new Map(), why: '' };
}

/** One structured reply; its chunks follow each other here, as this server never mixes them. */
function chunked(take: (length: number) => Buffer): Reply {
  const chunks: number[] = [];
  const extents = new Map<number, { length: number; flags: number }[]>();
  let [error, why, cookie, done] = [0, '', -1, false];
  let data: Buffer | null = null;
  while (!done) {
    const header = take(20);
    assert.equal(header.readUInt32BE(0), 0x668e33ef);
    const thisCookie = Number(header.readBigUInt64BE(8));
    assert(cookie === -1 || cookie === thisCookie, 'chunks of two replies are mixed');
    cookie = thisCookie;
    done = (header.readUInt16BE(4) & 1) !== 0;
    const type = header.readUInt16BE(6);
    chunks.push(type);
    const payload = take(header.readUInt32BE(16));
    if (type === 1) {
      data = payload.subarray(8);
    } else if (type === 5) {
      extents.set(payload.readUInt32BE(0), pairs(payload.subarray(4)));
    } else {
      assert.equal(type, 0x8001);
      error = payload.readUInt32BE(0);
      why = payload.subarray(6, 6 + payload.readUInt16BE(4)).toString('latin1');
    }
  }
  return { cookie, error, data, chunks, extents, why };
}

function pairs(bytes: Buffer): { length: number; flags: number }[] {
  return Array.from({ length: bytes.length / 8 }, (_, index) => ({
    length: bytes.readUInt32BE(8 * index),
    flags: bytes.readUInt32BE(8 * index + 4),
  }));
}

/** `bytes` in chunks, cut after each of `cuts` (distances from cut to cut, used round and round). */
export function cutUp(bytes: Uint8Array, cuts: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, k = 0; at < bytes.length; k += 1) {
    const end = Math.min(bytes.length, at + (cuts[k % cuts.length] ?? bytes.length));
    chunks.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return chunks;
}
