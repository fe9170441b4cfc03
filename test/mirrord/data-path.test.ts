/** Where io_uring is refused the mirror must be served all the same, and say what it does and why. */
import os from 'node:os';
import { expect, test } from 'vitest';
import type { RingCalls } from '../../src/devices/io-uring-calls.ts';
import { ringCalls } from '../../src/devices/io-uring-calls.ts';
import type { MirrorError } from '../../src/errors/mirror-error.ts';
import type { IoChoice } from '../../src/mirrord/data-path.ts';
import { openDataPath } from '../../src/mirrord/data-path.ts';

const { EPERM, ENOSYS, EINVAL, EMFILE } = os.constants.errno;
const calls = ringCalls();
if (calls === null) console.log('skipped: kernels that refuse (needs koffi)');

type Wanted = Pick<IoChoice, 'backend' | 'direct'>;
const open = (wanted: Wanted, withCalls: RingCalls | null) => openDataPath(wanted, withCalls);

function refusing(errno: number): RingCalls {
  return { ...(calls as RingCalls), setup: () => -errno };
}

function failureOf(wanted: Wanted, withCalls: RingCalls | null): MirrorError {
  try {
    open(wanted, withCalls);
  } catch (error) {
    return error as MirrorError;
  }
  throw new Error('it was opened');
}

test('without native calls everything goes through fs, and the reason says so', () => {
  const path = open({ backend: 'auto', direct: false }, null);
  expect(path.name).toBe('fs');
  expect(path.reason).toContain('koffi');
});

if (calls === null) console.log('skipped: why a ring is not to be had (needs koffi)');
test.skipIf(calls === null).each([
  [EPERM, 'not permitted'],
  [ENOSYS, 'has none'],
  [EINVAL, 'older than Linux 6.1'],
  [EMFILE, 'EMFILE'],
])(
  'a kernel that refuses with errno %i is served through fs, and the reason says why',
  (errno, words) => {
    const path = open({ backend: 'auto', direct: false }, refusing(errno));
    expect(path.name).toBe('fs');
    expect(path.reason).toContain(words);
  },
);

test('who insists on the ring, or on what only it can do, hears that there is none', () => {
  for (const wanted of [
    { backend: 'uring', direct: false },
    { backend: 'auto', direct: true },
  ] as const) {
    const failure = failureOf(wanted, null);
    expect(failure.code).toBe('IO_UNAVAILABLE');
    expect(failure.hint).toContain('--io');
  }
});

test('who wants fs gets fs, and no ring is asked for', () => {
  let asked = false;
  const setup = () => {
    asked = true;
    return -1;
  };
  const path = open({ backend: 'fs', direct: false }, { ...(calls as RingCalls), setup });
  expect(path.name).toBe('fs');
  expect(path.reason).toBe('--io fs');
  expect(asked).toBe(false);
});
