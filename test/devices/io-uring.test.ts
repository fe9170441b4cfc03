/** Requests must reach the file they are for, at the place they are for, and each must end once. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { IoUring, OPERATION } from '../../src/devices/io-uring.ts';
import { ringCalls } from '../../src/devices/io-uring-calls.ts';
import { NativeMemory } from '../../src/devices/native-memory.ts';
import { noRing } from './ring-for-test.ts';
import { bytesAt, describeUnless, GIB, scratchDirectory } from './scratch-devices.ts';

const calls = ringCalls();
const directory = scratchDirectory();
const { READ, WRITE, FSYNC, POLL_ADD } = OPERATION;

describeUnless(noRing)('a ring', () => {
  function open(entries: number) {
    if (calls === null) throw new Error('no calls');
    const ring = IoUring.open(calls, entries);
    if (typeof ring === 'number') throw new Error(`no ring: ${ring}`);
    const memory = new NativeMemory(calls);
    const results: number[] = [];
    const who = ring.enlist({ completed: (result) => results.push(result) });
    const until = (count: number) => {
      while (results.length < count) {
        ring.enter(1);
        ring.reap();
      }
      return results;
    };
    return { ring, memory, who, until };
  }

  test('writes, reads and flushes at any offset, above 4 GiB too', () => {
    const { ring, memory, who, until } = open(8);
    const file = path.join(directory, 'large');
    const fd = fs.openSync(file, 'w+');
    const position = 5 * GIB + 4096 + 3;
    const slot = memory.take(5);
    slot.data(5).set(Buffer.from('hello'));
    ring.put(WRITE, fd, position, slot.address, 5, 0, who);
    expect(until(1)).toEqual([5]);
    expect(bytesAt(file, position, 5).toString()).toBe('hello');
    slot.data(5).fill(0);
    ring.put(READ, fd, position, slot.address, 5, 0, who);
    ring.put(FSYNC, fd, 0, 0, 0, 1, who);
    expect(until(3).toSorted()).toEqual([0, 5, 5]);
    expect(Buffer.from(slot.data(5)).toString()).toBe('hello');
    fs.closeSync(fd);
    ring.close();
  });

  test('more requests than it has entries for all end, each once, each with its own bytes', () => {
    const { ring, memory, who, until } = open(4);
    const file = path.join(directory, 'many');
    const fd = fs.openSync(file, 'w+');
    const slots = Array.from({ length: 300 }, (_, index) => {
      const slot = memory.take(1);
      slot.data(1)[0] = index % 251;
      ring.put(WRITE, fd, index, slot.address, 1, 0, who);
      return slot;
    });
    expect(until(300)).toEqual(Array(300).fill(1));
    ring.enter(0);
    expect(ring.reap()).toBe(0);
    expect([...fs.readFileSync(file)]).toEqual(slots.map((slot) => slot.data(1)[0]));
    fs.closeSync(fd);
    ring.close();
  });

  test('says why a request failed', () => {
    const { ring, memory, who, until } = open(8);
    const file = path.join(directory, 'read-only');
    fs.writeFileSync(file, '');
    const fd = fs.openSync(file, 'r');
    ring.put(WRITE, fd, 0, memory.take(1).address, 1, 0, who);
    expect(until(1)).toEqual([-9]); // EBADF
    fs.closeSync(fd);
    ring.close();
  });

  test('a place that was given back goes to the next who comes', () => {
    const { ring } = open(8);
    const place = ring.enlist({ completed: () => {} });
    ring.dismiss(place);
    expect(ring.enlist({ completed: () => {} })).toBe(place);
    ring.close();
  });

  test('what waits for a descriptor ends when it is ready, and nobody else waits for it', () => {
    const { ring, memory, who, until } = open(8);
    const fifo = path.join(directory, 'fifo');
    fs.writeFileSync(path.join(directory, 'beside'), 'x');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    const pipe = fs.openSync(fifo, fs.constants.O_RDWR);
    const beside = fs.openSync(path.join(directory, 'beside'), 'r');
    ring.put(POLL_ADD, pipe, 0, 0, 0, 1, who);
    ring.put(READ, beside, 0, memory.take(1).address, 1, 0, who);
    expect(until(1)).toEqual([1]);
    fs.writeSync(pipe, 'now');
    expect(until(2).length).toBe(2);
    fs.closeSync(pipe);
    fs.closeSync(beside);
    ring.close();
  });

  test('a kernel that refuses says so with an errno', () => {
    if (calls === null) throw new Error('no calls');
    expect(IoUring.open({ ...calls, setup: () => -38 }, 8)).toBe(-38);
  });
});
