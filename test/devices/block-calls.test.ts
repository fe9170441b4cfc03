import fs from 'node:fs';
import os from 'node:os';
import { expect, test } from 'vitest';
import { blockFacts } from '../../src/devices/block-calls.ts';
import {
  attachLoop,
  GIB,
  noLoopDevices,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const directory = scratchDirectory();

testUnless(noLoopDevices)('a block device tells its size, above 4 GiB too, and its blocks', () => {
  const size = 5 * GIB + 12 * 4096;
  const file = scratchFile(directory, 'large.img', size);
  const facts = ['512', '4096'].map((blockBytes) => {
    const fd = fs.openSync(attachLoop(file, '--sector-size', blockBytes), 'r');
    const found = blockFacts(fd);
    fs.closeSync(fd);
    return found;
  });
  expect(facts).toEqual([
    { sizeBytes: size, logicalBlockBytes: 512 },
    { sizeBytes: size, logicalBlockBytes: 4096 },
  ]);
});

test('a regular file has no such facts', () => {
  const fd = fs.openSync(scratchFile(directory, 'file.img', 4096), 'r');
  expect(blockFacts(fd)).toBe(-os.constants.errno.ENOTTY);
  fs.closeSync(fd);
});
