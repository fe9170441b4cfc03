/**
 * Hand-over with the real dm-mirror, in a virtual machine, both ways: whoever goes on after the other's
 * crash recovers exactly the regions that the other's log calls dirty.
 *
 *   kernel runs the mirror ─ power cut ─▶ create --from-table, activate
 *   mirrorctl runs it      ─ SIGKILL ───▶ kernel activates it
 *   LVM runs it ─ power cut ─▶ import, activate --read-write ─ log restore ─▶ LVM activates it
 *
 * Needs a machine that was set up for it: MIRRORCTL_KERNEL_VM names the folder (kvm-run, kernel-accepts,
 * images), ../shared/tools/kernel-vm beside the checkout unless said otherwise.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, vi } from 'vitest';
import { cleanBitsIn, decodeLogHeader } from '../../src/dirty-log/disk-format.ts';
import { regionCount } from '../../src/geometry/units.ts';
import { testUnless } from '../devices/scratch-devices.ts';
import { lvmImage } from '../forensics/lvm-fixtures.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { KIB, MIB, makeFile, ScratchMirror } from './scratch-mirror.ts';

// A machine is booted, perhaps without hardware support.
vi.setConfig({ testTimeout: 600_000 });

const { MIRRORCTL_KERNEL_VM } = process.env;
const MACHINE =
  MIRRORCTL_KERNEL_VM ?? path.resolve(import.meta.dirname, '../../../shared/tools/kernel-vm');
const noMachine = existsSync(path.join(MACHINE, 'images'))
  ? null
  : 'needs MIRRORCTL_KERNEL_VM, the folder of a virtual machine that is set up';

const SIZE = 16 * MIB;
const REGION = 64 * KIB;
const REGIONS = SIZE / REGION;
const SECTORS = `${SIZE / 512}`;
const REGION_SECTORS = `${REGION / 512}`;
/** In flight when the power goes: to leg 0 already, leg 1 never gets them. */
const IN_FLIGHT = [5, 17, 18, 19, 100, 255];
/** Written and acknowledged before. */
const WRITTEN = 40;
/** Clean, and different on leg 1 all the same: nobody has a reason to copy it. */
const BYSTANDER = 200;

/** Guest: the kernel's mirror over disks a (leg 0), b (leg 1), c (log); then the power goes. */
const KERNEL_RUNS = `
. /lib.sh
lin L1 /dev/vdb
LOGDEV=/dev/vdc LEN=${SECTORS} REGION=${REGION_SECTORS} LOGOPT=nosync
LEGS='/dev/vda 0 /dev/mapper/L1 0' FEAT='1 handle_errors'
mkm
wreg /dev/mapper/m ${WRITTEN} ${REGION_SECTORS}
wait_clean $LOGDEV ${WRITTEN}
stall L1
bgw ${IN_FLIGHT.join(' ')}
wait_dirty $LOGDEV ${IN_FLIGHT.join(' ')}
crash_now
`;

interface Parts {
  readonly mirror: ScratchMirror;
  readonly log: string;
}

function newParts(): Parts {
  const directory = scratchDirectory();
  const first = makeFile(path.join(directory, 'a.img'), SIZE, 'random');
  const second = path.join(directory, 'b.img');
  writeFileSync(second, readFileSync(first));
  const log = makeFile(path.join(directory, 'log.img'), 64 * KIB, 'zero');
  return { mirror: new ScratchMirror(directory, [first, second]), log };
}

function dirtyRegions(log: string): number[] {
  const image = new Uint8Array(readFileSync(log));
  const count = regionCount(Number(decodeLogHeader(image).regionCount));
  return [...cleanBitsIn(image, count).runs()]
    .filter(({ set }) => !set)
    .flatMap((run) => Array.from({ length: run.count }, (_, at) => run.first + at));
}

/** Regions in which the legs differ. */
function differing({ legs }: ScratchMirror): number[] {
  const [first, second] = legs.map((leg) => readFileSync(leg));
  return Array.from({ length: REGIONS }, (_, region) => region).filter((region) => {
    const [start, end] = [region * REGION, (region + 1) * REGION];
    return !first?.subarray(start, end).equals(second?.subarray(start, end) ?? Buffer.alloc(0));
  });
}

function spoil(leg: string, region: number): void {
  const bytes = readFileSync(leg);
  writeFileSync(leg, bytes.fill(0xbb, region * REGION, (region + 1) * REGION));
}

/** Returns what the guest printed. */
async function inTheKernel(script: string, flag: string, disks: readonly string[]) {
  const file = path.join(scratchDirectory(), 'guest.sh');
  writeFileSync(file, script);
  return (await execa(path.join(MACHINE, 'kvm-run'), [flag, file, ...disks])).stdout;
}

