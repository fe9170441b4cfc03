import { execFileSync, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { libc } from '../../src/devices/libc.ts';
import { writeDefinition } from '../../src/registry/definition-file.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
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
  nowaitReads: false,
  fastZero: 'EOPNOTSUPP',
  discard: null,
  zeroed: 8192,
  runs: [{ length: 65_536, hole: false }],
};

test('the C library is there on the machine that runs these tests', () => {
  expect(libc().absence).toBeNull();
  expect(libc()).toBe(libc());
});

test('without koffi bytes still move, and what needs a lock says why there is none', () => {
  expect(whatIsLeft('missing')).toEqual({
    ...LEFT,
    native: false,
    refusal: expect.stringMatching(
      /^leg .* cannot be locked: no system call .* \(koffi cannot be loaded: koffi is not for this machine\)$/,
    ),
  });
});

test('a function that the C library lacks fails alone', () => {
  expect(whatIsLeft('partial')).toEqual({ ...LEFT, native: true, refusal: null });
});

/** The command line on such a machine: what it prints, and its exit code. */
function mirrorctl(...words: string[]) {
  const preload = fileURLToPath(new URL('./koffi-missing.ts', import.meta.url));
  const start = fileURLToPath(new URL('../../src/cli/start.ts', import.meta.url));
  const node = ['--disable-warning=ExperimentalWarning', '--import', preload, start];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...node, ...words], {
    env: { ...process.env, MIRRORCTL_STATE_DIR: path.join(directory, 'state') },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('without koffi no mirror is activated, and the reason and the next step are said', () => {
  const stateDir = path.join(directory, 'state');
  writeDefinition({ stateDir, runtimeDir: path.join(stateDir, 'run') }, HOME);
  const { status, stdout, stderr } = mirrorctl('activate', HOME.name);
  expect([status, stdout]).toEqual([74, '']);
  expect(stderr).toMatch(
    /^mirrorctl: cannot lock .*: no system call .* \(koffi cannot be loaded: no koffi for this C library\) \[STATE_WRITE_FAILED\]; install the packages .*\n$/,
  );
  expect(mirrorctl('status', HOME.name)).toMatchObject({
    ...{ status: 0, stderr: '', stdout: expect.stringContaining('mirror: home') },
  });
});
