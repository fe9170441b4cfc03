import assert from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { WritePolicy } from '../../src/devices/device-io.ts';
import { FsBackend } from '../../src/devices/fs-backend.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { ending, LEG_BYTES, legIoConformance } from './leg-io-conformance.ts';
import {
  atEnd,
  attachLoop,
  bytesAt,
  dropFromCache,
  missing,
  mountInside,
  noFreezing,
  noLoopDevices,
  noTmpfs,
  openLeg,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const directory = scratchDirectory();
const memory = noTmpfs === null ? scratchDirectory('/dev/shm') : directory;
const [first, second] = [legIndex(0), legIndex(1)];
const start = byteOffset(0);

let made = 0;
/** A new name each time: a file stays open, and locked, until the test file ends. */
function image(where: string, sizeBytes: number, fill?: number): string {
  made += 1;
  return scratchFile(where, `${made}.img`, sizeBytes, fill);
}

function backendOver(devices: readonly OpenDevice[], policy: WritePolicy | null = null): FsBackend {
  const legs = devices.map((device) => ({
    device,
    offsetBytes: byteCount(0),
    writePolicy: policy,
  }));
  return new FsBackend(legs, null);
}

/** Leg 0 in the middle of its device, leg 1 at the end of another. */
function conformsOn(name: string, place: () => string, policy: WritePolicy | null): void {
  const offsets = [byteCount(65_536), byteCount(512)];
  legIoConformance(name, () => {
    const files = [place(), place()];
    for (const file of files) fs.writeFileSync(file, Buffer.alloc(LEG_BYTES, 0xcc), { flag: 'r+' });
    const legs = files.map((file, index) => ({
      device: openLeg(file),
      offsetBytes: offsets[index] ?? byteCount(0),
      writePolicy: policy,
    }));
    return {
      io: new FsBackend(legs, null),
      bytesOf: (leg) => ({
        bytes: fs.readFileSync(files[leg] ?? ''),
        start: offsets[leg] ?? 0,
      }),
      endsWithItsDevice: false,
    };
  });
}

describe('conformance', () => {
  const size = 65_536 + LEG_BYTES + 4096;
  conformsOn('files on disk, by their kind', () => image(directory, size, 0xcc), null);
  conformsOn('files on disk, through the pool', () => image(directory, size, 0xcc), 'pool');
  if (noTmpfs === null) conformsOn('files in tmpfs', () => image(memory, size, 0xcc), null);
  if (noLoopDevices === null) {
    const onBlocks = (bytes: string) => () =>
      attachLoop(image(directory, size), '--sector-size', bytes);
    conformsOn('block devices of 512-byte blocks', onBlocks('512'), null);
    conformsOn('block devices of 4096-byte blocks', onBlocks('4096'), null);
  }
});

test('a local file is written before the call returns, through the pool it is not', async () => {
  const device = openLeg(image(directory, 8192));
  const ended: string[] = [];
  const write = (name: string, policy: WritePolicy | null) =>
    ending((done) =>
      backendOver([device], policy).write(first, [Buffer.from(name)], start, false, (error) => {
        ended.push(name);
        done(error);
      }),
    );
  const writes = [write('by kind', null), write('inline', 'inline'), write('pool', 'pool')];
  expect(ended).toEqual(['by kind', 'inline']);
  await Promise.all(writes);
  expect(ended).toEqual(['by kind', 'inline', 'pool']);
});

test('what may stall is written through the pool, by its kind', async () => {
  const device = openLeg(image(directory, 8192));
  const remote = { ...device, traits: { ...device.traits, mayStall: true } };
  let ended = false;
  const write = ending((done) =>
    backendOver([remote]).write(first, [Buffer.from('x')], start, false, (error) => {
      ended = true;
      done(error);
    }),
  );
  expect(ended).toBe(false);
  expect(await write).toBeNull();
});

test('a FUA write goes through the durable descriptor, and no other does', async () => {
  const [plain, durable] = [image(directory, 4096), image(directory, 4096)];
  const device = { ...openLeg(plain), durableFd: openLeg(durable).fd };
  for (const policy of ['inline', 'pool'] as const) {
    const io = backendOver([device], policy);
    await ending((done) => io.write(first, [Buffer.from('now')], byteOffset(0), false, done));
    await ending((done) => io.write(first, [Buffer.from('fua')], byteOffset(8), true, done));
  }
  expect(bytesAt(plain, 0, 11).toString('latin1')).toBe('now\0\0\0\0\0\0\0\0');
  expect(bytesAt(durable, 0, 11).toString('latin1')).toBe('\0\0\0\0\0\0\0\0fua');
});

test('errors carry the symbolic errno, the path, and the place', async () => {
  const file = image(directory, 8192);
  const device = { ...openLeg(file), fd: openReadOnly(file), durableFd: openReadOnly(file) };
  const x = [Buffer.from('x')];
  const range = [byteOffset(4096), byteCount(512)] as const;
  const manner = { mayPunch: true, fastOnly: false, fua: false };
  for (const policy of ['inline', 'pool'] as const) {
    const io = backendOver([device], policy);
    const at = byteOffset(4096);
    expect(await ending((done) => io.write(first, x, at, false, done))).toEqual({
      code: 'EBADF',
      message: `${file}: write at byte 4096: bad file descriptor`,
    });
    expect(await ending((done) => io.zero(first, ...range, manner, done))).toEqual({
      code: 'EBADF',
      message: `${file}: zero from byte 4096: bad file descriptor`,
    });
  }
});

test('a read past the end of a file says where it ends', async () => {
  const file = image(directory, 8192);
  const io = backendOver([openLeg(file)]);
  for (const length of [200, 300_000]) {
    const into = new Uint8Array(length);
    const error = await ending((done) => io.read(first, into, byteOffset(8100), done));
    expect(error).toEqual({
      code: 'EIO',
      message: `${file}: read at byte 8192: the device ends there`,
    });
  }
});

function openReadOnly(file: string): number {
  const fd = fs.openSync(file, 'r');
  atEnd(() => fs.closeSync(fd));
  return fd;
}

testUnless(missing('dd'))('a read that is not cached does not wait on this thread', async () => {
  const file = image(directory, 65_536, 0x5a);
  const device = openLeg(file);
  const io = backendOver([device]);
  const into = new Uint8Array(4096);
  const ends: boolean[] = [];
  const read = () =>
    ending((done) =>
      io.read(first, into, start, (error) => {
        ends.push(true);
        done(error);
      }),
    );
  const readCold = () => {
    dropFromCache(file, device.fd);
    return read();
  };
  let cold = readCold();
  // A disk may answer while the kernel still looks whether it has: that says nothing.
  for (let tries = 0; ends.length > 0 && tries < 20; tries += 1) {
    await cold;
    ends.length = 0;
    cold = readCold();
  }
  expect(ends).toEqual([]);
  expect(await cold).toBeNull();
  expect(into.every((byte) => byte === 0x5a)).toBe(true);
  const warm = read();
  expect(ends).toEqual([true, true]);
  await warm;
});

testUnless(missing('dd'))(
  'a read that is cached in part is read in two, without a seam',
  async () => {
    const file = image(directory, 65_536, 0x5a);
    const device = openLeg(file);
    dropFromCache(file, device.fd);
    fs.writeSync(device.fd, Buffer.alloc(4096, 0x11), 0, 4096, 0);
    const into = new Uint8Array(16_384);
    const io = backendOver([device]);
    expect(await ending((done) => io.read(first, into, start, done))).toBeNull();
    expect(Buffer.from(into).equals(Buffer.alloc(16_384, 0x5a).fill(0x11, 0, 4096))).toBe(true);
  },
);

/** Whether the operation ended before its call returned. */
function endsAtOnce(begin: (done: () => void) => void): boolean {
  let ended = false;
  begin(() => {
    ended = true;
  });
  return ended;
}

testUnless(noTmpfs)('in tmpfs nothing waits, on disk what must last does', () => {
  const atOnce = [memory, directory].map((where) => {
    const [leg, log] = [openLeg(image(where, 8192, 1)), openLeg(image(where, 8192, 1))];
    const io = new FsBackend([{ device: leg, offsetBytes: byteCount(0), writePolicy: null }], log);
    const bytes = new Uint8Array(512);
    return [
      endsAtOnce((done) => io.read(first, bytes, start, done)),
      endsAtOnce((done) => io.write(first, [bytes], start, true, done)),
      endsAtOnce((done) => io.flush(first, done)),
      endsAtOnce((done) => io.writeLog([{ offset: 0, bytes }], true, done)),
      endsAtOnce((done) => io.writeLog([{ offset: 0, bytes }], false, done)),
    ];
  });
  expect(atOnce).toEqual([
    [true, true, true, true, true],
    [true, false, false, false, false],
  ]);
});

testUnless(noLoopDevices)(
  'a block device promises no fast zeroes that keep their blocks',
  async () => {
    const io = backendOver([openLeg(attachLoop(image(directory, 65_536, 1)))]);
    const manner = { mayPunch: false, fastOnly: true, fua: false };
    const zero = ending((done) => io.zero(first, start, byteCount(4096), manner, done));
    expect(await zero).toMatchObject({ code: 'EOPNOTSUPP' });
  },
);

test('a discard gives blocks back, zeroing may be told to keep them', async () => {
  const file = image(directory, 2 ** 20, 1);
  const device = openLeg(file);
  fs.fsyncSync(device.fd);
  const io = backendOver([device]);
  const blocks = () => fs.fstatSync(device.fd).blocks;
  const before = blocks();
  const half = byteCount(2 ** 19);
  const keep = { mayPunch: false, fastOnly: true, fua: true };
  expect(await ending((done) => io.zero(first, start, half, keep, done))).toBeNull();
  expect(blocks()).toBeGreaterThanOrEqual(before);
  expect(await ending((done) => io.discard(first, start, half, true, done))).toBeNull();
  expect(blocks()).toBeLessThan(before);
  const runs = io.allocation(first, start, byteCount(2 ** 20), 10);
  expect(runs).toEqual([
    { length: 2 ** 19, hole: true },
    { length: 2 ** 19, hole: false },
  ]);
  const upperHalf = new FsBackend([{ device, offsetBytes: half, writePolicy: null }], null);
  expect(upperHalf.allocation(first, start, half, 10)).toEqual([{ length: 2 ** 19, hole: false }]);
});

testUnless(noTmpfs)(
  'what cannot be zeroed fast is refused, or written if it may be slow',
  async () => {
    const file = image(memory, 65_536, 1);
    const io = backendOver([openLeg(file)]);
    const zero = (fastOnly: boolean) =>
      ending((done) => {
        const manner = { mayPunch: false, fastOnly, fua: false };
        io.zero(first, byteOffset(100), byteCount(60_000), manner, done);
      });
    expect(await zero(true)).toMatchObject({ code: 'EOPNOTSUPP' });
    expect(fs.readFileSync(file).every((byte) => byte === 1)).toBe(true);
    expect(await zero(false)).toBeNull();
    const expected = Buffer.alloc(65_536, 1).fill(0, 100, 60_100);
    expect(fs.readFileSync(file).equals(expected)).toBe(true);
  },
);

test('a log is written part by part, durably by one descriptor or one flush', async () => {
  const [plain, durable] = [image(directory, 4096), image(directory, 4096)];
  const device = { ...openLeg(plain), durableFd: openLeg(durable).fd };
  const io = new FsBackend([], device);
  const parts = [0, 1024, 512].map((offset) => ({ offset, bytes: Buffer.from(`at ${offset}`) }));
  expect(await ending((done) => io.writeLog(parts, true, done))).toBeNull();
  expect([0, 1024, 512].map((at) => bytesAt(plain, at, 5).toString())).toEqual([
    'at 0\0',
    'at 10',
    'at 51',
  ]);
  expect(await ending((done) => io.writeLog(parts.slice(1, 2), true, done))).toBeNull();
  expect(bytesAt(durable, 1024, 5).toString()).toBe('at 10');
  const broken = new FsBackend([], { ...device, fd: openReadOnly(plain) });
  expect(await ending((done) => broken.writeLog(parts, true, done))).toMatchObject({
    code: 'EBADF',
  });
});

test('a log write ends with its first failure, and not before all its parts have', async () => {
  vi.stubEnv('UV_THREADPOOL_SIZE', '1');
  const file = image(directory, 4096);
  const io = new FsBackend([], openLeg(file));
  vi.unstubAllEnvs();
  const bytes = Buffer.from('log');
  const parts = [2 ** 52, 512, 1024].map((offset) => ({ offset, bytes }));
  const seen = await new Promise((resolve) => {
    io.writeLog(parts, false, (error) => resolve([error?.code, bytesAt(file, 1024, 3)]));
  });
  expect(seen).toEqual(['EFBIG', bytes]);
});

test('what must last is flushed, once it is written, and nothing else is', async () => {
  const files = [image(directory, 65_536, 1), image(directory, 4096)];
  const [leg, log] = files.map(openLeg);
  assert(leg !== undefined && log !== undefined);
  const io = new FsBackend([{ device: leg, offsetBytes: byteCount(0), writePolicy: null }], log);
  const seen: string[] = [];
  const flushed = vi.spyOn(fs, 'fdatasync').mockImplementation((fd, ended) => {
    seen.push(
      fd === leg.fd
        ? `leg ${bytesAt(files[0] ?? '', 0, 1)[0]}`
        : bytesAt(files[1] ?? '', 8, 3).toString(),
    );
    ended(null);
  });
  const range = [start, byteCount(4096)] as const;
  const manner = { mayPunch: true, fastOnly: false, fua: false };
  const parts = [0, 8].map((offset) => ({ offset, bytes: Buffer.from('log') }));
  try {
    await ending((done) => io.write(first, [Buffer.of(9)], start, false, done));
    await ending((done) => io.flush(first, done));
    await ending((done) => io.zero(first, ...range, { ...manner, fua: true }, done));
    await ending((done) => io.zero(first, ...range, manner, done));
    await ending((done) => io.discard(first, ...range, true, done));
    await ending((done) => io.discard(first, ...range, false, done));
    await ending((done) => io.writeLog(parts, false, done));
    await ending((done) => io.writeLog(parts, true, done));
  } finally {
    flushed.mockRestore();
  }
  expect(seen).toEqual(['leg 9', 'leg 0', 'leg 0', 'log']);
});

test('a flush that fails says so', async () => {
  const device = { ...openLeg(image(directory, 4096)), fd: 9999 };
  expect(await ending((done) => backendOver([device]).flush(first, done))).toMatchObject({
    code: 'EBADF',
  });
});

testUnless(noLoopDevices)('after a failed flush reads show what the device has', async () => {
  const small = path.join(directory, 'small');
  fs.mkdirSync(small);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', small]);
  atEnd(() => spawnSync('umount', [small]));
  const backing = image(small, 2 ** 20);
  const io = backendOver([openLeg(attachLoop(backing))]);
  const ones = new Uint8Array(2 ** 20).fill(1);
  expect(await ending((done) => io.write(first, [ones], start, false, done))).toBeNull();
  expect(await ending((done) => io.flush(first, done))).toMatchObject({ code: 'EIO' });
  const into = new Uint8Array(2 ** 20);
  expect(await ending((done) => io.read(first, into, start, done))).toBeNull();
  expect(into.every((byte) => byte === 1)).toBe(false);
  expect(Buffer.from(into).equals(fs.readFileSync(backing))).toBe(true);
});

testUnless(noFreezing)(
  'one leg that hangs holds up neither the other leg nor the log',
  async () => {
    const mountPoint = mountInside(image(directory, 16 * 2 ** 20), 'ext4');
    const hanging = openLeg(image(mountPoint, 65_536, 1));
    const io = new FsBackend(
      [hanging, openLeg(image(directory, 65_536, 1))].map((device) => ({
        device,
        offsetBytes: byteCount(0),
        writePolicy: 'pool',
      })),
      openLeg(image(directory, 4096)),
    );
    const bytes = new Uint8Array(512);
    const write = (leg: typeof first, index: number, fua: boolean) =>
      ending((done) => io.write(leg, [bytes], byteOffset(512 * index), fua, done));
    const thaw = () => spawnSync('fsfreeze', ['--unfreeze', mountPoint]);
    atEnd(thaw);
    execFileSync('fsfreeze', ['--freeze', mountPoint]);
    const hung = Array.from({ length: 20 }, (_, index) => write(first, index, index % 2 === 0));
    const others = Array.from({ length: 20 }, (_, index) => write(second, index, index % 2 === 0));
    others.push(ending((done) => io.flush(second, done)));
    others.push(ending((done) => io.writeLog([{ offset: 0, bytes }], true, done)));
    expect(new Set(await Promise.all(others))).toEqual(new Set([null]));
    const nobody = Symbol();
    expect(await Promise.race([...hung, Promise.resolve(nobody)])).toBe(nobody);
    thaw();
    expect(new Set(await Promise.all(hung))).toEqual(new Set([null]));
  },
);
