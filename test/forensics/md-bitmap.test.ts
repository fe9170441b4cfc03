/** md's bitmaps: read as mdadm reads them, from members that md wrote. */
import { describe, expect, test } from 'vitest';
import type { MdBitmap } from '../../src/forensics/md-bitmap.ts';
import {
  mdBitmapBytes,
  mdBitmapHeaderIn,
  mdSuperblockIn,
  mdSuperblockPlaces,
  readMdBitmap,
} from '../../src/forensics/md-bitmap.ts';
import { describeMdBitmap } from '../../src/forensics/md-bitmap-text.ts';
import { mdFindings } from '../../src/forensics/md-findings.ts';
import { fixtureText, unpacked } from './lvm-fixtures.ts';

/** The bitmap of a member whose first bytes these are (metadata 1.2). */
function bitmapOf(member: Uint8Array): MdBitmap {
  const superblock = mdSuperblockIn(member.subarray(4096, 8192), 4096);
  const offset = superblock?.bitmapOffsetBytes ?? 0;
  const header = mdBitmapHeaderIn(member.subarray(offset));
  if (header === null) throw new Error('no bitmap');
  const bytes = member.subarray(offset, offset + mdBitmapBytes(header));
  return readMdBitmap('/dev/vda', bytes, header, offset, superblock);
}

const spans = ({ dirtyRuns }: MdBitmap) => dirtyRuns.map(({ first, count }) => `${first}+${count}`);

describe('members that md wrote', () => {
  test.each([
    { state: 'just-synced', dirty: ['0+240'] },
    { state: 'clean-idle', dirty: [] },
    { state: 'just-written', dirty: ['0+1', '5+1', '33+1'] },
    { state: 'cleared-again', dirty: [] },
    { state: 'degraded-written', dirty: ['7+1', '40+1'] },
    { state: 'stopped', dirty: [] },
  ])('$state: the same lines as mdadm -X, and the dirty chunks', ({ state, dirty }) => {
    const bitmap = bitmapOf(unpacked(`md-internal/${state}-vda-first64k.bin.gz`));
    const theirs = fixtureText(`md-internal/${state}-mdadm-X.txt`).trimEnd().split('\n');
    expect(describeMdBitmap(bitmap).slice(0, theirs.length)).toEqual(theirs);
    expect(spans(bitmap)).toEqual(dirty);
    expect(bitmap).toMatchObject({ offsetBytes: 8192, missingChunks: 0, chunkCount: 240 });
    expect(mdFindings(bitmap)).toEqual([]);
  });

  test('after a power cut exactly the written chunks are dirty', () => {
    const bitmap = bitmapOf(unpacked('md-crash/vda.img.gz'));
    expect(spans(bitmap)).toEqual(['2+1', '31+2', '100+1']);
    expect(describeMdBitmap(bitmap).at(-1)).toBe('           Dirty : chunks 2,31-32,100');
  });

  test('metadata 1.0 keeps its superblock near the end', () => {
    const member = unpacked('md-metadata10/vda.img.gz');
    const places = mdSuperblockPlaces(member.length);
    const found = places.map((at) => mdSuperblockIn(member.subarray(at, at + 4096), at));
    const [superblock] = found.filter((one) => one !== null);
    expect(superblock).toMatchObject({ offsetBytes: places.at(-1), checksumOk: true });
    const offset = superblock?.bitmapOffsetBytes ?? 0;
    expect(offset).toBe((superblock?.offsetBytes ?? 0) - 8192);
    expect(mdBitmapHeaderIn(member.subarray(offset))).toMatchObject({ chunkCount: 255 });
  });
});

test('a superblock near the end is at 8 KiB before it, rounded down to 4 KiB', () => {
  expect(mdSuperblockPlaces(24_580 * 512)).toEqual([4096, 0, 24_560 * 512]);
  expect(mdSuperblockPlaces(24_584 * 512 + 100)).toEqual([4096, 0, 24_568 * 512]);
  expect(mdSuperblockPlaces(8192)).toEqual([4096, 0]);
});

