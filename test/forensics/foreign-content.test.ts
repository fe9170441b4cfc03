/** What lies where a log was expected: known bytes of other formats, and nothing seen where there is none. */
import { describe, expect, test } from 'vitest';
import { foreignContent } from '../../src/forensics/foreign-content.ts';

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));

/** Bytes that are no format, with `bytes` at `offset`. */
function areaWith(offset: number, bytes: readonly number[]): Uint8Array {
  const area = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 251);
  area.set(bytes, offset);
  return area;
}

test.each([
  { what: 'big-endian', offset: 0, bytes: ascii('MiRr') },
  { what: 'LVM', offset: 512, bytes: ascii('LABELONE') },
  { what: 'LVM', offset: 0, bytes: ascii('LABELONE') },
  { what: 'XFS', offset: 0, bytes: ascii('XFSB') },
  { what: 'btrfs', offset: 65600, bytes: ascii('_BHRfS_M') },
  { what: 'NTFS', offset: 3, bytes: ascii('NTFS    ') },
  { what: 'FAT', offset: 82, bytes: ascii('FAT32   ') },
  { what: 'FAT', offset: 54, bytes: ascii('FAT16   ') },
  { what: 'ISO', offset: 32769, bytes: ascii('CD001') },
  { what: 'LUKS', offset: 0, bytes: [...ascii('LUKS'), 0xba, 0xbe] },
  { what: 'GPT', offset: 512, bytes: ascii('EFI PART') },
  { what: 'swap', offset: 4086, bytes: ascii('SWAPSPACE2') },
  { what: 'md member', offset: 4096, bytes: [0xfc, 0x4e, 0x2b, 0xa9] },
  { what: 'md write-intent bitmap', offset: 0, bytes: ascii('bitm') },
  { what: 'dm-raid', offset: 0, bytes: ascii('DmRd') },
  { what: 'qcow2', offset: 0, bytes: [...ascii('QFI'), 0xfb] },
  { what: 'gzip', offset: 0, bytes: [0x1f, 0x8b, 8] },
  { what: 'program', offset: 0, bytes: [0x7f, ...ascii('ELF')] },
  { what: 'MBR', offset: 510, bytes: [0x55, 0xaa] },
])('$what at byte $offset', ({ what, offset, bytes }) => {
  const found = foreignContent(areaWith(offset, bytes));
  expect(found?.what).toContain(what);
  expect(found?.offset).toBe(offset);
  const oneOff = areaWith(offset, bytes.with(0, (bytes[0] ?? 0) ^ 1));
  expect(foreignContent(oneOff)?.what ?? '').not.toContain(what);
});

describe('ext', () => {
  const superblock = (blockSize: number, revision: number) => {
    const area = areaWith(1080, [0x53, 0xef]);
    const view = new DataView(area.buffer);
    view.setUint32(1024 + 24, blockSize, true);
    view.setUint32(1024 + 76, revision, true);
    return area;
  };

  test('is known by its magic and two fields that make sense', () => {
    expect(foreignContent(superblock(2, 1))?.what).toContain('ext4');
  });

  test('is not seen in bits that happen to read 53 ef', () => {
    expect(foreignContent(superblock(77, 1))).toBe(null);
    expect(foreignContent(superblock(2, 0xffff))).toBe(null);
    expect(foreignContent(Uint8Array.from([...ascii('x'), 0, 1]))).toBe(null);
  });
});

test('one byte over and over is told by that byte', () => {
  expect(foreignContent(new Uint8Array(100))?.what).toContain('zeroes');
  expect(foreignContent(new Uint8Array(100).fill(0xff))?.what).toContain('0xff');
});

test('text is text', () => {
  expect(foreignContent(Uint8Array.from(ascii('# a file\nthat someone wrote\n')))?.what).toBe(
    'text',
  );
});

test('nothing is seen in noise or in no bytes at all', () => {
  expect(foreignContent(areaWith(0, []))).toBe(null);
  expect(foreignContent(new Uint8Array())).toBe(null);
});
