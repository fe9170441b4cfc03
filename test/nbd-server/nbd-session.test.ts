/**
 * One client against a mirror in memory: what reaches the mirror, what comes back, in which order,
 * and how a connection ends. Bounds have their own file (session-bounds.test.ts).
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import type { BlockOutcome } from '../../src/nbd-server/mirror-port.ts';
import type { RequestFields } from '../nbd-protocol/client-side.ts';
import { cutUp, option, request } from '../nbd-protocol/client-side.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { INBOXES, NbdClient } from './nbd-client.ts';

const READ = 0;
const WRITE = 1;
const DISC = 2;
const FLUSH = 3;
const TRIM = 4;
const CACHE = 5;
const WRITE_ZEROES = 6;
const BLOCK_STATUS = 7;
const FUA = 1;
const NO_HOLE = 2;
const REQ_ONE = 8;
const FAST_ZERO = 16;

const MIB = 1024 * 1024;
const SIZE = 4 * MIB;

const mirrorOf = (options: { readOnly?: boolean; hold?: boolean } = {}) =>
  new MemoryMirror({ sizeBytes: SIZE, ...options });

describe.each([{ structured: true }, { structured: false }])('structured $structured', (style) => {
  test('what was written is read back', () => {
    const client = new NbdClient(style);
    const payload = Buffer.from('a mirror never forgets');
    client.ask(
      { command: WRITE, offset: 1000, length: payload.length, payload, cookie: 1 },
      { command: READ, offset: 998, length: payload.length + 4, cookie: 2 },
    );
    const [write, read] = client.replies();
    expect(write).toMatchObject({ cookie: 1, error: 0, data: null, chunks: [] });
    expect(read).toMatchObject({ cookie: 2, error: 0, chunks: style.structured ? [1] : [] });
    expect(read?.data?.toString()).toBe(`\0\0${payload}\0\0`);
  });

  test('a failure of the mirror is an error of the protocol', () => {
    const outcomes: [BlockOutcome, number][] = [
      ['ioError', 5],
      ['noSpace', 28],
      ['notSupported', 95],
      ['shuttingDown', 108],
    ];
    for (const [outcome, error] of outcomes) {
      const client = new NbdClient({ ...style, mirror: mirrorOf({ hold: true }) });
      client.ask({ command: READ, length: 4096, cookie: 9 });
      client.mirror.held[0]?.done(outcome);
      client.settle();
      expect(client.replies()).toMatchObject([{ cookie: 9, error, data: null }]);
    }
  });

  test('a refused write is skipped, and the next request is understood', () => {
    const client = new NbdClient(style);
    const payload = Buffer.alloc(4096, 0x25);
    client.ask(
      { command: WRITE, offset: SIZE, length: 4096, payload, cookie: 1 },
      { command: READ, offset: 0, length: 16, cookie: 2 },
    );
    expect(client.replies()).toMatchObject([
      { cookie: 1, error: 28 },
      { cookie: 2, error: 0 },
    ]);
  });
});

describe('what the mirror sees', () => {
  test.each([
    { command: READ, flags: 0, seen: { verb: 'read', fua: false } },
    { command: READ, flags: FUA, seen: { verb: 'read', fua: true } },
    { command: WRITE, flags: FUA, seen: { verb: 'write', fua: true, into: null } },
    { command: FLUSH, flags: 0, seen: { verb: 'flush', offset: 0, length: 0 } },
    { command: TRIM, flags: FUA, seen: { verb: 'discard', fua: true } },
    { command: CACHE, flags: 0, seen: { verb: 'cache' } },
    { command: WRITE_ZEROES, flags: 0, seen: { verb: 'zero', mayPunch: true, fastOnly: false } },
    { command: WRITE_ZEROES, flags: NO_HOLE, seen: { verb: 'zero', mayPunch: false } },
    { command: WRITE_ZEROES, flags: FAST_ZERO, seen: { verb: 'zero', fastOnly: true } },
  ])('command $command with flags $flags is $seen', ({ command, flags, seen }) => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    const range = command === FLUSH ? {} : { offset: 8192, length: 4096 };
    const payload = command === WRITE ? { payload: Buffer.alloc(4096, 7) } : {};
    client.ask({ command, flags, ...range, ...payload });
    expect(client.mirror.held).toMatchObject([{ ...range, ...seen }]);
  });

  test('the payload of a write is not copied', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    const bytes = request({ command: WRITE, length: 20_000, payload: Buffer.alloc(20_000, 7) });
    client.say(bytes);
    const [piece, ...others] = client.mirror.held[0]?.pieces ?? [];
    expect(others).toEqual([]);
    expect(piece?.buffer).toBe(bytes.buffer);
  });

  test('a read-only mirror sees no change', () => {
    const client = new NbdClient({ mirror: mirrorOf({ readOnly: true, hold: true }) });
    client.ask({ command: WRITE, length: 4096, payload: Buffer.alloc(4096), cookie: 3 });
    client.ask({ command: TRIM, length: 4096, cookie: 4 });
    expect(client.replies().map(({ error }) => error)).toEqual([1, 1]);
    expect(client.mirror.held).toEqual([]);
  });
});

describe('block status', () => {
  const contexts = ['base:allocation', 'mirrorctl:regions'];

  test('each context has its extents', () => {
    const client = new NbdClient({ contexts });
    client.ask({ command: WRITE, offset: MIB, length: 4096, payload: Buffer.alloc(4096, 1) });
    client.ask({ command: BLOCK_STATUS, offset: MIB - 512, length: 2 * MIB, cookie: 5 });
    const [, status] = client.replies();
    expect(status).toMatchObject({ cookie: 5, error: 0, chunks: [5, 5] });
    expect(status?.extents.get(1)).toEqual([
      { length: 512, flags: 3 },
      { length: 4096, flags: 0 },
      { length: 2 * MIB - 512 - 4096, flags: 3 },
    ]);
    expect(client.budget.heldBytes).toBe(0);
    expect(status?.extents.get(2)).toEqual([
      { length: 512, flags: 0 },
      { length: MIB, flags: 1 },
      { length: MIB - 512, flags: 2 },
    ]);
  });

  test('REQ_ONE asks for one extent of each', () => {
    const client = new NbdClient({ contexts });
    client.ask({ command: BLOCK_STATUS, flags: REQ_ONE, offset: 0, length: SIZE });
    const [status] = client.replies();
    expect(status?.extents.get(1)).toEqual([{ length: SIZE, flags: 3 }]);
    expect(status?.extents.get(2)).toEqual([{ length: MIB, flags: 0 }]);
  });

  test('there are at most 1024 extents in a reply', () => {
    const client = new NbdClient({
      mirror: new MemoryMirror({ sizeBytes: 2048 * 8192 }),
      contexts: ['base:allocation'],
    });
    for (let block = 0; block < 4096; block += 2) client.mirror.submit(writeOfBlock(block));
    client.ask({ command: BLOCK_STATUS, length: 2048 * 8192 });
    expect(client.replies()[0]?.extents.get(1)?.length).toBe(1024);
  });

  test('only the contexts that were selected are answered', () => {
    const client = new NbdClient({ contexts: ['mirrorctl:regions'] });
    client.ask({ command: BLOCK_STATUS, length: 4096 });
    expect([...(client.replies()[0]?.extents.keys() ?? [])]).toEqual([2]);
  });

  test('without any context it is refused', () => {
    const client = new NbdClient();
    client.ask({ command: BLOCK_STATUS, length: 4096 });
    expect(client.replies()).toMatchObject([{ error: 22 }]);
  });
});

function writeOfBlock(block: number) {
  return {
    ...({ verb: 'write', offset: block * 4096, length: 4096, into: null, pipe: null } as const),
    ...{ pieces: [Buffer.alloc(4096, 1)], fua: false, mayPunch: true, fastOnly: false },
    abandonBuffers: () => {},
    done: () => {},
  };
}

describe('order and gathering', () => {
  test('requests are answered in the order in which they end, each under its own cookie', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    const cookies = [2 ** 52, 0, 7];
    client.ask(...cookies.map((cookie) => ({ command: FLUSH, cookie })));
    for (const index of [2, 0, 0]) {
      client.mirror.release(index);
      client.settle();
    }
    expect(client.replies().map(({ cookie }) => cookie)).toEqual([7, 2 ** 52, 0]);
  });

  test('all requests of a chunk that end at once leave with one send', () => {
    const client = new NbdClient();
    const before = client.transport.sends;
    const reads = Array.from({ length: 20 }, (_, k) => ({
      command: READ,
      length: 4096,
      cookie: k,
    }));
    client.ask(...reads, { command: FLUSH, cookie: 20 }, { command: FLUSH, cookie: 21 });
    expect(client.transport.sends).toBe(before + 1);
    expect(client.replies().map(({ cookie }) => cookie)).toEqual([...Array(22).keys()]);
  });

  test('requests that end later, together, leave with one send after one turn', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask(...[1, 2, 3].map((cookie) => ({ command: FLUSH, cookie })));
    const before = client.transport.sends;
    client.mirror.releaseAll();
    expect(client.transport.sends).toBe(before);
    client.settle();
    expect(client.transport.sends).toBe(before + 1);
    expect(client.replies().map(({ cookie }) => cookie)).toEqual([1, 2, 3]);
  });

  test('requests that end later, many at once, leave four at a time', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    const cookies = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    client.ask(...cookies.map((cookie) => ({ command: FLUSH, cookie })));
    const before = client.transport.sends;
    client.mirror.releaseAll();
    expect(client.transport.sends).toBe(before + 2);
    client.settle();
    expect(client.transport.sends).toBe(before + 3);
    expect(client.replies().map(({ cookie }) => cookie)).toEqual(cookies);
  });

  test.each([true, false])(
    'a buffer is not used again before it has left (reading: %s)',
    (reads) => {
      const client = new NbdClient();
      client.mirror.bytes.fill('one ', 0, 4096).fill('two ', 4096, 8192);
      client.read(reads);
      client.ask({ command: READ, offset: 0, length: 4096, cookie: 1 });
      client.ask({ command: READ, offset: 4096, length: 4096, cookie: 2 });
      client.read(true);
      const [one, two] = client.replies();
      expect(one?.data?.equals(client.mirror.bytes.subarray(0, 4096))).toBe(true);
      expect(two?.data?.equals(client.mirror.bytes.subarray(4096, 8192))).toBe(true);
    },
  );

  test('a request ends once', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask({ command: FLUSH });
    const [flush] = client.mirror.held;
    flush?.done('ok');
    expect(() => flush?.done('ok')).toThrow(InvariantBroken);
  });
});

const twoFlushes: RequestFields[] = [
  { command: FLUSH, cookie: 1 },
  { command: FLUSH, cookie: 2 },
];

describe('the end of a connection', () => {
  test.each([
    { what: 'DISC', last: request({ command: DISC }) },
    { what: 'a request without the magic', last: Buffer.alloc(28) },
    { what: 'a write of 4 GiB', last: request({ command: WRITE, length: 2 ** 32 - 1 }) },
  ])('after $what, what is in flight is answered and nothing else', ({ last }) => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask(...twoFlushes);
    client.say(Buffer.concat([last, request({ command: FLUSH, cookie: 3 })]));
    expect(client.transport).toMatchObject({ ended: false, paused: true });
    expect(client.mirror.held.length).toBe(2);
    client.mirror.releaseAll();
    client.settle();
    expect(client.replies().map(({ cookie }) => cookie)).toEqual([1, 2]);
    expect(client.transport.ended).toBe(true);
  });
});

describe('the end of a connection, by either side', () => {
  test('a client that stops sending still gets its answers; half a request is forgotten', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask(...twoFlushes);
    client.say(request({ command: WRITE, length: 4096, payload: Buffer.alloc(100) }));
    client.session.inputEnded();
    expect(client.transport.ended).toBe(false);
    client.mirror.releaseAll();
    client.settle();
    expect(client.replies().length).toBe(2);
    expect(client.transport.ended).toBe(true);
    expect(client.budget.heldBytes).toBe(0);
  });

  test('a client that is gone is sent nothing, and its requests hold memory until they end', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask({ command: READ, length: MIB });
    client.disconnect();
    expect(client.budget.heldBytes).toBeGreaterThan(MIB);
    const before = client.transport.sends;
    client.mirror.releaseAll();
    client.settle();
    expect(client.transport.sends).toBe(before);
    expect(client.budget.heldBytes).toBe(0);
  });

  test('close refuses new requests, answers those in flight, then ends', () => {
    const client = new NbdClient({ mirror: mirrorOf({ hold: true }) });
    client.ask({ command: FLUSH, cookie: 1 });
    client.session.close();
    expect(client.transport.ended).toBe(false);
    client.ask({ command: FLUSH, cookie: 2 });
    client.mirror.releaseAll();
    client.settle();
    expect(client.replies().map(({ cookie, error }) => [cookie, error])).toEqual([
      [2, 108],
      [1, 0],
    ]);
    expect(client.transport.ended).toBe(true);
  });

  test('close ends an idle connection, and one in the handshake, at once', () => {
    for (const handshake of [true, false]) {
      const client = new NbdClient({ handshake });
      client.session.close();
      expect(client.transport.ended).toBe(true);
    }
  });

  test('after ABORT the connection ends, with the acknowledgement sent', () => {
    const client = new NbdClient({ handshake: false });
    client.say(Buffer.from([0, 0, 0, 1]), option(2));
    expect(client.takeSent().readUInt32BE(12)).toBe(1);
    expect(client.transport.ended).toBe(true);
  });
});

const BLOCKS = 100;
const anyRequest = fc.record({
  command: fc.constantFrom(READ, WRITE, WRITE, FLUSH, TRIM, WRITE_ZEROES, BLOCK_STATUS, 99),
  offset: fc.nat(BLOCKS).map((block) => block * 512),
  length: fc.oneof(fc.nat(600), fc.constantFrom(512, 4096, 16 * 1024, 16 * 1024 + 1, 40_000)),
});
const anyRequests = fc.array(anyRequest, { maxLength: 30, size: 'max' });
const anyCuts = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 12 });

/** One after the other; the cookie is the place in the row, and so is what a write writes. */
function streamOf(
  requests: readonly Required<Pick<RequestFields, 'command' | 'length'>>[],
): Buffer {
  return Buffer.concat(
    requests.map((fields, cookie) => {
      if (fields.command !== WRITE) return request({ ...fields, cookie });
      return request({ ...fields, cookie, payload: Buffer.alloc(fields.length, cookie + 1) });
    }),
  );
}

