/** `log carve` on the physical volumes that LVM made, and on images made for it. */
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { lvmImage } from '../forensics/lvm-fixtures.ts';
import { LogBench } from './log-bench.ts';

const MIB = 1 << 20;

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
});
afterEach(() => bench.remove());

describe('LVM’s volumes', () => {
  test.each([
    { session: 'lvm-disk', disk: 'vdc', regions: 96, dirty: 0, state: 'normal' },
    { session: 'lvm-dirtycrash', disk: 'vdc', regions: 96, dirty: 3, state: 'normal' },
    { session: 'lvm-nosync', disk: 'vdc', regions: 96, dirty: 0, state: 'normal' },
    { session: 'lvm-mirrored', disk: 'vdd', regions: 64, dirty: 0, state: 'normal' },
    { session: 'lvm-inactive', disk: 'vdc', regions: 32, dirty: 0, state: 'lvm-new' },
    { session: 'lvm-inactive', disk: 'vdd', regions: 32, dirty: 32, state: 'lvm-new' },
  ])(
    '$session/$disk: one log, of $regions regions',
    async ({ session, disk, regions, dirty, state }) => {
      bench.write('pv.img', lvmImage(session, disk));
      for (const words of [[], ['--lvm']]) {
        const { code, report } = await bench.json('carve', 'pv.img', ...words);
        expect([code, report.schema]).toEqual([0, 'mirrorctl.log-carve/1']);
        expect(report.found).toMatchObject([
          {
            ...{ offsetBytes: MIB, score: 1, regionCount: regions, dirtyRegions: dirty },
            ...{ headerState: state, regionSizeBytes: 65536 },
            owner: { vg: 'vg', atBytes: 0, mirror: { legs: [{}, {}] } },
          },
        ]);
      }
    },
  );

  test.each(['lvm-core', 'lvm-raid1'])('%s: none', async (session) => {
    bench.write('pv.img', lvmImage(session, 'vdc'));
    expect((await bench.json('carve', 'pv.img')).report.found).toEqual([]);
  });

  test('people read whose log it is and where the legs are', async () => {
    bench.write('pv.img', lvmImage('lvm-disk', 'vdc'));
    const { out } = await bench.log('carve', 'pv.img');
    expect(out.split('\n')).toEqual([
      'volume group vg, metadata versions 1, 2, 3 (current)',
      'at 1048576, score 1.00: 96 regions, 96 clean',
      '  the log of vg/lv, 6 MiB in regions of 64 KiB; its legs:',
      '    lv_mimage_0: pv0 from byte 1048576, 6 MiB',
      '    lv_mimage_1: pv1 from byte 1048576, 6 MiB',
      'pv.img: 1 log in 12 MiB',
      '',
    ]);
  });
});

describe('metadata in the same image', () => {
  test('with --lvm only what lies where an extent begins is looked at', async () => {
    const image = lvmImage('lvm-disk', 'vdc');
    for (const at of [MIB / 2, MIB + 4096]) image.copyWithin(at, MIB, MIB + 1536);
    bench.write('pv.img', image);
    const offsets = async (...words: string[]) =>
      (await bench.json('carve', 'pv.img', ...words)).report.found.map(
        ({ offsetBytes }: { offsetBytes: number }) => offsetBytes,
      );
    expect(await offsets()).toEqual([MIB / 2, MIB, MIB + 4096]);
    expect(await offsets('--lvm')).toEqual([MIB]);
  });

  test('the version that the header points to speaks, not the one with the highest number', async () => {
    const image = lvmImage('lvm-disk', 'vdc');
    new DataView(image.buffer).setBigUint64(4096 + 40, 2048n, true);
    bench.write('pv.img', image);
    const { report } = await bench.json('carve', 'pv.img');
    expect(report.volumeGroup).toEqual({ name: 'vg', seqno: 2 });
    expect(report.metadataCopies).toMatchObject([{}, { seqno: 2, current: true }, { seqno: 3 }]);
  });

  test('with a current text that is damaged, the version before it speaks', async () => {
    const image = lvmImage('lvm-disk', 'vdc');
    image.fill(0x7d, 8704 + 900, 8704 + 2000);
    bench.write('pv.img', image);
    const { report } = await bench.json('carve', 'pv.img');
    expect(report.volumeGroup).toEqual({ name: 'vg', seqno: 2 });
    expect(report.found[0].owner).toMatchObject({ lv: 'lv_mlog' });
  });
});

describe('any image', () => {
  test('logs are found across the pieces in which it is read, and extracted as they are', async () => {
    const log = fs.readFileSync(bench.kernelLog('dirty-inflight-crash'));
    const image = Buffer.alloc(17 * MIB, 0x55);
    const places = [0, 512, 8 * MIB - 512, 16 * MIB + 1024];
    for (const at of places) log.copy(image, at, 0, 1536);
    log.copy(image, 0, 0, 512);
    bench.write('disk.img', image);
    const { report } = await bench.json('carve', 'disk.img', '--extract', 'out');
    const offsets = report.found.map(({ offsetBytes }: { offsetBytes: number }) => offsetBytes);
    expect(offsets).toEqual(places);
    expect(report.found.at(-1)).toMatchObject({ regionCount: 128, owner: null });
    const extracted = bench.read(`out/log-at-${8 * MIB - 512}.bin`);
    expect(Buffer.compare(extracted, log.subarray(0, 1536))).toBe(0);
    expect(JSON.parse(fs.readFileSync(bench.at('out/manifest.json'), 'utf8')).found).toHaveLength(
      4,
    );
  });

  test('--lvm is refused where there is no LVM', async () => {
    bench.write('disk.img', new Uint8Array(MIB));
    const { code, aside } = await bench.log('carve', 'disk.img', '--lvm');
    expect([code, aside]).toEqual([65, expect.stringContaining('no physical volume')]);
    expect((await bench.log('carve', 'disk.img')).out).toBe('disk.img: 0 logs in 1 MiB\n');
  });

  test('it is only read, and can be interrupted', async () => {
    const name = bench.write('disk.img', new Uint8Array(MIB));
    fs.chmodSync(name, 0o444);
    fs.utimesSync(name, 1_000_000_000, 1_000_000_000);
    await bench.log('carve', 'disk.img');
    expect(fs.statSync(name).mtimeMs).toBe(1_000_000_000_000);
    bench.interruption.abort(new Error('stopped'));
    expect((await bench.log('carve', 'disk.img')).code).not.toBe(0);
  });

  test('a missing one is said', async () => {
    expect((await bench.log('carve', 'none.img')).code).toBe(66);
  });
});
