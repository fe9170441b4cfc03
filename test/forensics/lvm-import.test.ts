/** Which LVM mirrors can be taken over, and why the others cannot. */
import { describe, expect, test } from 'vitest';
import type { LvmImport } from '../../src/forensics/lvm-import.ts';
import {
  chooseLvmMirror,
  importedLogBytes,
  mergedLog,
  planLvmImport,
} from '../../src/forensics/lvm-import.ts';
import type { LvmMirror, LvmPiece } from '../../src/forensics/lvm-layout.ts';
import { mirrorsIn } from '../../src/forensics/lvm-layout.ts';
import { volumeGroupIn } from '../../src/forensics/lvm-metadata.ts';
import { logBytes } from './log-bytes.ts';
import { fixtureText } from './lvm-fixtures.ts';

const MIB = 1 << 20;
const group = volumeGroupIn(fixtureText('lvm-disk/disk-vgcfg.txt'));
const [mirror] = mirrorsIn(group) as [LvmMirror];
const ALL = new Map([
  ['pv0', '/a'],
  ['pv1', '/b'],
  ['pv2', '/c'],
]);

const messageOf = (changed: LvmMirror, paths = ALL) => {
  const plan = planLvmImport(group, changed, paths);
  return plan.ok ? null : plan.error.message;
};

describe('the choice', () => {
  const two = {
    ...group,
    logicalVolumes: [...group.logicalVolumes, { ...group.logicalVolumes[0], name: 'lv2' }],
  };

  test('is the only mirror, or the one that is named', () => {
    expect(chooseLvmMirror(group, null)).toMatchObject({ ok: true, value: { lv: 'lv' } });
    expect(chooseLvmMirror(two as typeof group, 'lv2')).toMatchObject({ value: { lv: 'lv2' } });
  });

  test('is asked for where there are several, and told where there are none', () => {
    const several = chooseLvmMirror(two as typeof group, null);
    expect(several).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('lv, lv2') },
    });
    const none = chooseLvmMirror({ ...group, logicalVolumes: [] }, null);
    expect(none).toMatchObject({ error: { message: expect.stringContaining('no mirror') } });
    expect(chooseLvmMirror(group, 'x')).toMatchObject({ error: { code: 'LVM_UNMAPPABLE' } });
  });
});

describe('a mirror of plain stretches', () => {
  test('is mapped to places in the volumes at hand', () => {
    expect(planLvmImport(group, mirror, ALL)).toMatchObject({
      ok: true,
      value: {
        geometry: { sizeBytes: 6 * MIB, regionBytes: 65536, regionCount: 96 },
        legs: [
          { path: '/a', offsetBytes: MIB },
          { path: '/b', offsetBytes: MIB },
        ],
        logs: [{ path: '/c', offsetBytes: MIB }],
      },
    });
  });

  test('with a core log has no log', () => {
    expect(planLvmImport(group, { ...mirror, log: null }, ALL)).toMatchObject({
      value: { logs: [] },
    });
  });

  test('needs one copy of a mirrored log, not all', () => {
    const copies: LvmPiece[][] = [2, 3].map((pv) => [
      { pv: `pv${pv}`, offsetBytes: MIB, lengthBytes: MIB },
    ]);
    const mirrored = { ...mirror, log: { lv: 'lv_mlog', copies } };
    expect(planLvmImport(group, mirrored, ALL)).toMatchObject({
      value: { logs: [{ path: '/c' }] },
    });
  });
});

describe('refused with the reason is a mirror', () => {
  const legOf = (pieces: readonly LvmPiece[] | null): LvmMirror => ({
    ...mirror,
    legs: [...mirror.legs.slice(0, 1), { lv: 'lv_mimage_1', pieces }],
  });

  test('whose leg lies in several stretches', () => {
    const piece = { pv: 'pv1', offsetBytes: MIB, lengthBytes: 3 * MIB };
    expect(messageOf(legOf([piece, { ...piece, pv: 'pv0' }]))).toBe(
      'lv_mimage_1 lies in 2 stretches: pv1 from 1048576, 3 MiB; pv0 from 1048576, 3 MiB',
    );
  });

  test('whose leg is not plain', () => {
    expect(messageOf(legOf(null))).toContain('not made of plain stretches');
  });

  test('whose volumes are not all at hand', () => {
    const without = (pv: string) => new Map([...ALL].filter(([name]) => name !== pv));
    expect(messageOf(mirror, without('pv1'))).toContain('pv1 (hMDzYG-oCAE');
    expect(messageOf(mirror, without('pv1'))).toContain('which was /dev/vdb');
    expect(messageOf(mirror, without('pv2'))).toContain('lv_mlog lies on physical volume pv2');
  });
});

describe('copies of a mirrored log', () => {
  const plan = planLvmImport(group, mirror, ALL) as { value: LvmImport };
  const copy = (bits: readonly number[], version = 2) =>
    logBytes(96, [...bits, ...Array(12 - bits.length).fill(0xff)], { version }).slice(
      0,
      importedLogBytes(plan.value),
    );

  test('make one that calls clean only what all of them call clean', () => {
    const merged = mergedLog(plan.value, [copy([0b1110]), copy([0b0111, 0x0f])]);
    expect(merged.ok && [...merged.value.subarray(1024, 1027)]).toEqual([0b0110, 0x0f, 0xff]);
    expect(mergedLog(plan.value, [copy([5])])).toMatchObject({ ok: true, value: copy([5]) });
  });

  test('with different headers are not believed', () => {
    expect(mergedLog(plan.value, [copy([]), copy([], 1)])).toMatchObject({
      ok: false,
      error: { code: 'LVM_UNMAPPABLE' },
    });
  });
});
