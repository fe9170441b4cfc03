import fs from 'node:fs';
import { expect } from 'vitest';
import { forget, watchedLegs } from '../../src/copier/leg-reading.ts';
import { byteCount, SECTOR_BYTES } from '../../src/geometry/units.ts';
import {
  cachedBytes,
  dropFromCache,
  legAt,
  missing,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from '../devices/scratch-devices.ts';

const PAGE = 4096;

// What is dropped from the cache in another way first shows that it can be seen to be gone here.
testUnless(missing('dd') ?? missing('fincore'))(
  'of a leg that begins within a page the edges are forgotten, too',
  () => {
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
    dropFromCache(file, device.fd);
    expect(cachedBytes(file)).toBe(0);
    fs.readFileSync(file);
    expect(cachedBytes(file)).toBe(64 * PAGE);
    // Its last bytes lie in the third page.
    forget(leg, 0, 2 * PAGE);
    expect(cachedBytes(file)).toBeLessThanOrEqual(61 * PAGE);
  },
);
