/**
 * Requests come from outside and may say anything: known bytes, and for each rule the request that
 * just breaks it. The property at the end is the promise the session relies on.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExportTerms, WireRequest } from '../../src/nbd-protocol/request.ts';
import {
  decodeRequest,
  encodeRequest,
  payloadBytesOf,
  refusalOf,
} from '../../src/nbd-protocol/request.ts';
import { request } from './client-side.ts';

const READ = 0;
const WRITE = 1;
const FLUSH = 3;
const TRIM = 4;
const CACHE = 5;
const WRITE_ZEROES = 6;
const BLOCK_STATUS = 7;
const FUA = 1;
const NO_HOLE = 2;
const DF = 4;
const REQ_ONE = 8;
const FAST_ZERO = 16;

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;

const terms: ExportTerms = {
  sizeBytes: SIZE,
  readOnly: false,
  structuredReplies: true,
  metaContextCount: 1,
  shuttingDown: false,
};

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function wire(fields: Partial<WireRequest>): WireRequest {
  return { flags: 0, command: 0, cookieHigh: 0, cookieLow: 0, offset: 0, length: 4096, ...fields };
}

describe('known bytes', () => {
  test('a write with FUA of 4096 bytes at 5 GiB', () => {
    const bytes = [
      ...[0x25, 0x60, 0x95, 0x13, 0, 1, 0, 1, 0xfe, 0xed, 0xfa, 0xce, 0, 0, 0, 7],
      ...[0, 0, 0, 1, 0x40, 0, 0, 0, 0, 0, 0x10, 0],
    ];
    const decoded = decodeRequest(viewOf(Uint8Array.from(bytes)));
    expect(decoded).toEqual({
      flags: FUA,
      command: WRITE,
      cookieHigh: 0xfeedface,
      cookieLow: 7,
      offset: 5 * 1024 ** 3,
      length: 4096,
    });
    expect(decoded && [...encodeRequest(decoded)]).toEqual(bytes);
  });

  test('anything else than the magic is no request', () => {
    expect(decodeRequest(viewOf(new Uint8Array(28)))).toBeNull();
  });

  test('only a write carries a payload', () => {
    const payloads = [READ, WRITE, 2, FLUSH, TRIM, CACHE, WRITE_ZEROES, BLOCK_STATUS, 8].map(
      (command) => payloadBytesOf(wire({ command })),
    );
    expect(payloads).toEqual([0, 4096, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('what is carried out', () => {
  test.each([
    { what: 'a read of the last byte', command: READ, offset: SIZE - 1, length: 1 },
    { what: 'a read of the longest payload', command: READ, length: 32 * MIB },
    { what: 'a read with DF', command: READ, flags: DF },
    { what: 'a read with FUA', command: READ, flags: FUA },
    { what: 'a write to the end', command: WRITE, offset: SIZE - 4096 },
    { what: 'a flush', command: FLUSH, length: 0 },
    { what: 'a trim of everything', command: TRIM, length: SIZE },
    {
      what: 'a zeroing with all its flags',
      command: WRITE_ZEROES,
      flags: FUA | NO_HOLE | FAST_ZERO,
    },
    { what: 'a cache of everything', command: CACHE, length: SIZE },
    { what: 'a block status of everything', command: BLOCK_STATUS, length: SIZE, flags: REQ_ONE },
  ])('$what', ({ what: _, ...fields }) => {
    expect(refusalOf(wire(fields), terms)).toBeNull();
  });
});

const EPERM = 1;
const EINVAL = 22;
const ENOSPC = 28;
const EOVERFLOW = 75;
const ESHUTDOWN = 108;

describe('what is refused', () => {
  test.each([
    { what: 'an unknown command', command: 8, error: EINVAL },
    { what: 'a command of all ones', command: 0xffff, error: EINVAL },
    { what: 'an unknown flag', command: READ, flags: 0x8000, error: EINVAL },
    { what: 'NO_HOLE on a write', command: WRITE, flags: NO_HOLE, error: EINVAL },
    { what: 'DF on a write', command: WRITE, flags: DF, error: EINVAL },
    { what: 'REQ_ONE on a read', command: READ, flags: REQ_ONE, error: EINVAL },
    { what: 'a read of nothing', command: READ, length: 0, error: EINVAL },
    {
      what: 'a write of nothing past the end',
      command: WRITE,
      length: 0,
      offset: SIZE,
      error: EINVAL,
    },
    { what: 'a flush of a range', command: FLUSH, length: 4096, error: EINVAL },
    { what: 'a flush at an offset', command: FLUSH, length: 0, offset: 1, error: EINVAL },
    { what: 'a read one byte too long', command: READ, length: 32 * MIB + 1, error: EINVAL },
    { what: 'a write one byte too long', command: WRITE, length: 32 * MIB + 1, error: EINVAL },
    {
      what: 'a read too long with DF',
      command: READ,
      length: 2 ** 32 - 1,
      flags: DF,
      error: EOVERFLOW,
    },
    { what: 'a read across the end', command: READ, offset: SIZE - 4095, error: EINVAL },
    { what: 'a write across the end', command: WRITE, offset: SIZE - 4095, error: ENOSPC },
    { what: 'a zeroing past the end', command: WRITE_ZEROES, offset: SIZE, error: ENOSPC },
    { what: 'a trim past the end', command: TRIM, offset: SIZE, error: EINVAL },
    { what: 'a cache past the end', command: CACHE, offset: SIZE, error: EINVAL },
    { what: 'a status past the end', command: BLOCK_STATUS, offset: SIZE, error: EINVAL },
    {
      what: 'a range that wraps 2^32',
      command: TRIM,
      offset: 4096,
      length: 2 ** 32 - 1,
      error: EINVAL,
    },
  ])('$what: $error', ({ what: _, error, ...fields }) => {
    expect(refusalOf(wire(fields), terms)?.error).toBe(error);
  });

  test.each([2n ** 63n, 2n ** 64n - 512n, 2n ** 64n - 1n, 2n ** 53n + 1n])(
    'a write at offset %i, which is past the end of anything',
    (offset) => {
      const bytes = request({ command: WRITE, offset, length: 1024 });
      const decoded = decodeRequest(viewOf(bytes));
      assert(decoded !== null);
      const largest = { ...terms, sizeBytes: Number.MAX_SAFE_INTEGER };
      expect(refusalOf(decoded, largest)?.error).toBe(ENOSPC);
    },
  );

  test.each([WRITE, TRIM, WRITE_ZEROES])('command %i on a read-only export', (command) => {
    expect(refusalOf(wire({ command }), { ...terms, readOnly: true })?.error).toBe(EPERM);
  });

  test.each([READ, FLUSH, CACHE, BLOCK_STATUS])(
    'not command %i on a read-only export',
    (command) => {
      const length = command === FLUSH ? 0 : 4096;
      expect(refusalOf(wire({ command, length }), { ...terms, readOnly: true })).toBeNull();
    },
  );

  test('DF without structured replies', () => {
    const simple = { ...terms, structuredReplies: false };
    expect(refusalOf(wire({ command: READ, flags: DF }), simple)?.error).toBe(EINVAL);
  });

  test('block status without a context', () => {
    const noContext = { ...terms, metaContextCount: 0 };
    expect(refusalOf(wire({ command: BLOCK_STATUS }), noContext)?.error).toBe(EINVAL);
  });

  test.each([READ, FLUSH, 77])('command %i while shutting down', (command) => {
    const closing = { ...terms, shuttingDown: true };
    expect(refusalOf(wire({ command }), closing)?.error).toBe(ESHUTDOWN);
  });
});

describe('properties', () => {
  const anyU32 = fc.oneof(fc.nat(2 ** 32 - 1), fc.constantFrom(0, 1, 4096, 2 ** 32 - 1));
  const anyBytes = fc.tuple(
    fc.nat(0xffff),
    fc.oneof(fc.nat(8), fc.nat(0xffff)),
    fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, BigInt(SIZE))),
    anyU32,
  );
  const anyTerms = fc.record({
    sizeBytes: fc.constantFrom(512, SIZE, Number.MAX_SAFE_INTEGER),
    readOnly: fc.boolean(),
    structuredReplies: fc.boolean(),
    metaContextCount: fc.nat(2),
    shuttingDown: fc.boolean(),
  });

  test('whatever is not refused is within the export and within the longest payload', () => {
    fc.assert(
      fc.property(anyBytes, anyTerms, ([flags, command, offset, length], some) => {
        const decoded = decodeRequest(viewOf(request({ flags, command, offset, length })));
        assert(decoded !== null);
        if (refusalOf(decoded, some) !== null) return;
        assert(offset + BigInt(length) <= BigInt(some.sizeBytes));
        assert.equal(BigInt(decoded.offset), offset);
        assert(length > 0 || command === FLUSH);
        assert(length <= 32 * MIB || (command !== READ && command !== WRITE));
        assert(!(some.readOnly && [WRITE, TRIM, WRITE_ZEROES].includes(command)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('decoding what was encoded gives the same request', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(8), anyU32, anyU32, fc.maxSafeNat(), anyU32, (...of) => {
        const [flags, command, cookieHigh, cookieLow, offset, length] = of;
        const some = { flags, command, cookieHigh, cookieLow, offset, length };
        assert.deepEqual(decodeRequest(viewOf(encodeRequest(some))), some);
      }),
    );
  });
});
