import assert from 'node:assert';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DeviceIdentity } from '../../src/devices/device-identity.ts';
import { findCollision, identityOf, statOf } from '../../src/devices/device-identity.ts';
import {
  attachLoop,
  missing,
  noLoopDevices,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const directory = scratchDirectory();
const MIB = 2 ** 20;

function identify(file: string): DeviceIdentity {
  const stat = statOf(file);
  assert(stat !== null, file);
  const identity = identityOf(stat);
  assert(identity !== null, file);
  return identity;
}

test('symbolic and hard links are the file itself, another file is not', () => {
  const file = scratchFile(directory, 'a.img', 4096);
  fs.symlinkSync(file, path.join(directory, 'soft'));
  fs.linkSync(file, path.join(directory, 'hard'));
  const other = scratchFile(directory, 'b.img', 4096);
  const { id } = identify(file);
  expect(identify(path.join(directory, 'soft')).id).toBe(id);
  expect(identify(path.join(directory, 'hard')).id).toBe(id);
  expect(identify(other).id).not.toBe(id);
});

test('inode numbers beyond 2^53 stay apart', () => {
  const stat = statOf(scratchFile(directory, 'c.img', 4096));
  assert(stat !== null);
  const ids = [2n ** 60n, 2n ** 60n + 1n].map(
    (ino) => identityOf(Object.assign(Object.create(stat), { ino }))?.id,
  );
  expect(ids[0]).not.toBe(ids[1]);
});

test('what holds no blocks has no identity', () => {
  for (const place of [directory, '/dev/null']) {
    const stat = statOf(place);
    assert(stat !== null);
    expect(identityOf(stat)).toBeNull();
  }
});

testUnless(noLoopDevices)('a loop device lies in its backing file, from its offset on', () => {
  const file = scratchFile(directory, 'backing.img', 4 * MIB);
  const device = attachLoop(file, '--offset', String(MIB));
  const number = execFileSync('stat', ['-c', '%t:%T', device], { encoding: 'utf8' });
  const [major, minor] = number.split(':').map((digits) => Number.parseInt(digits, 16));
  expect(identify(device)).toEqual({
    kind: 'block',
    id: `block ${major}:${minor}`,
    storage: identify(file).id,
    storageOffset: MIB,
  });
});

testUnless(noLoopDevices)('a loop device over a loop device adds up', () => {
  const file = scratchFile(directory, 'nested.img', 4 * MIB);
  const inner = attachLoop(file, '--offset', String(MIB));
  const outer = attachLoop(inner, '--offset', '65536');
  const { storage, storageOffset } = identify(outer);
  expect({ storage, storageOffset }).toEqual({
    storage: identify(file).id,
    storageOffset: MIB + 65536,
  });
});

testUnless(noLoopDevices ?? missing('addpart'))('a partition lies in its disk', () => {
  const file = scratchFile(directory, 'disk.img', 8 * MIB);
  const device = attachLoop(file, '--partscan');
  execFileSync('addpart', [device, '2', '8192', '4096']);
  const { storage, storageOffset } = identify(`${device}p2`);
  expect({ storage, storageOffset }).toEqual({
    storage: identify(file).id,
    storageOffset: 8192 * 512,
  });
});

const identity = (storage: string, storageOffset = 0): DeviceIdentity => ({
  kind: 'file',
  id: `${storage}+${storageOffset}`,
  storage,
  storageOffset,
});
const range = (storage: string, offsetBytes: number, lengthBytes: number, base = 0) => ({
  identity: identity(storage, base),
  offsetBytes,
  lengthBytes,
});

test('neighbours do not collide, one shared byte does', () => {
  expect(findCollision([range('a', 0, 100), range('a', 100, 50)])).toBeNull();
  const one = range('a', 0, 101);
  const other = range('a', 100, 50);
  expect(findCollision([one, range('b', 0, 500), other])).toEqual([one, other]);
});

test('a range to wherever the device ends meets everything behind its start', () => {
  const open = range('a', 4096, Number.POSITIVE_INFINITY);
  expect(findCollision([open, range('a', 0, 4096)])).toBeNull();
  expect(findCollision([open, range('a', 1e15, 1)])).not.toBeNull();
});

test('devices within one storage are compared where they lie in it', () => {
  expect(findCollision([range('a', 0, 100, 1000), range('a', 0, 100, 1100)])).toBeNull();
  expect(findCollision([range('a', 0, 100, 1000), range('a', 1050, 10)])).not.toBeNull();
});

test('finds a collision exactly when two ranges share a byte', () => {
  const ranges = fc.array(
    fc
      .tuple(fc.constantFrom('a', 'b'), fc.nat(12), fc.integer({ min: 1, max: 6 }), fc.nat(3))
      .map(([storage, offset, length, base]) => range(storage, offset, length, base)),
    { maxLength: 6, size: 'max' },
  );
  fc.assert(
    fc.property(ranges, (wanted) => {
      const taken = new Set<string>();
      const bytes = wanted.flatMap(({ identity: { storage, storageOffset }, ...at }) =>
        Array.from(
          { length: at.lengthBytes },
          (_, index) => `${storage}${storageOffset + at.offsetBytes + index}`,
        ),
      );
      const shared = bytes.some((byte) => taken.size === taken.add(byte).size);
      assert.equal(findCollision(wanted) !== null, shared);
    }),
  );
});
