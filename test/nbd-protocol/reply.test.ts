/**
 * Every reply, byte by byte as the NBD protocol document lays it out.
 */
import { expect, test } from 'vitest';
import {
  DATA_CHUNK_BYTES,
  encodeErrorChunk,
  encodeStatusChunk,
  putDataChunk,
  putSimpleReply,
  SIMPLE_REPLY_BYTES,
} from '../../src/nbd-protocol/reply.ts';

const cookie = { cookieHigh: 0x8badf00d, cookieLow: 0x01020304 };
const COOKIE = [0x8b, 0xad, 0xf0, 0x0d, 1, 2, 3, 4];
const CHUNK_MAGIC = [0x66, 0x8e, 0x33, 0xef];

test('a simple reply is magic, error and cookie, and touches nothing around it', () => {
  const bytes = new Uint8Array(SIMPLE_REPLY_BYTES + 4).fill(0xaa);
  putSimpleReply(bytes, 2, 28, cookie);
  expect([...bytes]).toEqual([
    ...[0xaa, 0xaa, 0x67, 0x44, 0x66, 0x98, 0, 0, 0, 28],
    ...COOKIE,
    0xaa,
    0xaa,
  ]);
});

test('a read is one chunk, the last one, with its offset in front of the data', () => {
  const bytes = new Uint8Array(DATA_CHUNK_BYTES);
  const read = { ...cookie, flags: 0, command: 0, offset: 5 * 2 ** 32 + 6, length: 4096 };
  putDataChunk(bytes, 0, read);
  expect([...bytes]).toEqual([
    ...CHUNK_MAGIC,
    0,
    1,
    0,
    1,
    ...COOKIE,
    0,
    0,
    0x10,
    8,
    0,
    0,
    0,
    5,
    0,
    0,
    0,
    6,
  ]);
});

test('an error chunk is the last one and says why', () => {
  const bytes = encodeErrorChunk(cookie, { error: 75, why: 'no' });
  expect([...bytes]).toEqual([
    ...CHUNK_MAGIC,
    0,
    1,
    0x80,
    1,
    ...COOKIE,
    0,
    0,
    0,
    8,
    0,
    0,
    0,
    75,
    0,
    2,
    0x6e,
    0x6f,
  ]);
});

test('a status chunk lists the extents of one context', () => {
  const extents = [
    { length: 4096, flags: 3 },
    { length: 0x01000000, flags: 0 },
  ];
  expect([...encodeStatusChunk(cookie, 2, extents, true)]).toEqual([
    ...CHUNK_MAGIC,
    ...[0, 1, 0, 5, ...COOKIE, 0, 0, 0, 20],
    ...[0, 0, 0, 2, 0, 0, 0x10, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0],
  ]);
});

test('a status chunk that others follow is not the last one', () => {
  const bytes = encodeStatusChunk(cookie, 1, [{ length: 1, flags: 0 }], false);
  expect([bytes[4], bytes[5]]).toEqual([0, 0]);
});
