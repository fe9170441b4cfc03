import assert from 'node:assert';
import { expect, test } from 'vitest';
import type { EndOperation } from '../../src/devices/memory-backend.ts';
import { MemoryBackend } from '../../src/devices/memory-backend.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { ending, LEG_BYTES, legIoConformance } from './leg-io-conformance.ts';

legIoConformance('memory', () => {
  const io = new MemoryBackend(2, LEG_BYTES, 0);
  return {
    io,
    bytesOf: (leg) => ({ bytes: io.legs[leg] as Uint8Array, start: 0 }),
    endsWithItsDevice: true,
  };
});

const [first, second] = [legIndex(0), legIndex(1)];
const ones = new Uint8Array(100).fill(1);

test('a held write has not happened, and happens when it is let go', async () => {
  const io = new MemoryBackend(2, 4096, 0);
  const held: EndOperation[] = [];
  io.gate = ({ verb, leg }, end) => {
    if (verb === 'write' && leg === second) held.push(end);
    else end(null);
  };
  expect(await ending((done) => io.write(first, [ones], byteOffset(0), false, done))).toBeNull();
  const late = ending((done) => io.write(second, [ones], byteOffset(0), false, done));
  expect([io.legs[0]?.[0], io.legs[1]?.[0]]).toEqual([1, 0]);
  held[0]?.(null);
  expect(await late).toBeNull();
  expect(io.legs[1]?.[99]).toBe(1);
});

test('a failed operation touches nothing', async () => {
  const io = new MemoryBackend(1, 4096, 512);
  const failure = { code: 'EIO', message: 'as the test wants it' };
  io.gate = (_, end) => end(failure);
  const into = Uint8Array.from(ones);
  const part = { offset: 10, bytes: ones };
  const ends = await Promise.all([
    ending((done) => io.write(first, [ones], byteOffset(0), true, done)),
    ending((done) => io.read(first, into, byteOffset(0), done)),
    ending((done) => io.writeLog([part], true, done)),
  ]);
  expect(ends).toEqual([failure, failure, failure]);
  assert(io.legs[0]?.every((byte) => byte === 0));
  assert(io.log.every((byte) => byte === 0));
  expect(into).toEqual(ones);
});

test('the gate hears what is asked of which leg, and whether it must last', async () => {
  const io = new MemoryBackend(2, 4096, 512);
  const heard: unknown[] = [];
  io.gate = (operation, end) => {
    heard.push(operation);
    end(null);
  };
  const offset = byteOffset(8);
  await ending((done) => io.discard(second, offset, byteCount(16), true, done));
  await ending((done) => io.flush(first, done));
  await ending((done) => io.writeLog([{ offset: 7, bytes: ones }], false, done));
  expect(heard).toEqual([
    { verb: 'discard', leg: 1, offset: 8, length: 16, durable: true },
    { verb: 'flush', leg: 0, offset: 0, length: 0, durable: true },
    { verb: 'writeLog', leg: null, offset: 7, length: 100, durable: false },
  ]);
  expect(io.log.subarray(6, 9)).toEqual(Uint8Array.of(0, 1, 1));
});
