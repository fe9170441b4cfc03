/** Physical volumes that LVM made: labels, the ring of metadata, and where mirrors lie. */
import { describe, expect, test } from 'vitest';
import {
  findLvmLabel,
  LABEL_BYTES,
  lvmCrc,
  metadataCopiesIn,
} from '../../src/forensics/lvm-label.ts';
import { mirrorOfLog, mirrorsIn, ownerOf, piecesOf } from '../../src/forensics/lvm-layout.ts';
import { LvmMetadataFault, volumeGroupIn } from '../../src/forensics/lvm-metadata.ts';
import { fixtureText, lvmImage } from './lvm-fixtures.ts';

const MIB = 1 << 20;

function copiesOf(image: Uint8Array) {
  const label = findLvmLabel(image.subarray(0, LABEL_BYTES));
  const [area] = label?.metadataAreas ?? [];
  if (area === undefined) throw new Error('no metadata area');
  return metadataCopiesIn(image.subarray(area.offset, area.offset + area.length), area.offset);
}

describe('the label', () => {
  const image = lvmImage('lvm-disk', 'vda').slice(0, LABEL_BYTES);

  test('names the volume and its metadata area', () => {
    expect(findLvmLabel(image)).toEqual({
      pvId: 'e8TqlZ-y82M-oXDq-VmqZ-AoM2-I6OJ-uzdd27',
      deviceBytes: 12 * MIB,
      metadataAreas: [{ offset: 4096, length: MIB - 4096 }],
    });
  });

  test('of one changed bit is none', () => {
    for (const at of [512, 520, 528, 540, 600, 1023]) {
      expect(findLvmLabel(image.with(at, (image[at] ?? 0) ^ 1))).toBe(null);
    }
    expect(findLvmLabel(image.subarray(0, 700))).toBe(null);
    expect(findLvmLabel(new Uint8Array(LABEL_BYTES))).toBe(null);
  });
});

describe('the ring of metadata', () => {
  test('holds every version since the group was made, the last one current', () => {
    const copies = copiesOf(lvmImage('lvm-inactive', 'vdb'));
    expect(
      copies.map(({ seqno, offsetBytes, current, checksumOk }) => ({
        seqno,
        offsetBytes,
        current,
        checksumOk,
      })),
    ).toEqual([
      { seqno: 1, offsetBytes: 4608, current: false, checksumOk: null },
      { seqno: 2, offsetBytes: 6144, current: false, checksumOk: null },
      { seqno: 3, offsetBytes: 8704, current: false, checksumOk: null },
      { seqno: 4, offsetBytes: 11264, current: false, checksumOk: null },
      { seqno: 5, offsetBytes: 15360, current: true, checksumOk: true },
    ]);
    expect(volumeGroupIn(copies[0]?.text ?? '').logicalVolumes).toEqual([]);
    expect(mirrorsIn(volumeGroupIn(copies[4]?.text ?? '')).map(({ lv }) => lv)).toEqual([
      'ns',
      'sy',
    ]);
  });

  test('a text that was changed no longer fits its checksum', () => {
    const image = lvmImage('lvm-disk', 'vda');
    image[8704 + 100] = (image[8704 + 100] ?? 0) ^ 1;
    expect(copiesOf(image).find(({ current }) => current)).toMatchObject({ checksumOk: false });
  });

  test('the current text may go on at the start of the ring', () => {
    const image = lvmImage('lvm-disk', 'vda');
    const area = image.slice(4096, MIB);
    const text = area.slice(8704 - 4096, 8704 - 4096 + 0x9b6);
    const ring = new Uint8Array(8192);
    ring.set(area.subarray(0, 512));
    const view = new DataView(ring.buffer);
    view.setBigUint64(40, 7680n, true);
    ring.set(text.subarray(0, 512), 7680);
    ring.set(text.subarray(512), 512);
    const [copy] = metadataCopiesIn(ring, 0).filter(({ current }) => current);
    expect(copy).toMatchObject({ seqno: 3, checksumOk: true, offsetBytes: 7680 });
  });
});

describe('a damaged ring', () => {
  test('an old text that a newer one has run into ends there', () => {
    const image = lvmImage('lvm-disk', 'vda');
    image.copyWithin(7168, 8704, 8704 + 1024);
    const copies = copiesOf(image);
    expect(copies.map(({ seqno, offsetBytes }) => [seqno, offsetBytes])).toEqual([
      [1, 4608],
      [2, 6144],
      [3, 7168],
      [3, 8704],
    ]);
    expect(copies[1]?.text).toHaveLength(1024);
  });

  test('an area that is cut or damaged gives what is left', () => {
    const image = lvmImage('lvm-disk', 'vda');
    expect(metadataCopiesIn(image.subarray(4096, 4096 + 2000), 4096)).toMatchObject([{ seqno: 1 }]);
    expect(metadataCopiesIn(image.subarray(4096, 4100), 4096)).toEqual([]);
    image.fill(0xff, 4096 + 4, 4096 + 64);
    expect(copiesOf(image).map(({ seqno, current }) => [seqno, current])).toEqual([
      [1, false],
      [2, false],
      [3, false],
    ]);
  });

  test('the checksum is the one LVM computes', () => {
    expect(lvmCrc(new Uint8Array())).toBe(0xf597a6cf);
  });
});

