import fs from 'node:fs';
import os from 'node:os';
import { expect } from 'vitest';
import { forget, watchedLegs } from '../../src/copier/leg-reading.ts';
import { preadCached } from '../../src/devices/file-calls.ts';
import { byteCount, SECTOR_BYTES } from '../../src/geometry/units.ts';
import {
  dropFromCache,
  legAt,
  missing,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from '../devices/scratch-devices.ts';

const { EAGAIN } = os.constants.errno;
const PAGE = 4096;

// What is dropped from the cache in another way first shows that it can be seen to be gone here.
testUnless(missing('dd'))('of a leg that begins within a page the edges are forgotten, too', () => {
  const file = scratchFile(scratchDirectory(), 'leg.img', 64 * PAGE, 7);
  const [device] = openForTest(legAt(file));
  if (device === undefined) throw new Error('it was opened');
  const legs = [{ device, offsetBytes: byteCount(SECTOR_BYTES), direct: null }];
  const [leg] = watchedLegs(
    legs,
    (_, call) => call(),
    () => device.fd,
  );
  if (leg === undefined) throw new Error('there is one');
  const sector = new Uint8Array(SECTOR_BYTES);
  const first = SECTOR_BYTES;
  const last = 2 * PAGE;
  const isCached = () => [first, last].map((at) => preadCached(device.fd, sector, at));
  const gone = [-EAGAIN, -EAGAIN];
  dropFromCache(file, device.fd);
  expect(isCached()).toEqual(gone);
  fs.readFileSync(file);
  expect(isCached()).toEqual([SECTOR_BYTES, SECTOR_BYTES]);
  forget(leg, 0, 2 * PAGE);
  expect(isCached()).toEqual(gone);
});