describe('a superblock', () => {
  const member = unpacked('md-internal/stopped-vda-first64k.bin.gz');
  const at = (bytes: Uint8Array) => mdSuperblockIn(bytes.subarray(4096, 8192), 4096);

  test('fits its checksum, and no longer when a byte changes', () => {
    expect(at(member)?.checksumOk).toBe(true);
    expect(at(member.with(4096 + 33, 1))?.checksumOk).toBe(false);
    expect(mdSuperblockIn(member.subarray(4096, 4096 + 300), 4096)?.checksumOk).toBe(false);
  });

  test('is none at a place that is not its own', () => {
    expect(mdSuperblockIn(member.subarray(4096, 8192), 0)).toBe(null);
    expect(at(member.with(4096, 0))).toBe(null);
    expect(mdSuperblockIn(member.subarray(4096, 4300), 4096)).toBe(null);
  });
});

describe('findings', () => {
  const whole = bitmapOf(unpacked('md-internal/stopped-vda-first64k.bin.gz'));
  const ids = (change: Partial<MdBitmap>) =>
    mdFindings({ ...whole, ...change }).map(({ id }) => id);
  const superblock = whole.superblock ?? null;

  test.each([
    { change: { version: 2 }, id: 'MD_VERSION_UNSUPPORTED' },
    { change: { chunkCount: null }, id: 'MD_GEOMETRY_INVALID' },
    { change: { chunkBytes: 65535 }, id: 'MD_GEOMETRY_INVALID' },
    { change: { missingChunks: 1 }, id: 'MD_TRUNCATED' },
    { change: { state: 2 }, id: 'MD_STALE' },
    { change: { state: 4 }, id: 'MD_WRITE_FAILED' },
    { change: { eventsCleared: 28 }, id: 'MD_EVENTS_CONTRADICT' },
    { change: { uuid: 'x' }, id: 'MD_UUID_MISMATCH' },
    { change: { events: 25 }, id: 'MD_BEHIND' },
  ])('$id', ({ change, id }) => {
    expect(ids(change)).toEqual([id]);
  });

  test('one event behind is how it is written', () => {
    expect(ids({ events: 26 })).toEqual([]);
  });

  test('a damaged superblock is told, a missing one is not needed', () => {
    expect(superblock).not.toBe(null);
    if (superblock === null) return;
    expect(ids({ superblock: { ...superblock, checksumOk: false } })).toEqual([
      'MD_SUPERBLOCK_DAMAGED',
    ]);
    expect(ids({ superblock: null })).toEqual([]);
  });
});

describe('a header', () => {
  const bytes = unpacked('md-internal/just-written-vda-first64k.bin.gz').slice(8192, 8192 + 512);

  test('that makes no sense reserves no memory', () => {
    const view = new DataView(bytes.slice().buffer);
    view.setBigUint64(40, 2n ** 63n, true);
    const absurd = mdBitmapHeaderIn(new Uint8Array(view.buffer));
    expect(absurd?.chunkCount).toBe(null);
    view.setBigUint64(40, 30720n, true);
    view.setUint32(52, 0, true);
    expect(mdBitmapHeaderIn(new Uint8Array(view.buffer))?.chunkCount).toBe(null);
  });

  test('whose bits are cut off says how many are missing', () => {
    const header = mdBitmapHeaderIn(bytes);
    if (header === null) throw new Error('no bitmap');
    const cut = readMdBitmap('x', bytes.subarray(0, 260), header, 0, null);
    expect(cut).toMatchObject({ missingChunks: 240 - 32, dirtyChunks: 2 });
    expect(describeMdBitmap(cut).at(-1)).toContain('the bits of 208 chunks');
  });

  test('is none without the magic, or too short', () => {
    expect(mdBitmapHeaderIn(bytes.with(0, 0))).toBe(null);
    expect(mdBitmapHeaderIn(bytes.subarray(0, 255))).toBe(null);
  });
});
