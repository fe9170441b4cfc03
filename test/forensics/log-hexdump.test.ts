/** The hexdump shows every byte under its name. */
import { expect, test } from 'vitest';
import { examine, NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { explainLog } from '../../src/forensics/log-explain.ts';
import { hexdumpLines } from '../../src/forensics/log-hexdump.ts';
import { excerptOf, logBytes } from './log-bytes.ts';

const dumpOf = (bytes: Uint8Array) =>
  hexdumpLines(bytes, explainLog(examine(excerptOf(bytes), NO_FACTS), NO_FACTS));

test('parts are named, offsets are of the log, repeated lines are one star', () => {
  const lines = dumpOf(logBytes(10, [0xff, 0x01], { length: 1536 }));
  expect(lines.slice(0, 3)).toEqual([
    '# magic: a dirty log: 0x4d695272, little-endian',
    '00000000  72 52 69 4d                                       |rRiM|',
    '# version: version 2, the current one',
  ]);
  const unused = lines.findIndex((line) => line.startsWith('# unused'));
  expect(lines.slice(unused + 1, unused + 4)).toEqual([
    '00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
    '*',
    '000003f0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
  ]);
  expect(lines).toContain('00000400  ff 01                                             |..|');
  expect(lines.at(-1)).toBe('00000600');
});

test('the bytes shown are the bytes there are', () => {
  const bytes = Uint8Array.from({ length: 1536 }, (_, at) => (at * 37) % 256);
  bytes.set(logBytes(10, []).subarray(0, 16));
  const shown = dumpOf(bytes)
    .filter((line) => /^[0-9a-f]{8} {2}/.test(line))
    .flatMap((line) => line.slice(10, 60).trim().split(/ +/))
    .map((word) => Number.parseInt(word, 16));
  expect(Uint8Array.from(shown)).toEqual(bytes);
});