testUnless(noMachine)('mirrorctl goes on where a kernel lost its power', async () => {
  const { mirror, log } = newParts();
  const [first = '', second = ''] = mirror.legs;
  await inTheKernel(KERNEL_RUNS, '--crash', [first, second, log]);
  expect(dirtyRegions(log)).toEqual(IN_FLIGHT);
  expect(IN_FLIGHT).toEqual(expect.arrayContaining(differing(mirror)));
  const written = readFileSync(first).subarray(WRITTEN * REGION, WRITTEN * REGION + 512);
  expect(written.equals(Buffer.alloc(512, 'W'))).toBe(true);
  spoil(second, BYSTANDER);

  const table = `0 ${SECTORS} mirror disk 2 ${log} ${REGION_SECTORS} 2 ${first} 0 ${second} 0 1 handle_errors`;
  const made = await mirror.do('create', 'm', '--from-table', table);
  expect(made).toContain(
    `6 of 256 regions (384 KiB) will be copied from ${first}: the log says so`,
  );
  const before = readFileSync(first);
  await mirror.activate();
  await mirror.do('wait', 'm', '--until', 'in-sync', '--timeout', '60');
  await mirror.do('deactivate', 'm');

  expect(differing(mirror)).toEqual([BYSTANDER]);
  expect(readFileSync(first).equals(before)).toBe(true);
  expect(dirtyRegions(log)).toEqual([]);
});

testUnless(noMachine)('a kernel goes on where mirrorctl was killed', async () => {
  const { mirror, log } = newParts();
  const [first = '', second = ''] = mirror.legs;
  const table = `0 ${SECTORS} mirror disk 3 ${log} ${REGION_SECTORS} nosync 2 ${first} 0 ${second} 0 1 handle_errors`;
  await mirror.do('create', 'm', '--from-table', table);
  // Leg 1 misses what is written, so these regions are dirty for as long as it takes.
  await mirror.activate('--inject', '1:write:eio');
  const client = await mirror.connect();
  for (const region of IN_FLIGHT) await client.write(region * REGION, Buffer.alloc(4096, 'M'));
  client.close();
  await mirror.kill();
  expect(dirtyRegions(log)).toEqual(IN_FLIGHT);

  const kernel = [log, first, second, REGION_SECTORS, '--expect-resync', '5,17-19,100,255'];
  const { stdout } = await execa(path.join(MACHINE, 'kernel-accepts'), kernel);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ activated: true, reached_sync: true, leg0_unchanged: true },
    ...{ in_sync_at_resume: '250/256', resynced: '5,17-19,100,255' },
  });
});

/** Where LVM put leg 0, leg 1 and the log, each on a volume of its own. */
const EXTENTS_AT = MIB;
/** Dirty in LVM's log; LVM would copy it if that were the log it finds. */
const LVM_DIRTY = 40;

/** Guest: LVM activates its mirror, and what lies before that region is read from it. */
const LVM_RUNS = `
. /lib.sh
vgchange -ay vg
wait_sync vg-lv
st activated vg-lv
echo "@CONTENT $(dd if=/dev/mapper/vg-lv bs=${REGION} count=${LVM_DIRTY} iflag=direct | sha256sum)"
`;

testUnless(noMachine)('LVM gets its mirror back from mirrorctl', async () => {
  const directory = scratchDirectory();
  const volumes = ['vda', 'vdb', 'vdc', 'vdd'].map((disk) => path.join(directory, `${disk}.img`));
  for (const file of volumes) {
    writeFileSync(file, lvmImage('lvm-dirtycrash', path.basename(file, '.img')));
  }
  const [first = '', second = '', third = ''] = volumes;
  spoil(second, EXTENTS_AT / REGION + LVM_DIRTY);
  const mirror = new ScratchMirror(directory, [first, second]);
  await mirror.do('import', 'm', '--lvm', '--read-write', ...volumes);
  await mirror.activate();
  await mirror.inSync();
  const client = await mirror.connect();
  await client.write(20 * REGION, Buffer.alloc(4096, 'M'));
  client.close();
  await mirror.do('deactivate', 'm');
  const [content, other] = [first, second].map((leg) => sha256Before(leg, 96));
  expect(content).toBe(other);

  const dump = path.join(directory, 'm.json');
  writeFileSync(dump, await mirror.do('log', 'dump', 'm', '--json'));
  await mirror.do('log', 'restore', dump, `${third}@${EXTENTS_AT}`, '--yes');
  spoil(second, EXTENTS_AT / REGION + LVM_DIRTY);
  const before = readFileSync(second);
  const said = await inTheKernel(LVM_RUNS, '--full', volumes);
  expect(said).toMatch(/@STATUS activated: .* 96\/96 1 AA 3 disk \S+ A/);
  expect(said).toContain(`@CONTENT ${sha256Before(first, LVM_DIRTY)}`);
  const end = EXTENTS_AT + 96 * REGION;
  expect(
    readFileSync(second).subarray(EXTENTS_AT, end).equals(before.subarray(EXTENTS_AT, end)),
  ).toBe(true);
});

/** Of what an LVM leg holds before `region`. */
function sha256Before(leg: string, region: number): string {
  const bytes = readFileSync(leg).subarray(EXTENTS_AT, EXTENTS_AT + region * REGION);
  return createHash('sha256').update(bytes).digest('hex');
}
