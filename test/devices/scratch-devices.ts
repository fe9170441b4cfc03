/**
 * Files and devices for tests: made in a directory of their own, gone when the test file ends.
 *
 * Some tests need what not every machine has (root, losetup, a tmpfs). They are skipped with the
 * reason printed, so that a green run cannot hide that they did not run.
 */
import assert from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, test } from 'vitest';
import type { DeviceRequest } from '../../src/devices/device-request.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { closeDevices, openDevices } from '../../src/devices/open-device.ts';
import { byteCount } from '../../src/geometry/units.ts';

export const GIB = 2 ** 30;

const cleanups: (() => void)[] = [];
afterAll(() => {
  for (const undo of cleanups.splice(0).reverse()) undo();
});

/** Runs at the end of the test file, in reverse order of registration. */
export function atEnd(undo: () => void): void {
  cleanups.push(undo);
}

/** An empty directory on a disk file system, unless `parent` says otherwise. */
export function scratchDirectory(parent: string = os.tmpdir()): string {
  const directory = fs.mkdtempSync(path.join(parent, 'mirrorctl-devices-'));
  atEnd(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A sparse file of `sizeBytes`; with `fill`, written full of that byte. */
export function scratchFile(
  directory: string,
  name: string,
  sizeBytes: number,
  fill?: number,
): string {
  const file = path.join(directory, name);
  fs.writeFileSync(file, fill === undefined ? '' : Buffer.alloc(sizeBytes, fill));
  fs.truncateSync(file, sizeBytes);
  return file;
}

/** Why the machine cannot make loop devices; null: it can. */
export const noLoopDevices: string | null = (() => {
  if (process.getuid?.() !== 0) return 'needs root';
  const probe = spawnSync('losetup', ['--find'], { encoding: 'utf8' });
  if (probe.error !== undefined) return 'needs losetup';
  return probe.status === 0 ? null : `losetup: ${probe.stderr.trim()}`;
})();

/** A block device over `file`, detached at the end of the test file if nobody did before. */
export function attachLoop(file: string, ...options: string[]): string {
  const args = ['--find', '--show', ...options, file];
  const device = execFileSync('losetup', args, { encoding: 'utf8' }).trim();
  atEnd(() => spawnSync('losetup', ['--detach', device]));
  return device;
}

/** Why no file system can be mounted here; null: it can. */
export const noMounts: string | null = (() => {
  if (process.getuid?.() !== 0) return 'needs root';
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mirrorctl-devices-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory]);
  if (mounted.status === 0) spawnSync('umount', [directory]);
  fs.rmdirSync(directory);
  if (mounted.error !== undefined) return 'needs mount';
  return mounted.status === 0 ? null : `mount: ${String(mounted.stderr).trim()}`;
})();

/** A file system of `bytes`, gone at the end of the test file. */
export function smallFileSystem(bytes: number): string {
  const directory = scratchDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'none', directory]);
  atEnd(() => spawnSync('umount', ['--lazy', directory]));
  return directory;
}

/** Why `tool` cannot be used; null: it is there. */
export function missing(tool: string): string | null {
  const { error } = spawnSync(tool, ['--version']);
  return error === undefined ? null : `needs ${tool}`;
}

/** `test` where `reason` is null; else a skipped test with the reason printed. */
export const noFreezing = noLoopDevices ?? missing('mkfs.ext4') ?? missing('fsfreeze');

/** A file system of our own in `file`, beside it, that may be frozen without anyone else noticing. */
export function mountInside(file: string, kind: 'ext4' | 'xfs'): string {
  const device = attachLoop(file);
  const mountPoint = `${file}-mounted`;
  fs.mkdirSync(mountPoint);
  execFileSync(`mkfs.${kind}`, ['-q', device]);
  execFileSync('mount', [device, mountPoint]);
  atEnd(() => spawnSync('umount', [mountPoint]));
  return mountPoint;
}

export function testUnless(reason: string | null) {
  return (name: string, body: () => void | Promise<void>, timeoutMs?: number) => {
    if (reason !== null) console.log(`skipped: ${name} (${reason})`);
    test.skipIf(reason !== null)(name, body, timeoutMs);
  };
}

/** As `testUnless`, for all the tests of a `describe`. */
export function describeUnless(reason: string | null) {
  return (name: string, body: () => void) => {
    if (reason !== null) console.log(`skipped: ${name} (${reason})`);
    describe.skipIf(reason !== null)(name, body);
  };
}

/** Why there is no tmpfs to test on; null: `/dev/shm` is one. */
export const noTmpfs: string | null =
  fs.existsSync('/dev/shm') && fs.statfsSync('/dev/shm').type === 0x01021994
    ? null
    : 'needs a tmpfs at /dev/shm';

/** A request as tests mostly want it: a leg, for writing, the whole of it. */
export function legAt(file: string, change: Partial<DeviceRequest> = {}): DeviceRequest {
  const offsetBytes = byteCount(0);
  return { role: 'leg', path: file, access: 'write', offsetBytes, lengthBytes: null, ...change };
}

/** Open until the end of the test file. */
export function openForTest(...requests: DeviceRequest[]): OpenDevice[] {
  const devices = openDevices(requests);
  atEnd(() => closeDevices(devices));
  return devices;
}

/** `file` alone, as a leg. */
export function openLeg(file: string): OpenDevice {
  const [device] = openForTest(legAt(file));
  assert(device !== undefined);
  return device;
}

/** `length` bytes of the file as they are now. */
export function bytesAt(file: string, position: number, length: number): Buffer {
  const fd = fs.openSync(file, 'r');
  const bytes = Buffer.alloc(length);
  const count = fs.readSync(fd, bytes, 0, length, position);
  fs.closeSync(fd);
  return bytes.subarray(0, count);
}

/** What lies of it in the page cache. To try with a read that does not wait would have holes read in. */
export function cachedBytes(file: string): number {
  const words = ['--bytes', '--noheadings', '--output', 'RES', file];
  return Number(execFileSync('fincore', words, { encoding: 'utf8' }));
}

/** Writes the file out and forgets its pages, so that the next read has to wait for the disk. */
export function dropFromCache(file: string, fd: number): void {
  fs.fsyncSync(fd);
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' });
}
