import assert from 'node:assert';
import fs from 'node:fs';
import os from 'node:os';
import { beforeAll, expect, test } from 'vitest';
import {
  changeCacheLater,
  ENXIO,
  EOPNOTSUPP,
  fallocateLater,
  fallocateNow,
  pagesOf,
  preadCached,
  preadNow,
  pwriteNow,
  seekData,
  seekHole,
} from '../../src/devices/file-calls.ts';
import { libc } from '../../src/devices/libc.ts';
import {
  atEnd,
  bytesAt,
  cachedBytes,
  dropFromCache,
  GIB,
  missing,
  noTmpfs,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const { EAGAIN, EBADF, EINVAL } = os.constants.errno;
const directory = scratchDirectory();

/** Positions at which a 32-bit argument would lose bits or change sign. */
const FAR = [2 ** 31 - 3, 2 ** 31 + 4096, 2 ** 32 - 5, 2 ** 32, 2 ** 32 + 4097, 6 * GIB + 123];

function openScratch(name: string, sizeBytes: number, fill?: number) {
  const file = scratchFile(directory, name, sizeBytes, fill);
  const fd = fs.openSync(file, 'r+');
  atEnd(() => fs.closeSync(fd));
  return { file, fd };
}

beforeAll(() => {
  assert(libc().absence === null, 'koffi must load on the machine that runs these tests');
});

test('reads and writes move exactly their bytes, however far into the file', () => {
  const { file, fd } = openScratch('far.img', 8 * GIB);
  for (const position of FAR) {
    const bytes = Buffer.from(`at ${position}.`);
    expect(pwriteNow(fd, bytes, position)).toBe(bytes.length);
    expect(bytesAt(file, position, bytes.length)).toEqual(bytes);
    const into = new Uint8Array(bytes.length);
    expect(preadNow(fd, into, position)).toBe(bytes.length);
    expect(Buffer.from(into)).toEqual(bytes);
    const again = new Uint8Array(bytes.length);
    expect(preadCached(fd, again, position)).toBe(bytes.length);
    expect(Buffer.from(again)).toEqual(bytes);
  }
  // Nothing went astray to a position that lost its upper half.
  expect(bytesAt(file, 0, 8192)).toEqual(Buffer.alloc(8192));
  expect(fs.statSync(file).size).toBe(8 * GIB);
});

test('a view is read and written where it begins and ends in its buffer', () => {
  const { file, fd } = openScratch('views.img', 4096);
  const whole = Buffer.from('abcdefgh');
  expect(pwriteNow(fd, whole.subarray(2, 5), 10)).toBe(3);
  expect(bytesAt(file, 9, 5).toString('latin1')).toBe('\0cde\0');
  const into = new Uint8Array(8);
  expect(preadNow(fd, into.subarray(3, 6), 10)).toBe(3);
  expect(Buffer.from(into).toString('latin1')).toBe('\0\0\0cde\0\0');
});

test('a read answers a short count at the end of the file and 0 behind it', () => {
  const { fd } = openScratch('end.img', 100);
  expect(preadNow(fd, new Uint8Array(64), 90)).toBe(10);
  expect(preadNow(fd, new Uint8Array(64), 100)).toBe(0);
});

test('reads and writes answer the negative errno', () => {
  const { file } = openScratch('closed.img', 100);
  const fd = fs.openSync(file, 'r');
  expect(pwriteNow(fd, Buffer.from('x'), 0)).toBe(-EBADF);
  fs.closeSync(fd);
  expect(preadNow(fd, new Uint8Array(1), 0)).toBe(-EBADF);
});

testUnless(missing('dd'))(
  'a cached read takes what is cached and refuses to wait for the rest',
  () => {
    const { file, fd } = openScratch('cached.img', 64 * 1024, 7);
    const into = new Uint8Array(4096);
    expect(preadCached(fd, into, 8192)).toBe(4096);
    expect(into.every((byte) => byte === 7)).toBe(true);
    dropFromCache(file, fd);
    expect(preadCached(fd, into, 8192)).toBe(-EAGAIN);
    expect(preadNow(fd, into, 8192)).toBe(4096);
  },
);

testUnless(noTmpfs)('tmpfs refuses cached reads', () => {
  const file = scratchFile(scratchDirectory('/dev/shm'), 'nowait.img', 4096, 1);
  const fd = fs.openSync(file, 'r');
  expect(preadCached(fd, new Uint8Array(1), 0)).toBe(EOPNOTSUPP);
  expect(preadNow(fd, new Uint8Array(1), 0)).toBe(1);
  fs.closeSync(fd);
});

const MIB = 2 ** 20;

test('punchHole zeroes and frees its range and nothing else', () => {
  const { file, fd } = openScratch('punch.img', 4 * MIB, 0xaa);
  fs.fsyncSync(fd);
  const before = fs.statSync(file).blocks;
  expect(fallocateNow(fd, 'punchHole', MIB, MIB)).toBe(0);
  const expected = Buffer.alloc(4 * MIB, 0xaa).fill(0, MIB, 2 * MIB);
  expect(fs.readFileSync(file).equals(expected)).toBe(true);
  expect(before - fs.statSync(file).blocks).toBe(MIB / 512);
});

test('zeroRange zeroes its range, to the byte, and keeps the blocks', () => {
  const { file, fd } = openScratch('zero.img', 4 * MIB, 0xaa);
  fs.fsyncSync(fd);
  const before = fs.statSync(file).blocks;
  expect(fallocateNow(fd, 'zeroRange', MIB + 7, MIB)).toBe(0);
  const expected = Buffer.alloc(4 * MIB, 0xaa).fill(0, MIB + 7, 2 * MIB + 7);
  expect(fs.readFileSync(file).equals(expected)).toBe(true);
  expect(fs.statSync(file).blocks).toBeGreaterThanOrEqual(before);
});

test.each(['punchHole', 'zeroRange'] as const)('%s never makes a file longer', (change) => {
  const { file, fd } = openScratch(`grow-${change}.img`, 8192, 1);
  expect(fallocateNow(fd, change, 4096, MIB)).toBe(0);
  expect(fs.statSync(file).size).toBe(8192);
});

test.each(['punchHole', 'zeroRange'] as const)('%s takes 64-bit ranges', async (change) => {
  const { file, fd } = openScratch(`far-${change}.img`, 14 * GIB);
  const marks = [0, 4096, GIB, 5 * GIB - 4096, 5 * GIB, 10 * GIB + 4096, 13 * GIB];
  for (const position of marks) pwriteNow(fd, Buffer.alloc(4096, 0xee), position);
  const results = [fallocateNow(fd, change, 5 * GIB, 4096)];
  results.push(await new Promise((ended) => fallocateLater(fd, change, 9 * GIB, 2 * GIB, ended)));
  expect(results).toEqual([0, 0]);
  const left = marks.filter((position) => bytesAt(file, position, 1)[0] === 0xee);
  expect(left).toEqual([0, 4096, GIB, 5 * GIB - 4096, 13 * GIB]);
});

test('calls that run at the same time keep their own errno', async () => {
  const { fd } = openScratch('errno.img', MIB);
  const calls = Array.from({ length: 24 }, (_, index) => {
    const [on, length] = [index % 3 === 0 ? 9999 : fd, index % 3 === 1 ? 0 : 4096];
    return new Promise((ended) => fallocateLater(on, 'punchHole', 0, length, ended));
  });
  const expected = calls.map((_, index) => [-EBADF, -EINVAL, 0][index % 3]);
  expect(await Promise.all(calls)).toEqual(expected);
});

test('seekData and seekHole find the borders of data, also above 4 GiB', () => {
  const { fd } = openScratch('sparse.img', 12 * GIB);
  pwriteNow(fd, Buffer.alloc(8192, 1), 64 * 1024);
  pwriteNow(fd, Buffer.alloc(8192, 1), 5 * GIB);
  fs.fsyncSync(fd);
  expect(seekData(fd, 0)).toBe(64 * 1024);
  expect(seekHole(fd, 64 * 1024)).toBe(64 * 1024 + 8192);
  expect(seekData(fd, 64 * 1024 + 8192)).toBe(5 * GIB);
  expect(seekHole(fd, 5 * GIB)).toBe(5 * GIB + 8192);
  expect(seekData(fd, 5 * GIB + 8192)).toBe(ENXIO);
  expect(seekHole(fd, 6 * GIB)).toBe(6 * GIB);
});

test('pagesOf gives as many bytes as asked for, from where a page begins', () => {
  for (const length of [1, 4096, 65_537, 2 ** 20]) {
    const pages = pagesOf(length);
    expect(pages.length).toBe(length);
    expect(Number(libc().address(pages)) % 4096).toBe(0);
  }
});

test('forgetting drops what is cached and loses nothing', async () => {
  const { file, fd } = openScratch('forget.img', 2 ** 20, 3);
  fs.fsyncSync(fd);
  expect(preadCached(fd, new Uint8Array(4096), 524_288)).toBe(4096);
  expect(await new Promise((ended) => changeCacheLater(fd, 'forget', 0, 0, ended))).toBe(0);
  expect(preadCached(fd, new Uint8Array(4096), 524_288)).toBe(-EAGAIN);
  expect(fs.readFileSync(file).every((byte) => byte === 3)).toBe(true);
});

const noLooking = missing('dd') ?? missing('fincore');

testUnless(noLooking)(
  'reading ahead brings a range into the page cache, where it is far too',
  async () => {
    const far = 3 * GIB;
    const { file, fd } = openScratch('ahead.img', far + 2 ** 20);
    pwriteNow(fd, Buffer.alloc(2 ** 20, 3), far);
    dropFromCache(file, fd);
    expect(cachedBytes(file)).toBe(0);
    expect(
      await new Promise((ended) => changeCacheLater(fd, 'readAhead', far, 262_144, ended)),
    ).toBe(0);
    // The call only starts the reading; what it asks for is in the cache from the start.
    expect(cachedBytes(file)).toBeGreaterThanOrEqual(262_144);
    expect(cachedBytes(file)).toBeLessThan(2 ** 20);
  },
);

test('reading ahead answers the negative errno', async () => {
  expect(await new Promise((ended) => changeCacheLater(9999, 'readAhead', 0, 4096, ended))).toBe(
    -EBADF,
  );
});
