/**
 * Memory for data that is used again: the right place in it, never given out twice, and a bound on
 * what is kept.
 */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { HeapPayloads } from '../../src/nbd-server/heap-payloads.ts';
import { ReceiveWindow } from '../../src/nbd-server/receive-window.ts';

const MIB = 1024 * 1024;

describe('payloads in the heap', () => {
  test.each([1, 4095, 4096, 4097, 65_536, 32 * MIB])(
    'of %i bytes, a header fits in front',
    (length) => {
      const payload = new HeapPayloads().take(length);
      payload.data(length).fill(7);
      payload.whole(28, length).fill(1, 0, 28);
      expect(payload.whole(28, length).length).toBe(28 + length);
      expect(payload.data(length).length).toBe(length);
      expect(payload.data(length).every((byte) => byte === 7)).toBe(true);
      expect(payload.whole(16, length).subarray(0, 17)).toEqual(Buffer.of(...Array(16).fill(1), 7));
    },
  );

  test('are taken again once released, and not before', () => {
    const payloads = new HeapPayloads();
    const first = payloads.take(5000);
    const second = payloads.take(5000);
    expect(second).not.toBe(first);
    first.release();
    expect(payloads.take(8192)).toBe(first);
    expect(payloads.take(8192)).not.toBe(first);
  });

  test('are released once', () => {
    const payload = new HeapPayloads().take(1);
    payload.release();
    expect(() => payload.release()).toThrow(InvariantBroken);
  });

  test('are kept up to 64 MiB, and what was taken again makes room', () => {
    const payloads = new HeapPayloads();
    const four = Array.from({ length: 4 }, () => payloads.take(16 * MIB));
    for (const payload of four) payload.release();
    const again = Array.from({ length: 4 }, () => payloads.take(16 * MIB));
    expect(again.filter((payload) => four.includes(payload)).length).toBe(3);
    for (const payload of again) payload.release();
    const third = Array.from({ length: 4 }, () => payloads.take(16 * MIB));
    expect(third.filter((payload) => again.includes(payload)).length).toBe(3);
  });
});

function received(window: ReceiveWindow, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    const target = window.target();
    const got = Math.min(target.length, bytes.length - at);
    target.set(bytes.subarray(at, at + got));
    window.push(target.subarray(0, got));
    at += got;
  }
}

describe('a receive window', () => {
  test('receives the rest of a large payload where it stays', () => {
    const window = new ReceiveWindow(new HeapPayloads());
    received(window, Buffer.alloc(1000, 1));
    window.expectPayload(100_000);
    const target = window.target();
    expect(target.length).toBe(99_000);
    target.fill(2);
    window.push(target);
    const { pieces } = window.takePayload(100_000);
    expect(pieces.length).toBe(1);
    expect(pieces[0]?.subarray(999, 1001)).toEqual(Buffer.of(1, 2));
    expect(pieces[0]?.at(-1)).toBe(2);
  });

  test('after a large payload it receives only a little into an empty window', () => {
    const window = new ReceiveWindow(new HeapPayloads());
    window.expectPayload(100_000);
    received(window, Buffer.alloc(100_000));
    window.takePayload(100_000);
    expect(window.target().length).toBe(2048);
    window.push(window.target().subarray(0, 28));
    window.skip(28);
    window.expectPayload(1000);
    received(window, Buffer.alloc(1000));
    window.takePayload(1000);
    expect(window.target().length).toBeGreaterThan(100_000);
  });

  test('a small payload is copied out, so that the window can be written to again', () => {
    const window = new ReceiveWindow(new HeapPayloads());
    received(window, Buffer.alloc(100, 1));
    const { pieces } = window.takePayload(100);
    received(window, Buffer.alloc(100, 2));
    expect(pieces[0]?.every((byte) => byte === 1)).toBe(true);
  });

  test('what is left at its end moves to its beginning when room is needed', () => {
    const window = new ReceiveWindow(new HeapPayloads());
    const all = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 251));
    const first = window.target().length;
    received(window, all.subarray(0, first));
    window.skip(first - 100);
    received(window, all.subarray(first, first + 900));
    const [piece] = window.take(1000);
    expect([...(piece ?? [])]).toEqual([...all.subarray(first - 100, first + 900)]);
  });

  test('bytes that nobody asked for break an invariant', () => {
    const window = new ReceiveWindow(new HeapPayloads());
    window.push(window.target().subarray(0, 10));
    expect(() => window.push(new Uint8Array(10))).toThrow(InvariantBroken);
  });
});
