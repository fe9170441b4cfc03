import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, test } from 'vitest';
import { absentDevice } from '../../src/devices/absent-device.ts';
import { DirectDescriptor } from '../../src/devices/direct-descriptor.ts';
import { pagesOf, preadCached, preadNow } from '../../src/devices/file-calls.ts';
import { libc } from '../../src/devices/libc.ts';
import { closeDevices } from '../../src/devices/open-device.ts';
import {
  dropFromCache,
  legAt,
  missing,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const PAGE = 4096;

testUnless(missing('dd'))('what is read with it is not in the page cache afterwards', () => {
  const file = scratchFile(scratchDirectory(), 'leg.img', 16 * PAGE, 7);
  const [device] = openForTest(legAt(file));
  if (device === undefined) throw new Error('it was opened');
  dropFromCache(file, device.fd);
  const direct = DirectDescriptor.open(device);
  const into = pagesOf(PAGE);
  expect(preadNow(direct?.fd ?? -1, into, PAGE)).toBe(PAGE);
  expect(into.every((byte) => byte === 7)).toBe(true);
  expect(preadCached(device.fd, into, PAGE)).toBeLessThan(0);
  direct?.close();
  expect(() => fs.fstatSync(direct?.fd ?? -1)).toThrow('EBADF');
});

test('takes whole pages, from and to where blocks begin', () => {
  const [device] = openForTest(legAt(scratchFile(scratchDirectory(), 'leg.img', 16 * PAGE)));
  if (device === undefined) throw new Error('it was opened');
  const direct = DirectDescriptor.open(device);
  const page = libc().getpagesize();
  expect(page).toBe(Number(execFileSync('getconf', ['PAGESIZE'])));
  expect(direct?.takes(device.blockBytes, 2 * page, 5 * page)).toBe(true);
  expect(direct?.takes(device.blockBytes + 1, 2 * page, 5 * page)).toBe(false);
  expect(direct?.takes(device.blockBytes, 2 * page - 512, 5 * page)).toBe(false);
  expect(direct?.takes(device.blockBytes, 2 * page, 5 * page + 512)).toBe(false);
  direct?.close();
});

test('there is none for what stands in for a missing leg', () => {
  const absent = absentDevice('/gone.img');
  expect(DirectDescriptor.open(absent)).toBeNull();
  closeDevices([absent]);
});
