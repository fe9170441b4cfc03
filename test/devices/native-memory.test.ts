/** Slots must lie where they say, be aligned, and never overlap. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ringCalls } from '../../src/devices/io-uring-calls.ts';
import type { NativeSlot } from '../../src/devices/native-memory.ts';
import { NativeMemory } from '../../src/devices/native-memory.ts';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { describeUnless, scratchDirectory } from './scratch-devices.ts';

const calls = ringCalls();
const MIB = 2 ** 20;

describeUnless(calls === null ? 'needs koffi' : null)('native memory', () => {
  const memoryForTest = () => new NativeMemory(calls as NonNullable<typeof calls>);

  test('a slot holds what was asked for, on a page of its own, with a page in front', () => {
    const memory = memoryForTest();
    for (const length of [1, 4095, 4096, 4097, 65_536, 65_537, MIB, 32 * MIB]) {
      const slot = memory.take(length);
      expect(slot.sizeBytes).toBeGreaterThanOrEqual(length);
      expect(slot.sizeBytes).toBeLessThan(Math.max(4097, 2 * length));
      expect(slot.address % 4096).toBe(0);
      expect(slot.whole(28, length).length).toBe(28 + length);
      expect(memory.addressOf(slot.data(length))).toBe(slot.address);
      expect(memory.addressOf(slot.whole(28, length))).toBe(slot.address - 28);
    }
  });

  test('the address is where the kernel finds the bytes', () => {
    const memory = memoryForTest();
    const file = path.join(scratchDirectory(), 'bytes');
    const fd = fs.openSync(file, 'w+');
    const slot = memory.take(6);
    slot.data(6).set(Buffer.from('native'));
    expect(calls?.write(fd, slot.address, 6, 0)).toBe(6);
    expect(fs.readFileSync(file, 'utf8')).toBe('native');
    slot.data(6).fill(0);
    expect(calls?.read(fd, slot.address, 6, 0)).toBe(6);
    expect(Buffer.from(slot.data(6)).toString()).toBe('native');
    fs.closeSync(fd);
  });

  test('no two slots share a byte, however they are taken and released', () => {
    const memory = memoryForTest();
    const turns = fc.array(fc.oneof(fc.integer({ min: 1, max: 300_000 }), fc.constant(0)), {
      maxLength: 60,
      size: 'max',
    });
    fc.assert(
      fc.property(turns, (lengths) => {
        const taken: NativeSlot[] = [];
        for (const length of lengths) {
          if (length === 0) taken.shift()?.release();
          else taken.push(memory.take(length));
        }
        const ranges = taken.map((slot) => [slot.address - 4096, slot.address + slot.sizeBytes]);
        ranges.sort((one, other) => (one[0] ?? 0) - (other[0] ?? 0));
        ranges.slice(1).forEach(([start], index) => {
          if ((start ?? 0) < (ranges[index]?.[1] ?? 0)) throw new Error('slots overlap');
        });
        for (const slot of taken) slot.release();
      }),
      { numRuns: 30 },
    );
  });

  test('a slot is where it is, whatever room was asked for before it', () => {
    const memory = memoryForTest();
    const slot = memory.take(4096);
    // As long together as the next one: only the place of the first byte tells them apart.
    expect(memory.addressOf(slot.whole(28, 4084))).toBe(slot.address - 28);
    expect(memory.addressOf(slot.whole(16, 4096))).toBe(slot.address - 16);
  });

  test('a released slot is the next one taken, and a slot is released once', () => {
    const memory = memoryForTest();
    const slot = memory.take(100);
    slot.release();
    expect(() => slot.release()).toThrow(InvariantBroken);
    expect(memory.take(4096)).toBe(slot);
  });

  test('large slots that nobody needs give their pages back', () => {
    const memory = memoryForTest();
    const slots = Array.from({ length: 4 }, () => memory.take(32 * MIB));
    for (const slot of slots) slot.data(1)[0] = 7;
    for (const slot of slots) slot.release();
    // Dropped pages read as zeroes: two slots' worth may stay, the others were given back.
    expect(slots.map((slot) => slot.data(1)[0])).toEqual([7, 7, 0, 0]);
  });

  test('bytes that lie elsewhere have no address here', () => {
    expect(memoryForTest().addressOf(new Uint8Array(100))).toBe(null);
  });
});
