import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libc } from '../../src/devices/libc.ts';
import { scratchDirectory } from './scratch-devices.ts';

const { ENOSYS, EBADF } = os.constants.errno;
const directory = scratchDirectory();

function whatIsLeft(manner: 'missing' | 'partial'): Record<string, unknown> {
  const script = fileURLToPath(new URL('./libc-absent.ts', import.meta.url));
  const output = execFileSync(process.execPath, [script, manner, directory], { encoding: 'utf8' });
  return JSON.parse(output);
}

/** What does not depend on fallocate, preadv2 or copy_file_range, and what stands in for them. */
const LEFT = {
  nowait: -ENOSYS,
  plain: [4, 4],
  text: 'abcd',
  bad: [-EBADF, -EBADF],
  copied: -ENOSYS,
  nowaitReads: false,
  fastZero: 'EOPNOTSUPP',
  discard: null,
  zeroed: 8192,
  runs: [{ length: 65_536, hole: false }],
};

test('the C library is there on the machine that runs these tests', () => {
  expect(libc().native).toBe(true);
  expect(libc()).toBe(libc());
});

test('without koffi bytes still move, and what needs a lock says why there is none', () => {
  expect(whatIsLeft('missing')).toEqual({
    ...LEFT,
    native: false,
    refusal: expect.stringMatching(/^leg .* cannot be locked: koffi does not run here$/),
  });
});

test('a function that the C library lacks fails alone', () => {
  expect(whatIsLeft('partial')).toEqual({ ...LEFT, native: true, refusal: null });
});
