import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import {
  formatBytes,
  formatDuration,
  formatRate,
  parseSize,
} from '../../src/geometry/size-words.ts';

const KIB = 1024;
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const LARGEST = Number.MAX_SAFE_INTEGER;

test.each([
  ['0', 0],
  ['67108864', 67_108_864],
  ['67108864b', 67_108_864],
  ['512k', 512 * KIB],
  ['512K', 512 * KIB],
  ['512KiB', 512 * KIB],
  ['2MiB', 2 * MIB],
  ['2mib', 2 * MIB],
  ['1.5G', 1.5 * GIB],
  ['0.5k', 512],
  ['1.0009765625k', 1025],
  ['2048s', MIB],
  ['2048S', MIB],
  ['0.5s', 256],
  ['1T', 1024 ** 4],
  ['7P', 7 * 1024 ** 5],
  ['007', 7],
  [' 1 k ', KIB],
  [String(LARGEST), LARGEST],
])('%s is %i bytes', (word, bytes) => {
  expect(parseSize(word, '--size')).toBe(bytes);
});

const REFUSED: readonly (readonly [string, string, string])[] = [
  ['10kb', 'could be powers of 1000 or of 1024', 'write 10kiB for 1024'],
  ['1GB', 'could be powers of 1000 or of 1024', 'write 1GiB for 1024'],
  ['0.3k', 'is not a whole number of bytes', 'use a smaller unit'],
  ['1.5', 'is not a whole number of bytes', 'use a smaller unit'],
  ['8P', 'is more than 8 PiB', 'give a smaller size'],
  ['16E', 'is more than 8 PiB', 'give a smaller size'],
  ['9007199254740992', 'is more than 8 PiB', 'give a smaller size'],
  ['18446744073709551616', 'is more than 8 PiB', 'give a smaller size'],
  ...[
    '',
    ' ',
    '-1',
    '+1',
    '1e3',
    '0x10',
    '1,5k',
    '.5k',
    '1.k',
    'k',
    'many',
    '1 2',
    '1kk',
    '1sb',
    '1Zi',
    '１',
    '1\n2',
  ].map((word) => [word, 'is no size', 'write 512k, 2MiB, 1.5G, 2048s or plain bytes'] as const),
];

test.each(REFUSED)('%j is refused with what to write', (word, why, hint) => {
  expect(() => parseSize(word, '--size')).toThrow(
    expect.objectContaining({
      ...{ code: 'SIZE_MALFORMED', message: `--size '${word}' ${why}`, hint },
    }),
  );
});

test('whatever is typed, it is a whole number of bytes or refused', () => {
  const number = fc.tuple(
    fc.nat(),
    fc.constantFrom('', '.5', '.25', '.1'),
    fc.constantFrom('', ...'bskMGTPEiB'),
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        number.map((parts) => parts.join('')),
      ),
      (word) => {
        try {
          const bytes = parseSize(word, 'it');
          assert.ok(Number.isSafeInteger(bytes) && bytes >= 0);
        } catch (error) {
          assert.ok(error instanceof MirrorError && error.code === 'SIZE_MALFORMED', String(error));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('a whole number of any unit is read exactly', () => {
  const units = ['', 'k', 'M', 'G', 'T', 'P'];
  fc.assert(
    fc.property(fc.nat(7), fc.nat(units.length - 1), fc.nat(1023), (high, unit, low) => {
      const count = high * 128 + (low % 128);
      const bytes = BigInt(count) * 1024n ** BigInt(unit);
      if (bytes > BigInt(LARGEST)) return;
      assert.equal(BigInt(parseSize(`${count}${units[unit]}`, 'it')), bytes);
    }),
  );
});

test.each([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [KIB, '1 KiB'],
  [1536, '1.5 KiB'],
  [512 * KIB, '512 KiB'],
  [MIB - 1, '1 MiB'],
  [2.8 * GIB, '2.8 GiB'],
  [4 * GIB, '4 GiB'],
  [LARGEST, '8 PiB'],
])('%i bytes are shown as %s', (bytes, shown) => {
  expect(formatBytes(bytes)).toBe(shown);
});

test('rates and durations are shown as people say them', () => {
  expect(formatRate(212 * MIB + 0.3)).toBe('212 MiB/s');
  expect([0, 0.1, 12.2, 60, 3599.5, 3600, 360_000].map(formatDuration)).toEqual([
    ...['0:00:00', '0:00:01', '0:00:13', '0:01:00', '1:00:00', '1:00:00', '100:00:00'],
  ]);
});
