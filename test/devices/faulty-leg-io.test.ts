import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FaultPlan } from '../../src/devices/fault-plan.ts';
import { FaultyLegIo } from '../../src/devices/faulty-leg-io.ts';
import { parseInjectedFault } from '../../src/devices/injected-fault.ts';
import type { IoError } from '../../src/devices/leg-io.ts';
import { MemoryBackend } from '../../src/devices/memory-backend.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { ending, LEG_BYTES, legIoConformance } from './leg-io-conformance.ts';

const LENGTH = 512;
const MANNER = { mayPunch: true, fastOnly: false, fua: false };

function parse(words: string) {
  return parseInjectedFault(words, (word) => legIndex(word === 'b.img' ? 1 : Number(word)));
}

function faulty(...words: string[]) {
  const backend = new MemoryBackend(2, LEG_BYTES, 4096);
  const timers: number[] = [];
  const plan = new FaultPlan(words.map(parse));
  const io = new FaultyLegIo(backend, plan, (delayMs) => void timers.push(delayMs));
  return { backend, io, timers };
}

legIoConformance('faulty, without a fault', () => {
  const { io, backend } = faulty();
  return {
    io,
    bytesOf: (leg) => ({ bytes: backend.legs[leg] as Uint8Array, start: 0 }),
    endsWithItsDevice: true,
  };
});

type Io = FaultyLegIo;
const OPERATIONS = {
  read: (io: Io, leg: number, at: number) =>
    ending((done) => io.read(legIndex(leg), new Uint8Array(LENGTH), byteOffset(at), done)),
  write: (io: Io, leg: number, at: number) =>
    ending((done) =>
      io.write(legIndex(leg), [new Uint8Array(LENGTH).fill(1)], byteOffset(at), false, done),
    ),
  zero: (io: Io, leg: number, at: number) =>
    ending((done) => io.zero(legIndex(leg), byteOffset(at), byteCount(LENGTH), MANNER, done)),
  discard: (io: Io, leg: number, at: number) =>
    ending((done) => io.discard(legIndex(leg), byteOffset(at), byteCount(LENGTH), false, done)),
  flush: (io: Io, leg: number) => ending((done) => io.flush(legIndex(leg), done)),
};

describe('a fault hits', () => {
  const hitsOf: Readonly<Record<string, readonly string[]>> = {
    read: ['read'],
    write: ['write'],
    zero: ['zero', 'discard'],
    flush: ['flush'],
    any: ['read', 'write', 'zero', 'discard', 'flush'],
  };
  test.each(Object.keys(hitsOf))('its own operations, on its own leg: %s', async (verb) => {
    for (const [name, operation] of Object.entries(OPERATIONS)) {
      const { io } = faulty(`b.img:${verb}:eio`);
      expect(await operation(io, 0, 0)).toBeNull();
      const error = (await operation(io, 1, 0)) as IoError | null;
      expect(error?.code ?? null).toBe(hitsOf[verb]?.includes(name) ? 'EIO' : null);
    }
  });

  test('exactly where the ranges touch', async () => {
    const starts = fc.nat(4096).map((start) => start * 4);
    await fc.assert(
      fc.asyncProperty(
        starts,
        starts,
        fc.integer({ min: 1, max: 3000 }),
        async (at, from, size) => {
          const { io } = faulty(`0:write:enospc@${from}+${size}`);
          const error = (await OPERATIONS.write(io, 0, at)) as IoError | null;
          const touches = at < from + size && from < at + LENGTH;
          expect(error?.code ?? null).toBe(touches ? 'ENOSPC' : null);
        },
      ),
    );
  });

  test('as often as it was asked for, then the next one has its turn', async () => {
    const { io, backend } = faulty('0:write:eiox2', '0:any:enospcx1');
    const codes: unknown[] = [];
    for (let time = 0; time < 4; time += 1) {
      codes.push(((await OPERATIONS.write(io, 0, 0)) as IoError | null)?.code ?? null);
      expect(backend.legs[0]?.[0]).toBe(time < 3 ? 0 : 1);
    }
    expect(codes).toEqual(['EIO', 'EIO', 'ENOSPC', null]);
  });

  test('the log, which is no leg: writes, and flushes where it is to be durable', async () => {
    const parts = [{ offset: 1024, bytes: new Uint8Array(512) }];
    const log = (words: string, durable: boolean, ...some: typeof parts) => {
      const { io } = faulty(words);
      return ending((done) => io.writeLog(some, durable, done));
    };
    expect(await log('log:write:eio', false, ...parts)).toMatchObject({ code: 'EIO' });
    expect(await log('log:write:eio', true)).toBeNull();
    expect(await log('log:flush:eio', false, ...parts)).toBeNull();
    expect(await log('log:flush:eio', true, ...parts)).toMatchObject({ code: 'EIO' });
    expect(await log('log:flush:eio', true)).toMatchObject({ code: 'EIO' });
    expect(await log('log:write:eio@1536+1', true, ...parts)).toBeNull();
    expect(await log('log:write:eio@1535+1', true, ...parts)).toMatchObject({ code: 'EIO' });
    expect(await log('0:any:eio', true, ...parts)).toBeNull();
  });
});

test('a hang never ends and touches nothing; a delay ends later, and says so', async () => {
  const { io, backend, timers } = faulty('0:write:hangx1', '0:write:delay=1x1');
  let hung = 0;
  io.write(legIndex(0), [new Uint8Array(8).fill(1)], byteOffset(0), false, () => {
    hung += 1;
  });
  expect(backend.legs[0]?.[0]).toBe(0);
  const late = OPERATIONS.write(io, 0, 0);
  expect([backend.legs[0]?.[0], timers]).toEqual([0, [1]]);
  expect(await late).toBeNull();
  expect([backend.legs[0]?.[0], hung]).toEqual([1, 0]);
});

describe('a fault as it is typed', () => {
  test('says all of it', () => {
    expect(parse('b.img:read:delay=50@1M+64kx3')).toEqual({
      words: 'b.img:read:delay=50@1M+64kx3',
      target: 1,
      verb: 'read',
      kind: { delayMs: 50 },
      range: { start: 1048576, end: 1048576 + 65536 },
      times: 3,
    });
    expect(parse('log:any:hang')).toMatchObject({
      target: 'log',
      kind: { hangs: true },
      range: null,
      times: Number.POSITIVE_INFINITY,
    });
  });

  test.each([
    '',
    '1:write',
    '1:write:eio:eio',
    '1:boil:eio',
    '1:write:soft',
    '1:write:eio=3',
    '1:write:delay',
    '1:write:delay=9999999',
    '1:write:eio@1M',
    '1:write:eiox0',
    '1:write:eiox',
  ])('is refused when it is none: %j', (words) => {
    expect(() => parse(words)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
