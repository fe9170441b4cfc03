/** `import --lvm`: from physical volumes that LVM made to a definition that can be activated. */
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

/** As large as LVM's, but without the legs' data, which nobody looks at here. */
function volume(disk: string, image: Uint8Array): void {
  fs.truncateSync(bench.write(`${disk}.img`, image.subarray(0, MIB + 65536)), image.length);
}

function volumes(session: string, disks = ['vda', 'vdb', 'vdc', 'vdd']): string[] {
  for (const disk of disks) volume(disk, lvmImage(session, disk));
  return disks.map((disk) => `${disk}.img`);
}

const definition = (name: string) =>
  JSON.parse(fs.readFileSync(bench.at(`state/${name}.json`), 'utf8'));

describe('import', () => {
  test('defines the mirror, with its legs where LVM put them and a copy of its log', async () => {
    const pvs = volumes('lvm-dirtycrash');
    const before = pvs.map((name) => fs.statSync(bench.at(name)).mtimeMs);
    const { code, out } = await bench.run('import', 'home', '--lvm', ...pvs);
    expect(code).toBe(0);
    expect(out).toContain('home: vg/lv, metadata version 3, 6 MiB, 96 regions of 64 KiB');
    expect(out).toContain(
      `home: read-only: 3 of 96 regions (192 KiB) are read from ${bench.at('vda.img')} only`,
    );
    expect(out).toMatch(/next: mirrorctl activate home$/m);
    expect(definition('home')).toMatchObject({
      ...{ sizeBytes: 6 * MIB, regionSizeBytes: 65536, source: 0, readOnly: true },
      legs: [
        { path: bench.at('vda.img'), offsetBytes: MIB },
        { path: bench.at('vdb.img'), offsetBytes: MIB },
      ],
      log: { type: 'disk', path: bench.at('state/home.log'), ours: true },
    });
    const log = lvmImage('lvm-dirtycrash', 'vdc').subarray(MIB, MIB + 1536);
    expect(bench.read('state/home.log')).toEqual(log);
    expect(pvs.map((name) => fs.statSync(bench.at(name)).mtimeMs)).toEqual(before);
    const { report } = await bench.json('dump', 'home');
    expect(report).toMatchObject({
      ...{ dirtyRegions: 3, mirrorSizeBytes: 6 * MIB },
      mirrorctlOnResume:
        'is read-only: reads 3 regions from the source leg only and copies nothing',
    });
    const { attention } = JSON.parse((await bench.run('status', 'home', '--json')).out).mirrors[0];
    expect(attention).toEqual({
      status: `read-only: 3 regions (192 KiB) are read from ${bench.at('vda.img')} only: the log says so`,
      action: 'mirrorctl activate home, with --read-write to copy them',
    });
  });

  test('finds out which file is which volume, in whatever order they come', async () => {
    const pvs = volumes('lvm-disk', ['vdc', 'vdb', 'vda']);
    await bench.run('import', 'home', '--lvm', ...pvs);
    expect(definition('home').legs[0].path).toBe(bench.at('vda.img'));
  });
});

describe('import copes with', () => {
  test('volumes that do not agree: the newest metadata counts', async () => {
    const pvs = volumes('lvm-disk', ['vdc', 'vda', 'vdb']);
    const image = lvmImage('lvm-disk', 'vdc');
    new DataView(image.buffer).setBigUint64(4096 + 40, 2048n, true);
    volume('vdc', image);
    const { out } = await bench.run('import', 'home', '--lvm', ...pvs);
    expect(out).toContain('metadata version 3');
  });

  test('a lost header that would say which version is current, and says so', async () => {
    for (const disk of ['vda', 'vdb', 'vdc']) {
      const image = lvmImage('lvm-disk', disk);
      image.fill(0, 4096, 4608);
      volume(disk, image);
    }
    const { out } = await bench.run('import', 'home', '--lvm', 'vda.img', 'vdb.img', 'vdc.img');
    expect(out).toContain('metadata version 3');
    expect(out).toContain('warning: LVM’s current metadata cannot be read');
  });

  test('a mirrored log: both copies count', async () => {
    const pvs = volumes('lvm-mirrored');
    const image = lvmImage('lvm-mirrored', 'vdd');
    image[MIB + 1024] = 0xfe;
    volume('vdd', image);
    const { out } = await bench.run('import', 'home', '--lvm', ...pvs);
    expect(out).toContain('1 of 64 regions');
  });
});

