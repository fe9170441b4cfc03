import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createImage } from '../../src/devices/create-image.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { atEnd, GIB, noLoopDevices, scratchDirectory, testUnless } from './scratch-devices.ts';

const directory = scratchDirectory();
const EXT4_FILE_MAX = 16 * 1024 * GIB;
const onExt4 = fs.statfsSync(directory).type === 0xef53;

test('an image has the size asked for, takes no room, and is its owner’s only', () => {
  const file = path.join(directory, 'new.img');
  createImage(file, byteCount(6 * GIB + 512));
  const { size, blocks, mode } = fs.statSync(file);
  expect({ size, blocks, mode: mode & 0o777 }).toEqual({
    size: 6 * GIB + 512,
    blocks: 0,
    mode: 0o600,
  });
});

test('a file that is there already is left as it is', () => {
  const file = path.join(directory, 'mine.img');
  fs.writeFileSync(file, 'precious');
  expect(() => createImage(file, byteCount(4096))).toThrow(
    expect.objectContaining({
      code: 'CANNOT_CREATE',
      message: `cannot create ${file}: it is there already`,
    }),
  );
  expect(fs.readFileSync(file, 'utf8')).toBe('precious');
});

test('a missing directory is said to be missing', () => {
  const file = path.join(directory, 'nowhere', 'a.img');
  expect(() => createImage(file, byteCount(4096))).toThrow(
    expect.objectContaining({
      code: 'CANNOT_CREATE',
      message: expect.stringContaining('its directory does not exist'),
    }),
  );
});

testUnless(onExt4 ? null : 'needs ext4')('an image too large leaves no file behind', () => {
  const file = path.join(directory, 'huge.img');
  expect(() => createImage(file, byteCount(EXT4_FILE_MAX + 4096))).toThrow(
    expect.objectContaining({
      code: 'CANNOT_CREATE',
      message: expect.stringContaining('cannot hold a file that large'),
    }),
  );
  expect(fs.existsSync(file)).toBe(false);
});

testUnless(noLoopDevices)('a full file system leaves no file behind', () => {
  const full = path.join(directory, 'full');
  fs.mkdirSync(full);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=1', 'none', full]);
  atEnd(() => spawnSync('umount', [full]));
  expect(() => createImage(path.join(full, 'a.img'), byteCount(4096))).toThrow(
    expect.objectContaining({
      code: 'CANNOT_CREATE',
      message: expect.stringContaining('the file system is full'),
    }),
  );
  expect(fs.readdirSync(full)).toEqual([]);
});
