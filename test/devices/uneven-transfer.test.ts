/** Whatever is read or written, the device sees whole blocks, and what lies around it stays. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Done, IoError } from '../../src/devices/leg-io.ts';
import type { WholeBlocks } from '../../src/devices/uneven-transfer.ts';
import { readUneven, writeUneven } from '../../src/devices/uneven-transfer.ts';

const BLOCK = 512;
const MIB = 2 ** 20;
const DEVICE_BYTES = 3 * MIB;

/** A device that keeps what it is asked for, and fails where it is told. */
class Blocks implements WholeBlocks {
  readonly blockBytes = BLOCK;
  readonly bytes = Buffer.alloc(DEVICE_BYTES, 7);
  readonly asked: string[] = [];
  fails: string | null = null;
  lent = 0;

  readonly memory = {
    take: (length: number) => {
      this.lent += 1;
      const room = new Uint8Array(length).fill(99);
      return { data: (bytes: number) => room.subarray(0, bytes), release: () => this.#released() };
    },
  };

  read(into: Uint8Array, position: number, done: Done): void {
    this.#ask('read', position, into.length, done, () => {
      into.set(this.bytes.subarray(position, position + into.length));
    });
  }

  write(from: Uint8Array, position: number, fua: boolean, done: Done): void {
    this.#ask(fua ? 'durable write' : 'write', position, from.length, done, () => {
      this.bytes.set(from, position);
    });
  }

  #ask(verb: string, position: number, length: number, done: Done, carryOut: () => void): void {
    assert(position % BLOCK === 0 && length % BLOCK === 0 && length > 0, 'whole blocks');
    this.asked.push(`${verb} ${position / BLOCK}+${length / BLOCK}`);
    const fails = verb === this.fails;
    if (!fails) carryOut();
    done(fails ? { code: 'EIO', message: 'broken' } : null);
  }

  #released(): void {
    this.lent -= 1;
  }
}

function written(device: Blocks, position: number, length: number, fua = false): IoError | null {
  let outcome: IoError | null | undefined;
  const from = Buffer.alloc(length, 9);
  writeUneven(device, from, position, fua, (error) => {
    assert.equal(outcome, undefined, 'it ends once');
    outcome = error;
  });
  assert(outcome !== undefined, 'it ends');
  assert.equal(device.lent, 0, 'what was lent is given back');
  return outcome;
}

const anyRange = fc
  .tuple(fc.nat(DEVICE_BYTES - 1), fc.oneof(fc.nat(3 * BLOCK), fc.nat(DEVICE_BYTES)))
  .map(([position, length]) => ({
    position,
    length: Math.max(1, Math.min(length, DEVICE_BYTES - position)),
  }));

test('any bytes are read', () => {
  const device = new Blocks();
  for (let at = 0; at < DEVICE_BYTES; at += 4) device.bytes.writeUInt32LE(at, at);
  fc.assert(
    fc.property(anyRange, ({ position, length }) => {
      const into = Buffer.alloc(length + 2, 99);
      const ends: (IoError | null)[] = [];
      readUneven(device, into.subarray(1, -1), position, (error) => ends.push(error));
      assert.deepEqual(ends, [null]);
      assert(into.subarray(1, -1).equals(device.bytes.subarray(position, position + length)));
      assert.deepEqual([into[0], into.at(-1), device.lent], [99, 99, 0]);
    }),
    { numRuns: 60 },
  );
});

test('a read that fails ends it, and gives nothing', () => {
  const device = new Blocks();
  device.fails = 'read';
  const into = Buffer.alloc(2 * MIB, 99);
  const ends: (IoError | null)[] = [];
  readUneven(device, into, 1, (error) => ends.push(error));
  expect(ends).toMatchObject([{ code: 'EIO' }]);
  expect([device.asked.length, device.lent, into.every((byte) => byte === 99)]).toEqual([
    1,
    0,
    true,
  ]);
});

test('any bytes are written, and no others', () => {
  fc.assert(
    fc.property(anyRange, ({ position, length }) => {
      const device = new Blocks();
      const wanted = Buffer.alloc(DEVICE_BYTES, 7).fill(9, position, position + length);
      assert.equal(written(device, position, length), null);
      assert(device.bytes.equals(wanted));
      assert(device.asked.filter((call) => call.startsWith('read')).length <= 2, 'the ends alone');
    }),
    { numRuns: 60 },
  );
});

test.each([
  ['whole blocks', 512, 1024, ['durable write 1+2']],
  ['within a block', 513, 10, ['read 1+1', 'durable write 1+1']],
  ['the end of a block', 520, 504, ['read 1+1', 'durable write 1+1']],
  ['over two blocks', 1000, 48, ['read 1+1', 'read 2+1', 'durable write 1+2']],
  ['from a block on', 512, 1000, ['read 2+1', 'durable write 1+2']],
  ['more than a part', 0, MIB + 1, ['durable write 0+2048', 'read 2048+1', 'durable write 2048+1']],
])('%s: reads no more than it must', (_, position, length, asked) => {
  const device = new Blocks();
  expect(written(device, position, length, true)).toBeNull();
  expect(device.asked).toEqual(asked);
});

test.each([
  ['read', ['read 0+1']],
  ['write', ['read 0+1', 'write 0+2048']],
])('a %s that fails ends it', (verb, asked) => {
  const device = new Blocks();
  device.fails = verb;
  expect(written(device, 1, 2 * MIB)).toMatchObject({ code: 'EIO' });
  expect(device.asked).toEqual(asked);
});
