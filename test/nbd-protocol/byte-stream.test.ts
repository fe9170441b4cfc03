/**
 * The stream must never lose, double or reorder a byte, wherever the socket cut it, and must not
 * let a client turn bytes into objects.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { ByteStream, joined } from '../../src/nbd-protocol/byte-stream.ts';

const anyStep = fc.oneof(
  fc.record({ push: fc.integer({ min: 0, max: 9_000 }) }),
  fc.record({ take: fc.integer({ min: 0, max: 12_000 }) }),
  fc.record({ skip: fc.integer({ min: 0, max: 12_000 }) }),
  fc.record({ peek: fc.integer({ min: 1, max: 3_000 }) }),
);

test('no sequence of pushes, takes, skips and peeks loses its place', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40, size: 'max' }), (steps) => {
      const stream = new ByteStream();
      let model = Buffer.alloc(0);
      let next = 0;
      for (const step of steps) {
        if ('push' in step) {
          const chunk = Buffer.from(Array.from({ length: step.push }, () => next++ & 255));
          stream.push(chunk);
          model = Buffer.concat([model, chunk]);
        } else if ('take' in step) {
          const bytes = Math.min(step.take, model.length);
          assert(joined(stream.take(bytes)).every((byte, at) => byte === model[at]));
          model = model.subarray(bytes);
        } else if ('skip' in step) {
          assert.equal(stream.skip(step.skip), Math.min(step.skip, model.length));
          model = model.subarray(Math.min(step.skip, model.length));
        } else {
          checkPeek(stream, step.peek, model);
        }
        assert.equal(stream.length, model.length);
      }
    }),
    { numRuns: 300 },
  );
});

function checkPeek(stream: ByteStream, bytes: number, model: Buffer): void {
  const view = stream.peek(bytes);
  if (model.length < bytes) {
    assert.equal(view, null);
    return;
  }
  assert.equal(view?.byteLength, bytes);
  assert.equal(view.getUint8(0), model[0]);
  assert.equal(view.getUint8(bytes - 1), model[bytes - 1]);
}

describe('what a client can make us hold', () => {
  test('bytes that come one at a time are given out in few pieces', () => {
    const stream = new ByteStream();
    for (let k = 0; k < 100_000; k += 1) stream.push(Uint8Array.of(k));
    const pieces = stream.take(100_000);
    expect(pieces.length).toBeLessThan(30);
    expect(joined(pieces).every((byte, at) => byte === (at & 255))).toBe(true);
  });

  test('bytes that come one at a time while others are taken stay in few pieces', () => {
    const stream = new ByteStream();
    stream.push(new Uint8Array(100));
    for (let k = 0; k < 20_000; k += 1) {
      stream.push(Uint8Array.of(k));
      if (k < 50) stream.skip(1);
    }
    expect(stream.take(stream.length).length).toBeLessThan(8);
  });

  test('a large chunk is not copied', () => {
    const stream = new ByteStream();
    const chunk = new Uint8Array(64 * 1024);
    stream.push(chunk);
    stream.skip(28);
    const [piece] = stream.take(4096);
    expect(piece?.buffer).toBe(chunk.buffer);
    expect(piece?.byteOffset).toBe(28);
  });
});

test('what a cut has separated is peeked at in one piece, and can still be taken', () => {
  const stream = new ByteStream();
  stream.push(new Uint8Array(9_000).fill(1));
  stream.push(new Uint8Array(9_000).fill(2));
  stream.skip(8_990);
  const view = stream.peek(28);
  expect(view?.getUint16(9)).toBe(0x0102);
  expect([...joined(stream.take(12))]).toEqual([...Array(10).fill(1), 2, 2]);
  expect(stream.length).toBe(8_998);
});

test('asking for more than there is breaks an invariant', () => {
  const stream = new ByteStream();
  stream.push(new Uint8Array(3));
  expect(() => stream.take(4)).toThrow(InvariantBroken);
});