describe.each(INBOXES)('a stream that comes in %s', (inbox) => {
  /** Replies and content, for a stream given in chunks. */
  function effectsOf(stream: Uint8Array, cuts: readonly number[], lengths: readonly number[]) {
    const mirror = new MemoryMirror({ sizeBytes: BLOCKS * 512 + 3 });
    const client = new NbdClient({ mirror, structured: false, inbox });
    for (const chunk of cutUp(stream, cuts)) client.say(chunk);
    lengths.forEach((length, cookie) => void client.readLengths.set(cookie, length));
    const answers = client.replies().map(({ cookie, error, data }) => ({ cookie, error, data }));
    assert.equal(client.budget.heldBytes, 0);
    client.disconnect();
    assert.equal(client.payloads.taken, 0);
    return { answers, content: mirror.bytes };
  }

  test('has the same effects wherever it is cut, and leaves nothing behind', () => {
    fc.assert(
      fc.property(anyRequests, anyCuts, (some, cuts) => {
        const stream = streamOf(some);
        const lengths = some.map(({ command, length }) => (command === READ ? length : 0));
        const whole = effectsOf(stream, [stream.length + 1], lengths);
        assert.deepEqual(whole, effectsOf(stream, cuts, lengths));
        assert.deepEqual(
          whole.answers.map(({ cookie }) => cookie),
          some.map((_, cookie) => cookie),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('that breaks off anywhere, with requests in flight, leaves nothing behind', () => {
    fc.assert(
      fc.property(anyRequests, fc.nat(250_000), (some, end) => {
        const mirror = new MemoryMirror({ sizeBytes: BLOCKS * 512 + 3, hold: true });
        const client = new NbdClient({ mirror, inbox });
        const stream = streamOf(some);
        client.say(stream.subarray(0, end % (stream.length + 1)));
        if (mirror.held.length > 1) mirror.release(0);
        client.disconnect();
        mirror.releaseAll();
        assert.equal(client.budget.heldBytes, 0);
        assert.equal(client.payloads.taken, 0);
      }),
      { numRuns: 100 },
    );
  });
});