describe('a volume group', () => {
  const disk = volumeGroupIn(fixtureText('lvm-disk/disk-vgcfg.txt'));

  test('has its mirror with legs, log, length and region size', () => {
    expect(mirrorsIn(disk)).toEqual([
      {
        ...{ lv: 'lv', sizeBytes: 6 * MIB, regionSizeBytes: 65536, notSynced: false },
        legs: [
          { lv: 'lv_mimage_0', pieces: [{ pv: 'pv0', offsetBytes: MIB, lengthBytes: 6 * MIB }] },
          { lv: 'lv_mimage_1', pieces: [{ pv: 'pv1', offsetBytes: MIB, lengthBytes: 6 * MIB }] },
        ],
        log: { lv: 'lv_mlog', copies: [[{ pv: 'pv2', offsetBytes: MIB, lengthBytes: MIB / 2 }]] },
      },
    ]);
  });

  test('knows whose a byte is', () => {
    expect(ownerOf(disk, 'pv2', MIB)).toEqual({ lv: 'lv_mlog', atBytes: 0 });
    expect(ownerOf(disk, 'pv2', MIB + MIB / 2)).toBe(null);
    expect(ownerOf(disk, 'pv2', MIB - 1)).toBe(null);
    expect(ownerOf(disk, 'pv1', 3 * MIB)).toEqual({ lv: 'lv_mimage_1', atBytes: 2 * MIB });
  });

  test('with a mirrored log has one mirror, whose log lies in two places', () => {
    const [copy] = copiesOf(lvmImage('lvm-mirrored', 'vdc')).filter(({ current }) => current);
    const group = volumeGroupIn(copy?.text ?? '');
    const [mirror, ...more] = mirrorsIn(group);
    expect(more).toEqual([]);
    expect(mirror?.log).toEqual({
      lv: 'lv_mlog',
      copies: [
        [{ pv: 'pv2', offsetBytes: MIB, lengthBytes: MIB / 2 }],
        [{ pv: 'pv3', offsetBytes: MIB, lengthBytes: MIB / 2 }],
      ],
    });
    expect(mirrorOfLog(group, 'lv_mlog_mimage_1')).toEqual(mirror);
    expect(mirrorOfLog(group, 'lv_mimage_1')).toBe(null);
  });

  test('with a core log has none', () => {
    const [copy] = copiesOf(lvmImage('lvm-core', 'vda')).filter(({ current }) => current);
    expect(mirrorsIn(volumeGroupIn(copy?.text ?? ''))[0]?.log).toBe(null);
  });

  test('of raid1 has no mirror of this kind', () => {
    const [copy] = copiesOf(lvmImage('lvm-raid1', 'vda')).filter(({ current }) => current);
    expect(mirrorsIn(volumeGroupIn(copy?.text ?? ''))).toEqual([]);
  });
});

describe('pieces', () => {
  const segment = (at: number, count: number, pv: string, extent: number, type = 'striped') =>
    `segment${at + 1} { start_extent = ${at} extent_count = ${count} type = "${type}" stripe_count = 1 stripes = ["${pv}", ${extent}] }`;
  const groupWith = (...segments: string[]) =>
    volumeGroupIn(`vg { id = "x" seqno = 1 extent_size = 8
      physical_volumes { pv0 { id = "a" pe_start = 2 pe_count = 9 } pv1 { id = "b" pe_start = 2 pe_count = 9 } }
      logical_volumes { lv { id = "c" status = [] ${segments.join(' ')} } } }`);

  test('are joined where they lie one behind the other', () => {
    expect(piecesOf(groupWith(segment(0, 2, 'pv0', 1), segment(2, 1, 'pv0', 3)), 'lv')).toEqual([
      { pv: 'pv0', offsetBytes: 1024 + 4096, lengthBytes: 3 * 4096 },
    ]);
  });

  test('stay apart where they do not, in the order of the volume', () => {
    expect(piecesOf(groupWith(segment(2, 1, 'pv1', 0), segment(0, 2, 'pv0', 5)), 'lv')).toEqual([
      { pv: 'pv0', offsetBytes: 1024 + 5 * 4096, lengthBytes: 2 * 4096 },
      { pv: 'pv1', offsetBytes: 1024, lengthBytes: 4096 },
    ]);
    expect(
      piecesOf(groupWith(segment(0, 1, 'pv0', 0), segment(1, 1, 'pv1', 1)), 'lv'),
    ).toHaveLength(2);
  });

  test('are unknown for what is not plain, has a gap, or is not there', () => {
    expect(piecesOf(groupWith(segment(0, 1, 'pv0', 0, 'thin')), 'lv')).toBe(null);
    const striped = segment(0, 1, 'pv0', 0).replace('stripe_count = 1', 'stripe_count = 2');
    expect(piecesOf(groupWith(striped), 'lv')).toBe(null);
    expect(piecesOf(groupWith(segment(0, 1, 'pv0', 0), segment(2, 1, 'pv0', 1)), 'lv')).toBe(null);
    expect(piecesOf(groupWith(), 'lv')).toBe(null);
    expect(piecesOf(groupWith(segment(0, 1, 'pv0', 0)), 'other')).toBe(null);
  });

  test.each([
    'vg = 1',
    'vg { id = "x" }',
    'vg { id = "x" seqno = 1 extent_size = -8 }',
    'vg { id = "x" seqno = 1 extent_size = "8" }',
    'vg { id = "x" seqno = 1 extent_size = 8 physical_volumes = 1 }',
    'vg { id = "x" seqno = 1 extent_size = 8 logical_volumes { lv { id = "y" segment1 { start_extent = 0 extent_count = 1 type = "striped" stripe_count = 1 stripes = ["pv9", 0] } } } }',
    'vg { id = "x" seqno = 1 extent_size = 8 logical_volumes { lv { id = "y" segment1 { start_extent = 0 extent_count = 1 type = "striped" stripe_count = 1 stripes = [0, "pv9"] } } } }',
    'vg { id = "x" seqno = 1 extent_size = 99999999999999 }',
  ])('a text that makes no sense is refused: %s', (text) => {
    expect(() => volumeGroupIn(text)).toThrow(LvmMetadataFault);
  });
});
