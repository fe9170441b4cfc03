import fs from 'node:fs';
import { expect, test } from 'vitest';
import { absentDevice } from '../../src/devices/absent-device.ts';
import type { DirectAccess } from '../../src/devices/direct-access.ts';
import { closeDirect, openDirect } from '../../src/devices/direct-access.ts';
import { directAlignment, pagesOf, preadNow } from '../../src/devices/file-calls.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { closeDevices } from '../../src/devices/open-device.ts';
import {
  atEnd,
  attachLoop,
  cachedBytes,
  dropFromCache,
  missing,
  noLoopDevices,
  noTmpfs,
  openLeg,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const PAGE = 4096;

/** Of ranges of `device` that begin at `offsets`. */
function accesses(device: OpenDevice, cut: number, ...offsets: number[]): (DirectAccess | null)[] {
  const ranges = offsets.map((offsetBytes) => ({ device, offsetBytes }));
  const found = openDirect(ranges, [cut]);
  atEnd(() => closeDirect(found));
  return found;
}

testUnless(missing('dd') ?? missing('fincore'))(
  'what is read by it is not in the page cache afterwards',
  () => {
    const file = scratchFile(scratchDirectory(), 'leg.img', 16 * PAGE, 7);
    const device = openLeg(file);
    dropFromCache(file, device.fd);
    const [direct] = accesses(device, PAGE, 0);
    const into = pagesOf(PAGE);
    expect(preadNow(direct?.fd ?? -1, into, PAGE)).toBe(PAGE);
    expect(into.every((byte) => byte === 7)).toBe(true);
    expect(cachedBytes(file)).toBe(0);
  },
);

test('ranges of one device share it, and it is closed once', () => {
  const device = openLeg(scratchFile(scratchDirectory(), 'leg.img', 16 * PAGE));
  const ranges = [0, PAGE].map((offsetBytes) => ({ device, offsetBytes }));
  const [one, other] = openDirect(ranges, [PAGE]);
  expect(one).not.toBeNull();
  expect(other).toBe(one);
  closeDirect([one ?? null, other ?? null]);
  expect(() => fs.fstatSync(one?.fd ?? -1)).toThrow('EBADF');
});

testUnless(noLoopDevices)('no block is cut, neither by a range nor within one', () => {
  const directory = scratchDirectory();
  const file = scratchFile(directory, 'disk.img', 16 * PAGE);
  const device = openLeg(attachLoop(file, '--sector-size', '4096'));
  expect(directAlignment(device.fd)?.blockBytes).toBe(PAGE);
  expect(accesses(device, PAGE, 0, PAGE).every((access) => access?.blockBytes === PAGE)).toBe(true);
  expect(accesses(device, PAGE / 2, 0)).toEqual([null]);
  // One of them alone would have the device written both ways.
  expect(accesses(device, PAGE, 0, PAGE / 2)).toEqual([null, null]);
});

testUnless(noTmpfs)('there is none where there is nothing but memory', () => {
  const device = openLeg(scratchFile(scratchDirectory('/dev/shm'), 'leg.img', PAGE));
  expect(accesses(device, PAGE, 0)).toEqual([null]);
});

test('there is none for what stands in for a missing leg', () => {
  const absent = absentDevice('/gone.img');
  expect(accesses(absent, PAGE, 0)).toEqual([null]);
  closeDevices([absent]);
});
