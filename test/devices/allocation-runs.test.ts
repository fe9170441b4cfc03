import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { allocationRuns, holeLength } from '../../src/devices/allocation-runs.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const MIB = 1 << 20;

/** Four MiB, of which the second holds data. */
function sparseFile(): number {
  const fd = openSync(path.join(scratchDirectory(), 'sparse.img'), 'w+');
  onTestFinished(() => closeSync(fd));
  writeSync(fd, Buffer.alloc(MIB, 1), 0, MIB, MIB);
  ftruncateSync(fd, 4 * MIB);
  return fd;
}

test('a range is told as holes and data by turns', () => {
  expect(allocationRuns(sparseFile(), 0, 4 * MIB, 8)).toEqual([
    { length: MIB, hole: true },
    { length: MIB, hole: false },
    { length: 2 * MIB, hole: true },
  ]);
  expect(allocationRuns(sparseFile(), MIB + 4096, 8192, 1)).toEqual([
    { length: 8192, hole: false },
  ]);
});

test.each([
  { start: 0, length: 4 * MIB, hole: MIB },
  { start: 4096, length: 4096, hole: 4096 },
  { start: MIB, length: MIB, hole: 0 },
  { start: 2 * MIB - 1, length: MIB, hole: 0 },
  { start: 2 * MIB, length: 2 * MIB, hole: 2 * MIB },
  { start: 3 * MIB, length: 512, hole: 512 },
])('from byte $start on, a hole of at most $length bytes has $hole', ({ start, length, hole }) => {
  expect(holeLength(sparseFile(), start, length)).toBe(hole);
});

test('what cannot tell has no hole', () => {
  const fd = openSync('/dev/zero', 'r');
  onTestFinished(() => closeSync(fd));
  expect(holeLength(fd, 0, 4096)).toBe(0);
});