describe('import tells, or is told,', () => {
  test('makes a mirror that is written to where that is asked for', async () => {
    const words = ['import', 'home', '--lvm', '--read-write', ...volumes('lvm-dirtycrash')];
    expect((await bench.run(...words)).out).toContain('3 of 96 regions (192 KiB) will be copied');
    expect(definition('home').readOnly).toBe(false);
  });

  test('that a core log knows nothing', async () => {
    const core = await bench.run('import', 'c', '--lvm', ...volumes('lvm-core'));
    expect(core.out).toContain('LVM kept the log in memory');
    expect(definition('c').log).toEqual({ type: 'core' });
  });

  test('that LVM never copied a mirror made with --nosync', async () => {
    const words = ['import', 'n', '--lvm', '--lv', 'ns', ...volumes('lvm-inactive')];
    expect((await bench.run(...words)).out).toContain('never synchronised it');
  });

  test('with -n changes nothing', async () => {
    const { code, out } = await bench.run('import', 'home', '--lvm', '-n', ...volumes('lvm-disk'));
    expect([code, out]).toEqual([0, expect.stringContaining('nothing is changed')]);
    expect(fs.existsSync(bench.at('state'))).toBe(false);
  });
});

describe('import refuses', () => {
  test.each([
    { session: 'lvm-disk', disks: ['vda', 'vdb'], words: [], code: 65, says: 'give that one, too' },
    { session: 'lvm-disk', disks: ['vda'], words: ['--lv', 'x'], code: 65, says: 'no mirror x' },
    { session: 'lvm-inactive', disks: ['vda'], words: [], code: 65, says: 'say which one' },
    { session: 'lvm-raid1', disks: ['vda'], words: [], code: 65, says: 'no mirror of type' },
  ])('$session with $disks $words: $says', async ({ session, disks, words, code, says }) => {
    const ran = await bench.run('import', 'home', '--lvm', ...words, ...volumes(session, disks));
    expect([ran.code, ran.aside]).toEqual([code, expect.stringContaining(says)]);
    expect(fs.existsSync(bench.at('state/home.json'))).toBe(false);
    expect(fs.existsSync(bench.at('state/home.log'))).toBe(false);
  });

  test('volumes of different groups, and files that are none', async () => {
    bench.write('other.img', lvmImage('lvm-core', 'vda'));
    const pvs = volumes('lvm-disk');
    const { aside } = await bench.run('import', 'home', '--lvm', 'other.img', ...pvs);
    expect(aside).toContain('different groups');
    bench.write('zero.img', new Uint8Array(MIB));
    expect((await bench.run('import', 'home', '--lvm', 'zero.img')).aside).toContain(
      '[LVM_NOT_FOUND]',
    );
  });

  test('a name that is taken, before anything is written', async () => {
    const pvs = volumes('lvm-disk');
    await bench.run('import', 'home', '--lvm', ...pvs);
    const log = bench.read('state/home.log');
    expect((await bench.run('import', 'home', '--lvm', ...pvs)).code).toBe(73);
    expect(bench.read('state/home.log')).toEqual(log);
  });

  test('a log that is none, and leaves nothing behind', async () => {
    const pvs = volumes('lvm-disk');
    const image = lvmImage('lvm-disk', 'vdc');
    image.fill(0x41, MIB, MIB + 4096);
    volume('vdc', image);
    expect((await bench.run('import', 'home', '--lvm', ...pvs)).aside).toContain('not a dirty log');
    expect(fs.readdirSync(bench.at('state')).filter((name) => /json|log$/.test(name))).toEqual([]);
  });

  test('anything but --lvm', async () => {
    expect((await bench.run('import', 'home', 'x.img')).code).toBe(64);
  });
});
