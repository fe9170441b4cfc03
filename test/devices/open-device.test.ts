import assert from 'node:assert';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { DeviceRequest } from '../../src/devices/device-request.ts';
import { closeDevices, openDevices } from '../../src/devices/open-device.ts';
import type { MirrorErrorCode } from '../../src/errors/mirror-error.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { byteCount } from '../../src/geometry/units.ts';
import {
  atEnd,
  attachLoop,
  GIB,
  legAt,
  missing,
  noLoopDevices,
  openForTest,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const directory = scratchDirectory();
const MIB = 2 ** 20;
const image = (name: string, sizeBytes = MIB) => scratchFile(directory, name, sizeBytes);
const logAt = (file: string, change: Partial<DeviceRequest> = {}) =>
  legAt(file, { role: 'log', ...change });

/** The refusal of `requests`; whatever was opened on the way must be closed again. */
function refusalOf(...requests: DeviceRequest[]): MirrorError {
  const before = openDescriptors();
  try {
    closeDevices(openDevices(requests));
  } catch (error) {
    assert(error instanceof MirrorError, String(error));
    expect(openDescriptors()).toEqual(before);
    return error;
  }
  throw new Error('it was opened');
}

/** The scratch files and loop devices that this process has open, by name. */
function openDescriptors(): string[] {
  return fs
    .readdirSync('/proc/self/fd')
    .map(targetOf)
    .filter((target) => target.startsWith(directory) || target.startsWith('/dev/loop'))
    .sort();
}

function targetOf(fd: string): string {
  try {
    return fs.readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor that listed the others is closed by now.
    return '';
  }
}

function expectRefusal(code: MirrorErrorCode, words: RegExp, ...requests: DeviceRequest[]): void {
  const error = refusalOf(...requests);
  expect({ code: error.code, message: error.message }).toEqual({
    code,
    message: expect.stringMatching(words),
  });
  expect(error.message).toContain(requests.at(-1)?.path);
}

test('a file is opened for writing with its size, durable descriptor and lock', () => {
  const file = image('plain.img', 3 * MIB);
  const [device] = openForTest(legAt(file));
  assert(device !== undefined);
  expect(device).toMatchObject({ path: file, kind: 'file', sizeBytes: 3 * MIB, blockBytes: 512 });
  fs.writeSync(device.durableFd, 'durable', 10);
  expect(fs.readFileSync(file).subarray(10, 17).toString()).toBe('durable');
  const flags = /^flags:\s*(\d+)/m.exec(
    fs.readFileSync(`/proc/self/fdinfo/${device.durableFd}`, 'utf8'),
  );
  const { O_DSYNC, O_RDWR } = fs.constants;
  expect(Number.parseInt(flags?.[1] ?? '', 8) & (O_DSYNC | O_RDWR)).toBe(O_DSYNC | O_RDWR);
  expectRefusal('LEG_LOCKED', /in use by this process/, legAt(file));
});

test('what is open for reading cannot be written, and goes with other readers only', () => {
  const file = image('reading.img');
  const [device] = openForTest(legAt(file, { access: 'read' }));
  assert(device !== undefined);
  expect(device.durableFd).toBe(-1);
  expect(() => fs.writeSync(device.fd, 'x')).toThrow('EBADF');
  closeDevices(openDevices([legAt(file, { access: 'read' })]));
  expectRefusal('LEG_LOCKED', /in use/, legAt(file));
});

test('a look at a live device takes no lock', () => {
  const file = image('live.img');
  openForTest(legAt(file));
  const [device] = openForTest(logAt(file, { access: 'peek' }));
  expect(device?.sizeBytes).toBe(MIB);
});

test('everything is closed and unlocked in the end, and once', () => {
  const [one, other] = [image('close-a.img'), image('close-b.img', 2 * MIB)];
  const before = openDescriptors();
  const half = byteCount(MIB);
  const requests = [
    legAt(one),
    legAt(other, { lengthBytes: half }),
    legAt(other, { offsetBytes: half }),
  ];
  const devices = openDevices(requests);
  expect(devices[1]).toBe(devices[2]);
  closeDevices(devices);
  expect(openDescriptors()).toEqual(before);
  closeDevices(openDevices(requests));
});

test('what is missing is named, with what to do about it', () => {
  const file = path.join(directory, 'absent.img');
  expectRefusal('LEG_NOT_FOUND', /^leg .* does not exist$/, legAt(file));
  expectRefusal('LOG_NOT_FOUND', /^log .* does not exist$/, logAt(file));
  expectRefusal('LEG_NOT_FOUND', /does not exist/, legAt(path.join(image('flat.img'), 'below')));
  expect(refusalOf(legAt(file)).hint).toContain(`truncate -s SIZE '${file}'`);
});

test('what is neither a file nor a block device is refused by kind, without waiting for it', () => {
  const pipe = path.join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  expectRefusal('LEG_UNUSABLE', /is a directory/, legAt(directory));
  expectRefusal('LEG_UNUSABLE', /is a named pipe/, legAt(pipe));
  expectRefusal('LEG_UNUSABLE', /is a character device/, legAt('/dev/null'));
  expectRefusal('LOG_READ_FAILED', /^log .* is a directory/, logAt(directory));
});

test('a user who may not write is told so', () => {
  const file = image('theirs.img');
  fs.chmodSync(file, 0o444);
  asOrdinaryUser(() => {
    expectRefusal('NOT_PERMITTED', /not permitted to write to leg/, legAt(file));
    closeDevices(openDevices([legAt(file, { access: 'read' })]));
  });
});

/** Root may do anything; others already are what the test wants. */
function asOrdinaryUser(body: () => void): void {
  const isRoot = process.getuid?.() === 0;
  fs.chmodSync(directory, 0o755);
  if (isRoot) process.seteuid?.(65534);
  try {
    body();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('what is too small is refused with both sizes, offset included', () => {
  const file = image('small.img', 8192);
  const fits = { offsetBytes: byteCount(4096), lengthBytes: byteCount(4096) };
  closeDevices(openDevices([legAt(file, fits)]));
  const tooLong = legAt(file, { ...fits, lengthBytes: byteCount(4608) });
  expectRefusal('LEG_TOO_SMALL', /has 8192 bytes, but 8704 are needed/, tooLong);
  expectRefusal('LEG_TOO_SMALL', /has 8192 bytes/, legAt(file, { offsetBytes: byteCount(8192) }));
  expectRefusal('LOG_TOO_SMALL', /^log/, logAt(file, { lengthBytes: byteCount(8193) }));
});

test('the same bytes are never two legs, whatever they are called', () => {
  const file = image('once.img');
  const soft = path.join(directory, 'once-soft.img');
  const hard = path.join(directory, 'once-hard.img');
  fs.symlinkSync(file, soft);
  fs.linkSync(file, hard);
  for (const again of [file, soft, hard]) {
    expectRefusal('LEG_GIVEN_TWICE', /the same bytes/, legAt(file), legAt(again));
  }
  const log = logAt(file, { lengthBytes: byteCount(4096) });
  expectRefusal('LEG_GIVEN_TWICE', /^leg .* and log /, legAt(file), log);
  const behindLog = legAt(file, { offsetBytes: byteCount(4096) });
  closeDevices(openDevices([behindLog, log]));
});

test('ranges of one device are asked for with one access', () => {
  const file = image('one-access.img', 2 * MIB);
  const [half, before] = [byteCount(MIB), openDescriptors()];
  const lower = legAt(file, { lengthBytes: half });
  const upper = legAt(file, { offsetBytes: half, access: 'read' });
  expect(() => openDevices([lower, upper])).toThrow(`one access for all of ${file}`);
  expect(openDescriptors()).toEqual(before);
});

test('one locked leg among several closes and unlocks the others', () => {
  const [free, held] = [image('free.img'), image('held.img')];
  openForTest(legAt(held));
  expectRefusal('LEG_LOCKED', /in use/, legAt(free), legAt(held));
  closeDevices(openDevices([legAt(free)]));
});

testUnless(noLoopDevices)('a block device is claimed, so that nobody mounts it', () => {
  const file = image('claimed.img', 5 * GIB);
  const device = attachLoop(file, '--sector-size', '4096');
  const [opened] = openForTest(legAt(device));
  expect(opened).toMatchObject({ kind: 'block', sizeBytes: 5 * GIB, blockBytes: 4096 });
  expectRefusal('LEG_LOCKED', /in use by this process/, legAt(device));
  const claim = () =>
    fs.closeSync(fs.openSync(device, fs.constants.O_RDONLY | fs.constants.O_EXCL));
  expect(claim).toThrow('EBUSY');
});

testUnless(noLoopDevices ?? missing('mkfs.ext4'))('a mounted block device is refused', () => {
  const device = attachLoop(image('mounted.img', 8 * MIB));
  const mountPoint = path.join(directory, 'mount point');
  fs.mkdirSync(mountPoint);
  execFileSync('mkfs.ext4', ['-q', device]);
  execFileSync('mount', [device, mountPoint]);
  atEnd(() => spawnSync('umount', [mountPoint]));
  const named = new RegExp(`is mounted at ${mountPoint}$`);
  expectRefusal('LEG_LOCKED', named, legAt(device));
});

testUnless(noLoopDevices)('a file behind a loop device is refused for writing', () => {
  const file = image('behind.img');
  const device = attachLoop(file);
  const named = new RegExp(`the backing file of ${device}$`);
  expectRefusal('LEG_LOCKED', named, legAt(file));
  closeDevices(openDevices([legAt(file, { access: 'read' })]));
  expectRefusal('LEG_GIVEN_TWICE', /the same bytes/, legAt(file), legAt(device));
});

testUnless(noLoopDevices)('a loop device over a file that is already a leg is refused', () => {
  const file = image('leg-first.img');
  openForTest(legAt(file));
  expectRefusal('LEG_LOCKED', /in use by this process/, legAt(attachLoop(file)));
});

testUnless(noLoopDevices ?? missing('addpart'))(
  'a partition of a loop device over a leg is refused, too',
  () => {
    const file = image('leg-with-parts.img', 4 * MIB);
    openForTest(legAt(file));
    const device = attachLoop(file, '--partscan');
    execFileSync('addpart', [device, '1', '2048', '2048']);
    expectRefusal('LEG_LOCKED', /in use by this process/, legAt(`${device}p1`));
  },
);

testUnless(noLoopDevices)('who may use a loop device need not see what is behind it', () => {
  const file = image('unseen.img');
  fs.chmodSync(file, 0o600);
  const device = attachLoop(file);
  const { mode } = fs.statSync(device);
  fs.chmodSync(device, 0o666);
  atEnd(() => fs.chmodSync(device, mode));
  asOrdinaryUser(() => closeDevices(openDevices([legAt(device)])));
  fs.chmodSync(device, mode);
  expect(fs.statSync(device).mode).toBe(mode);
});

testUnless(noLoopDevices)('a leg on a file system that is read-only is told apart', () => {
  const mountPoint = path.join(directory, 'read-only');
  fs.mkdirSync(mountPoint);
  execFileSync('mount', ['-t', 'tmpfs', 'none', mountPoint]);
  atEnd(() => spawnSync('umount', [mountPoint]));
  const file = scratchFile(mountPoint, 'a.img', 4096);
  execFileSync('mount', ['-o', 'remount,ro', mountPoint]);
  expectRefusal('NOT_PERMITTED', /its file system is read-only$/, legAt(file));
});

testUnless(missing('qemu-io'))(
  'qemu keeps away from what we hold, and writes when we let go',
  () => {
    const file = image('ours.img');
    const writeByQemu = () =>
      spawnSync('qemu-io', ['-f', 'raw', '-c', 'write 0 4k', file], { encoding: 'utf8' });
    const devices = openDevices([legAt(file)]);
    const refused = writeByQemu();
    closeDevices(devices);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/Failed to (get .*lock|lock byte)/);
    expect(writeByQemu().status).toBe(0);
  },
);

testUnless(missing('qemu-storage-daemon'))('what qemu holds is refused by name', async () => {
  const file = image('theirs-qemu.img');
  const [socket, pidFile] = [path.join(directory, 'q.sock'), path.join(directory, 'q.pid')];
  const disk = `driver=file,node-name=f,filename=${file}`;
  const use = `type=vhost-user-blk,id=x,node-name=f,writable=on,addr.type=unix,addr.path=${socket}`;
  const args = ['--blockdev', disk, '--export', use, '--pidfile', pidFile];
  const daemon = spawn('qemu-storage-daemon', args, { stdio: 'ignore' });
  atEnd(() => daemon.kill());
  // The file of its pid is the last thing it makes before it serves.
  while (!fs.existsSync(pidFile) && daemon.exitCode === null) await turnOfTheLoop();
  const named = new RegExp(`is in use by process ${daemon.pid} \\(qemu-storage-da`);
  expectRefusal('LEG_LOCKED', named, legAt(file));
  daemon.kill();
  await once(daemon, 'exit');
  closeDevices(openDevices([legAt(file)]));
});
