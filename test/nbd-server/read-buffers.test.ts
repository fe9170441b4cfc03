/**
 * Which buffers come back, and that keeping them has a bound.
 */
import { expect, test } from 'vitest';
import { ReadBuffers } from '../../src/nbd-server/read-buffers.ts';

const SIMPLE = 16 + 4096;
const STRUCTURED = 28 + 4096;

test.each([SIMPLE, STRUCTURED])('a buffer of %i bytes is taken again', (bytes) => {
  const buffers = new ReadBuffers();
  const first = buffers.take(bytes);
  expect(first.length).toBe(bytes);
  buffers.keep([new Uint8Array(7), first]);
  expect(buffers.take(bytes)).toBe(first);
  expect(buffers.take(bytes)).not.toBe(first);
});

test('buffers of another length are not kept', () => {
  const buffers = new ReadBuffers();
  const first = buffers.take(65536 + 28);
  buffers.keep([first]);
  expect(buffers.take(65536 + 28)).not.toBe(first);
});

test('at most 256 of each length are kept', () => {
  const buffers = new ReadBuffers();
  const many = Array.from({ length: 300 }, () => new Uint8Array(SIMPLE));
  buffers.keep(many);
  const again = Array.from({ length: 300 }, () => buffers.take(SIMPLE));
  expect(again.filter((buffer) => new Set<Uint8Array>(many).has(buffer)).length).toBe(256);
});
