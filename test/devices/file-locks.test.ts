import fs from 'node:fs';
import os from 'node:os';
import { expect, test } from 'vitest';
import { isLockedElsewhere, lockFile } from '../../src/devices/file-locks.ts';
import { atEnd, scratchDirectory, scratchFile } from './scratch-devices.ts';

const { EAGAIN, EBADF } = os.constants.errno;
const directory = scratchDirectory();

function openings(name: string, count: number): number[] {
  const file = scratchFile(directory, name, 4096);
  const fds = Array.from({ length: count }, () => fs.openSync(file, 'r+'));
  atEnd(() => {
    for (const fd of fds) {
      try {
        fs.closeSync(fd);
      } catch {
        // The test closed it already.
      }
    }
  });
  return fds;
}

test('a write lock keeps every other opening out, also in this process', () => {
  const [one = -1, other = -1] = openings('write.img', 2);
  expect(lockFile(one, 'write')).toBe(0);
  expect(lockFile(other, 'write')).toBe(-EAGAIN);
  expect(lockFile(other, 'read')).toBe(-EAGAIN);
  expect(isLockedElsewhere(other, 'read')).toBe(true);
  expect(isLockedElsewhere(one, 'write')).toBe(false);
});

test('read locks go together and keep writers out', () => {
  const [one = -1, other = -1] = openings('read.img', 2);
  expect(lockFile(one, 'read')).toBe(0);
  expect(lockFile(other, 'read')).toBe(0);
  expect(isLockedElsewhere(one, 'read')).toBe(false);
  expect(isLockedElsewhere(one, 'write')).toBe(true);
  expect(lockFile(one, 'write')).toBe(-EAGAIN);
});

test('the lock covers the whole file, whatever its size becomes', () => {
  const [one = -1, other = -1] = openings('grow.img', 2);
  lockFile(one, 'write');
  const ranges = [0n, 100n, 5n * 2n ** 30n].map((start) => lockByte(other, start));
  expect(ranges).toEqual([false, false, false]);
});

test('the lock outlives other descriptors of the file and ends with its own', () => {
  const [one = -1, other = -1, third = -1] = openings('close.img', 3);
  lockFile(one, 'write');
  fs.closeSync(third);
  expect(isLockedElsewhere(other, 'write')).toBe(true);
  fs.closeSync(one);
  expect(lockFile(other, 'write')).toBe(0);
});

test('what is no open file cannot be locked', () => {
  expect(lockFile(9999, 'write')).toBe(-EBADF);
  expect(isLockedElsewhere(9999, 'write')).toBe(false);
});

/** Whether one byte alone can still be locked; asks the kernel in the test's own words. */
function lockByte(fd: number, start: bigint): boolean {
  const flock = Buffer.alloc(32);
  flock.writeInt16LE(1, 0);
  flock.writeBigInt64LE(start, 8);
  flock.writeBigInt64LE(1n, 16);
  return fcntl(fd, 37, flock) === 0;
}

const fcntl = (await import('koffi')).default.load(null).func('int fcntl(int, int, void *)');
