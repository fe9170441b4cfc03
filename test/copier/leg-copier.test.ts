import assert from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CopyLeg } from '../../src/copier/copy-messages.ts';
import { USUAL_MANNER } from '../../src/copier/copy-messages.ts';
import { LegCopier } from '../../src/copier/leg-copier.ts';
import { closeDirect, openDirect } from '../../src/devices/direct-access.ts';
import { seekData } from '../../src/devices/file-calls.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { byteCount, byteOffset, legIndex, SECTOR_BYTES } from '../../src/geometry/units.ts';
import {
  atEnd,
  attachLoop,
  cachedBytes,
  dropFromCache,
  GIB,
  legAt,
  missing,
  noLoopDevices,
  noTmpfs,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from '../devices/scratch-devices.ts';

const KIB = 1024;
const MIB = 2 ** 20;
const directory = scratchDirectory();

let made = 0;
function image(sizeBytes: number, fill?: number, where = directory): string {
  made += 1;
  return scratchFile(where, `${made}.img`, sizeBytes, fill);
}

/** Legs over these files, open for writing, each from `offsetBytes` on. */
function legsOver(files: readonly string[], offsetBytes = 0): CopyLeg[] {
  return openForTest(...files.map((file) => legAt(file))).map((device) =>
    legOf(device, offsetBytes),
  );
}

function legOf(device: OpenDevice, offsetBytes: number): CopyLeg {
  return { device, offsetBytes: byteCount(offsetBytes), direct: null };
}

/** The same past the page cache. */
function directly(legs: readonly CopyLeg[]): CopyLeg[] {
  const accesses = openDirect(legs, [SECTOR_BYTES]);
  atEnd(() => closeDirect(accesses));
  return legs.map((leg, index) => ({ ...leg, direct: accesses[index] ?? null }));
}

/** Copies from leg 0 to all the others. */
function copy(legs: readonly CopyLeg[], offset: number, length: number, copier?: LegCopier) {
  return (copier ?? new LegCopier(legs)).copy({
    source: legIndex(0),
    targets: legs.slice(1).map((_, index) => legIndex(index + 1)),
    offset: byteOffset(offset),
    length: byteCount(length),
  });
}

function write(file: string, position: number, bytes: Uint8Array): void {
  const fd = fs.openSync(file, 'r+');
  fs.writeSync(fd, bytes, 0, bytes.length, position);
  fs.closeSync(fd);
}

const withoutErrors = (targets: number) => ({
  readError: null,
  writeErrors: Array.from({ length: targets }, () => null),
});

/** 4 KiB blocks of the source: a hole, zeroes, or one of two contents. */
const layouts = fc.array(fc.constantFrom<number | 'hole'>('hole', 0, 1, 2), {
  minLength: 24,
  maxLength: 24,
});
const ranges = fc
  .tuple(fc.nat(24 * 4096 - 1), fc.integer({ min: 1, max: 24 * 4096 }))
  .map(([offset, length]) => ({ offset, length: Math.min(length, 24 * 4096 - offset) }));

/** Makes every block of the legs' files what `layout` says, in data and in holes. */
function layOut(file: string, start: number, layout: readonly (number | 'hole')[]): void {
  const { size } = fs.statSync(file);
  fs.truncateSync(file, 0);
  fs.truncateSync(file, size);
  write(file, 0, Buffer.alloc(start, 0xee));
  for (const [index, block] of layout.entries()) {
    if (block !== 'hole') write(file, start + index * 4096, Buffer.alloc(4096, block));
  }
  write(file, start + layout.length * 4096, Buffer.alloc(8192, 0xee));
}

/** After a copy every target has the source's bytes in the range and its own around it. */
function copiesWhatever(
  legs: readonly CopyLeg[],
  files: readonly string[],
  start: number,
  copier = new LegCopier(legs),
  grain = 1,
): void {
  fc.assert(
    fc.property(layouts, fc.array(layouts, { minLength: 2, maxLength: 2 }), ranges, (...given) => {
      const [layout, others, range] = given;
      const offset = Math.floor(range.offset / grain) * grain;
      const length = Math.ceil(range.length / grain) * grain;
      files.forEach((file, index) => {
        layOut(file, start, index === 0 ? layout : (others[index - 1] ?? []));
      });
      const before = files.map((file) => fs.readFileSync(file));
      const outcome = copy(legs, offset, length, copier);
      const { bytesCopied, bytesSkippedAsHoles, ...errors } = outcome;
      assert.deepEqual(errors, withoutErrors(files.length - 1));
      assert.equal(bytesCopied + bytesSkippedAsHoles, length);
      const [source, ...targets] = before;
      assert(source !== undefined);
      const [from, to] = [start + offset, start + offset + length];
      for (const target of targets) source.copy(target, from, from, to);
      files.forEach((file, index) => {
        assert(fs.readFileSync(file).equals(before[index] as Buffer));
      });
    }),
    { numRuns: 25 },
  );
}

const SIZE = 4096 + 24 * 4096 + 8192;

test('one target gets the source’s bytes, its surroundings stay', () => {
  const files = [image(SIZE), image(SIZE)];
  copiesWhatever(legsOver(files, 4096), files, 4096);
});

test('several targets get the source’s bytes', () => {
  const files = [image(SIZE), image(SIZE), image(SIZE)];
  copiesWhatever(legsOver(files, 4096), files, 4096);
});

test.each([4096, 512])(
  'copies past the page cache end with the same bytes, from byte %d on',
  (start) => {
    const files = [image(SIZE), image(SIZE), image(SIZE)];
    const legs = directly(legsOver(files, start));
    copiesWhatever(legs, files, start, new LegCopier(legs), SECTOR_BYTES);
  },
);

test('one leg past the page cache, the other through it, and the bytes are the same', () => {
  const files = [image(SIZE), image(SIZE)];
  const [past, through] = [
    directly(legsOver([files[0] ?? ''], 512)),
    legsOver([files[1] ?? ''], 512),
  ];
  const legs = [...past, ...through];
  copiesWhatever(legs, files, 512, new LegCopier(legs), SECTOR_BYTES);
});

testUnless(missing('dd') ?? missing('fincore'))(
  'a copy past the page cache leaves nothing there, holes or not',
  () => {
    const files = [image(MIB), image(MIB)];
    const [source = '', target = ''] = files;
    fs.truncateSync(source, 0);
    fs.truncateSync(source, MIB);
    write(source, 64 * KIB, Buffer.alloc(64 * KIB, 1));
    write(target, 0, Buffer.alloc(MIB, 2));
    const legs = legsOver(files, SECTOR_BYTES);
    for (const [index, file] of files.entries()) dropFromCache(file, legs[index]?.device.fd ?? -1);
    expect(copy(directly(legs), 0, MIB / 2)).toMatchObject(withoutErrors(1));
    expect(files.map(cachedBytes)).toEqual([0, 0]);
    const bytes = fs.readFileSync(target);
    const wanted = fs.readFileSync(source).subarray(SECTOR_BYTES, SECTOR_BYTES + MIB / 2);
    expect(bytes.subarray(SECTOR_BYTES, SECTOR_BYTES + MIB / 2).equals(wanted)).toBe(true);
    expect(bytes.subarray(SECTOR_BYTES + MIB / 2).every((byte) => byte === 2)).toBe(true);
    expect(copy(legs, 0, MIB / 2)).toMatchObject(withoutErrors(1));
    expect(Math.min(...files.map(cachedBytes))).toBeGreaterThan(0);
  },
);

test('a copy that compares ends with the same bytes', () => {
  const files = [image(SIZE), image(SIZE), image(SIZE)];
  const legs = legsOver(files, 4096);
  copiesWhatever(legs, files, 4096, new LegCopier(legs, { ...USUAL_MANNER, compares: true }));
});

test('a copy that compares writes only the blocks that differ', () => {
  const [source, target] = [image(3 * MIB, 0), image(3 * MIB)];
  write(source, 70 * KIB, Buffer.alloc(10, 7));
  const legs = legsOver([source, target]);
  const outcome = copy(legs, 0, 3 * MIB, new LegCopier(legs, { ...USUAL_MANNER, compares: true }));
  expect(outcome).toMatchObject({ ...withoutErrors(1), bytesCopied: 3 * MIB });
  assert.deepEqual(fs.readFileSync(target), fs.readFileSync(source));
  // What reads as zeroes on both legs was not written: the target has no blocks for it.
  expect(fs.statSync(target).blocks * 512).toBeLessThanOrEqual(64 * KIB);
});

testUnless(noTmpfs)('targets on another file system get the source’s bytes', () => {
  const files = [image(SIZE), image(SIZE, undefined, scratchDirectory('/dev/shm'))];
  copiesWhatever(legsOver(files, 4096), files, 4096);
});

test('regions larger than a chunk, and odd ranges of them, are copied whole', () => {
  const size = 5 * MIB + 12_345;
  const files = [image(size), image(size, 1), image(size, 2)];
  const pattern = Uint8Array.from({ length: 253 }, (_, index) => index);
  const content = Buffer.alloc(size, pattern);
  write(files[0] ?? '', 0, content);
  const legs = legsOver(files);
  for (const targets of [legs.slice(0, 2), legs]) {
    const outcome = copy(targets, 777, size - 777);
    expect(outcome).toMatchObject({
      ...withoutErrors(targets.length - 1),
      bytesCopied: size - 777,
    });
  }
  for (const [index, file] of files.slice(1).entries()) {
    const bytes = fs.readFileSync(file);
    expect(bytes.subarray(777).equals(content.subarray(777))).toBe(true);
    expect(bytes.subarray(0, 777).every((byte) => byte === index + 1)).toBe(true);
  }
});

test('a hole of the source becomes a hole, and one that is there already is left alone', () => {
  const files = [image(4 * MIB), image(4 * MIB, 7)];
  write(files[0] ?? '', MIB, Buffer.alloc(MIB, 3));
  const legs = legsOver(files);
  const copier = new LegCopier(legs);
  // The data first, then the holes behind and before it.
  const outcomes = [MIB, 2 * MIB, 3 * MIB, 0].map((at) => copy(legs, at, MIB, copier));
  expect(outcomes.map(({ bytesSkippedAsHoles }) => bytesSkippedAsHoles)).toEqual([
    0,
    MIB,
    MIB,
    MIB,
  ]);
  expect(outcomes.map(({ bytesCopied }) => bytesCopied)).toEqual([MIB, 0, 0, 0]);
  for (const { device } of legs) fs.fsyncSync(device.fd);
  const [source, target] = files.map((file) => fs.statSync(file).blocks);
  expect(target).toBe(source);
  expect(fs.readFileSync(files[1] ?? '').equals(fs.readFileSync(files[0] ?? ''))).toBe(true);
  const changed = fs.statSync(files[1] ?? '').mtimeMs;
  expect(copy(legs, 2 * MIB, 2 * MIB).bytesSkippedAsHoles).toBe(2 * MIB);
  expect(fs.statSync(files[1] ?? '').mtimeMs).toBe(changed);
});

test('positions above 4 GiB are kept', () => {
  const files = [image(9 * GIB), image(9 * GIB)];
  write(files[0] ?? '', 6 * GIB + 4096, Buffer.from('far away'));
  const legs = legsOver(files, 4096);
  expect(copy(legs, 6 * GIB - 4096, 64 * KIB)).toMatchObject(withoutErrors(1));
  const [target] = legs.slice(1);
  assert(target !== undefined);
  const found = Buffer.alloc(8);
  fs.readSync(target.device.fd, found, 0, 8, 6 * GIB + 4096);
  expect(found.toString()).toBe('far away');
  expect(seekData(target.device.fd, 0)).toBe(6 * GIB + 4096);
});

test('what was a hole a moment ago is looked at again', () => {
  const files = [image(2 * MIB), image(2 * MIB)];
  write(files[0] ?? '', 0, Buffer.alloc(4096, 1));
  const legs = legsOver(files);
  const copier = new LegCopier(legs);
  copy(legs, 0, MIB, copier);
  write(files[0] ?? '', MIB + 8192, Buffer.alloc(4096, 2));
  copy(legs, MIB, MIB, copier);
  expect(fs.readFileSync(files[1] ?? '').equals(fs.readFileSync(files[0] ?? ''))).toBe(true);
});

test('two legs in one file are copied within it', () => {
  const file = image(2 * MIB);
  write(file, 0, Buffer.alloc(MIB, 9));
  const half = byteCount(MIB);
  const [lower, upper] = openForTest(
    legAt(file, { lengthBytes: half }),
    legAt(file, { offsetBytes: half }),
  );
  assert(lower !== undefined && upper === lower);
  const legs = [0, MIB].map((offset) => legOf(lower, offset));
  expect(copy(legs, 4096, MIB - 4096)).toMatchObject(withoutErrors(1));
  const bytes = fs.readFileSync(file);
  expect(bytes.subarray(MIB, MIB + 4096).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(MIB + 4096).every((byte) => byte === 9)).toBe(true);
});

/** The same device, but its descriptor cannot do what `flags` leave out. */
function restricted(device: OpenDevice, flags: 'r' | 'w'): OpenDevice {
  const only = flags === 'r' ? fs.constants.O_RDONLY : fs.constants.O_WRONLY;
  const fd = fs.openSync(device.path, only);
  atEnd(() => fs.closeSync(fd));
  return { ...device, fd };
}

test('a target that fails is named, and the others are finished', () => {
  const files = [image(MIB, 5), image(MIB), image(MIB)];
  const [source, broken, sound] = legsOver(files);
  assert(source !== undefined && broken !== undefined && sound !== undefined);
  const legs = [source, { ...broken, device: restricted(broken.device, 'r') }, sound];
  const outcome = copy(legs, 0, MIB);
  expect(outcome.readError).toBeNull();
  expect(outcome.writeErrors).toEqual([
    { code: 'EBADF', message: `${files[1]}: copying to byte 0: bad file descriptor` },
    null,
  ]);
  expect(fs.readFileSync(files[2] ?? '').every((byte) => byte === 5)).toBe(true);
  const alone = copy(legs.slice(0, 2), 0, MIB);
  expect(alone.writeErrors[0]?.code).toBe('EBADF');
  expect(alone.readError).toBeNull();
  expect(alone.bytesCopied).toBeLessThan(MIB);
});

test('a target that cannot take a hole is named', () => {
  const [source, target] = legsOver([image(MIB), image(MIB, 5)]);
  assert(source !== undefined && target !== undefined);
  const outcome = copy([source, { ...target, device: restricted(target.device, 'r') }], 0, MIB);
  expect(outcome.writeErrors[0]?.code).toBe('EBADF');
});

test('a source that cannot be read is named, and nothing is written', () => {
  const files = [image(MIB, 5), image(MIB, 6), image(MIB, 6)];
  const [source, ...targets] = legsOver(files);
  assert(source !== undefined);
  const legs = [{ ...source, device: restricted(source.device, 'w') }, ...targets];
  for (const some of [legs.slice(0, 2), legs]) {
    expect(copy(some, 4096, MIB - 4096)).toEqual({
      readError: {
        code: 'EBADF',
        message: `${files[0]}: copying from byte 4096: bad file descriptor`,
      },
      writeErrors: some.slice(1).map(() => null),
      bytesCopied: 0,
      bytesSkippedAsHoles: 0,
    });
  }
  expect(fs.readFileSync(files[1] ?? '').every((byte) => byte === 6)).toBe(true);
});

test('a source that ends too early is an error there, not zeroes', () => {
  const files = [image(2 * MIB, 5), image(2 * MIB, 6), image(2 * MIB, 6)];
  const legs = legsOver(files);
  fs.truncateSync(files[0] ?? '', MIB);
  for (const some of [legs.slice(0, 2), legs]) {
    const outcome = copy(some, 0, 2 * MIB);
    expect(outcome.readError).toMatchObject({ code: 'EIO' });
    expect(outcome.bytesCopied).toBe(MIB);
    for (const { device } of some.slice(1)) {
      const bytes = fs.readFileSync(device.path);
      expect(bytes.subarray(0, MIB).every((byte) => byte === 5)).toBe(true);
      expect(bytes.subarray(MIB).every((byte) => byte === 6)).toBe(true);
    }
  }
});

test('a source that is cut off between two copies is an error, not the bytes of before', () => {
  for (const targets of [1, 2]) {
    const files = Array.from({ length: 1 + targets }, (_, index) => image(2 * MIB, index + 1));
    const legs = legsOver(files);
    const copier = new LegCopier(legs);
    expect(copy(legs, 0, MIB, copier)).toMatchObject({ readError: null, bytesCopied: MIB });
    fs.truncateSync(files[0] ?? '', MIB + 4096);
    expect(copy(legs, MIB, MIB, copier).readError).toEqual({
      code: 'EIO',
      message: `${files[0]}: ends before byte ${MIB + 4096} of the leg`,
    });
    for (const [index, file] of files.slice(1).entries()) {
      const rest = fs.readFileSync(file).subarray(MIB + 4096);
      expect(rest.every((byte) => byte === index + 2)).toBe(true);
    }
  }
});

testUnless(noLoopDevices)('a hole of a file becomes zeroes on a block device', () => {
  const file = image(4 * MIB);
  write(file, 100 * 4096, Buffer.alloc(8192, 3));
  const device = attachLoop(image(4 * MIB, 7), '--sector-size', '4096');
  const [source, target] = openForTest(legAt(file), legAt(device));
  assert(source !== undefined && target !== undefined);
  // The second time the leg lies across the blocks of its device, where none can be punched.
  for (const offset of [0, 512]) {
    fs.writeFileSync(device, Buffer.alloc(4 * MIB, 7));
    const legs = [legOf(source, 0), legOf(target, offset)];
    expect(copy(legs, 0, 3 * MIB)).toMatchObject(withoutErrors(1));
    const found = fs.readFileSync(device).subarray(offset, offset + 3 * MIB);
    expect(found.equals(fs.readFileSync(file).subarray(0, 3 * MIB))).toBe(true);
  }
});

testUnless(noLoopDevices)('a copy that compares asks the device, not the page cache', () => {
  const disk = image(MIB, 7);
  const [source, target] = openForTest(legAt(image(MIB, 7)), legAt(attachLoop(disk)));
  assert(source !== undefined && target !== undefined);
  fs.readSync(target.fd, Buffer.alloc(MIB), 0, MIB, 0);
  // As after a flush that failed: what is cached never reached the disk.
  write(disk, 64 * KIB, Buffer.alloc(4 * KIB, 9));
  const legs = [source, target].map((device) => legOf(device, 0));
  copy(legs, 0, MIB, new LegCopier(legs, { ...USUAL_MANNER, compares: true }));
  fs.fsyncSync(target.fd);
  assert.deepEqual(fs.readFileSync(disk), Buffer.alloc(MIB, 7));
});

const noBtrfs = noLoopDevices ?? missing('mkfs.btrfs');
testUnless(noBtrfs)('legs never share blocks, where the file system could do that', () => {
  const device = attachLoop(image(256 * MIB));
  const mountPoint = path.join(directory, 'btrfs');
  fs.mkdirSync(mountPoint);
  execFileSync('mkfs.btrfs', ['-q', device]);
  execFileSync('mount', [device, mountPoint]);
  atEnd(() => spawnSync('umount', [mountPoint]));
  const size = 8 * MIB;
  const files = [image(size, 5, mountPoint), image(size, undefined, mountPoint)];
  expect(copy(legsOver(files), 0, size)).toMatchObject(withoutErrors(1));
  spawnSync('sync', ['-f', mountPoint]);
  const usage = execFileSync('btrfs', ['filesystem', 'du', '--raw', '-s', ...files], {
    encoding: 'utf8',
  });
  const exclusive = usage.split('\n').map((line) => Number(line.trim().split(/\s+/)[1]));
  expect(exclusive.filter((bytes) => bytes > 0)).toEqual([size, size]);
});
