/**
 * What Linux 6.12.117 was seen to leave in its log, step by step (fixtures/kernel-oracle has the
 * transcripts A1 to E15; 8 regions of 1024 sectors unless said otherwise), replayed on ours: the same
 * bytes after every resume and every write, or the stricter answer, with its reason.
 */
import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { LogArea } from '../../src/dirty-log/log-resume.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionCount, regionIndex } from '../../src/geometry/units.ts';

const SECTOR = 512;

/** A log device of 64 KiB, and the mirror that uses it. */
class Scene {
  readonly device = new Uint8Array(65536);
  #log: DiskLog | null = null;

  get log(): DiskLog {
    assert(this.#log);
    return this.#log;
  }

  get status(): string {
    return `${this.log.cleanCount()}/${this.log.regionCount}`;
  }

  header(): string {
    return Buffer.from(this.device.subarray(0, 16)).toString('hex');
  }

  bits(length = 2): string {
    return Buffer.from(this.device.subarray(1024, 1024 + length)).toString('hex');
  }

  resume(
    intents: Partial<LogArea> = {},
    { sectors = 8192, region = 1024 } = {},
  ): string | undefined {
    const resumed = DiskLog.resume({
      path: 'm0.log',
      bytes: this.device,
      blockBytes: byteCount(512),
      geometry: RegionGeometry.of(byteCount(sectors * SECTOR), byteCount(region * SECTOR)),
      syncIntent: null,
      logIntent: null,
      remembered: null,
      ...intents,
    });
    if (!resumed.ok) return resumed.error.code;
    this.#log = resumed.value.log;
    this.write();
    return undefined;
  }

  /** Puts what the log owes on the device. */
  write(): void {
    for (let write = this.log.takeWrite(); write !== null; write = this.log.takeWrite()) {
      for (const { offset, bytes } of write.parts) this.device.set(bytes, offset);
      this.log.writeEnded(true);
    }
  }

  mark(region: number): void {
    this.log.mark(regionIndex(region));
    this.write();
  }

  clear(region: number, inSync = true): void {
    this.log.clear(regionIndex(region), inSync);
    this.write();
  }

  recoverAll(): void {
    for (let region = 0; region < this.log.regionCount; region += 1) this.clear(region);
  }
}

test('A1: a new log starts all dirty and ends all clean', () => {
  const scene = new Scene();
  scene.resume();
  expect(scene.header()).toBe('7252694d020000000800000000000000');
  expect([scene.status, scene.bits()]).toEqual(['0/8', '0000']);
  scene.recoverAll();
  expect([scene.status, scene.bits(16)]).toEqual(['8/8', 'ff'.padEnd(32, '0')]);
});

test('A2: 70 regions over an area of ones leave everything around the log as it was', () => {
  const scene = new Scene();
  scene.device.fill(0xff);
  expect(scene.resume({}, { sectors: 8900, region: 128 })).toBe('LOG_MAGIC_MISSING');
  expect(scene.device.every((byte) => byte === 0xff)).toBe(true);
  scene.resume({ logIntent: 'init' }, { sectors: 8900, region: 128 });
  scene.recoverAll();
  expect(scene.header()).toBe('7252694d020000004600000000000000');
  expect(scene.bits(24)).toBe('ffffffffffffffff3f00000000000000ffffffffffffffff');
  expect(scene.device.subarray(16, 1024).every((byte) => byte === 0xff)).toBe(true);
  expect(scene.device.subarray(1040).every((byte) => byte === 0xff)).toBe(true);
});

test('A3: nosync is all clean at once, and is not repeated at the next resume', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  expect([scene.status, scene.bits()]).toEqual(['8/8', 'ff00']);
  scene.device.fill(0, 1024, 1032);
  scene.resume();
  expect([scene.status, scene.bits()]).toEqual(['0/8', '0000']); // the kernel: ff, 8/8 again
});

test('A4: sync copies everything once; the next resume believes the log', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'sync' });
  scene.recoverAll();
  expect(scene.bits()).toBe('ff00');
  scene.resume({ syncIntent: 'sync' });
  expect(scene.bits()).toBe('0000');
  scene.recoverAll();
  scene.resume();
  expect([scene.status, scene.bits()]).toEqual(['8/8', 'ff00']); // the kernel: 0/8 again
});

test('A5: version 3 is refused and the device unchanged', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.device[4] = 3;
  const before = scene.device.slice();
  expect(scene.resume()).toBe('LOG_VERSION_UNSUPPORTED');
  expect(scene.device).toEqual(before);
});

test('A6: version 1 becomes 2, and only its dirty region is copied', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.device[4] = 1;
  scene.device[1024] = 0xf7;
  scene.resume();
  expect(scene.header()).toBe('7252694d020000000800000000000000');
  expect([scene.status, scene.bits()]).toEqual(['7/8', 'f700']);
  scene.clear(3);
  expect(scene.bits()).toBe('ff00');
});

test('A7: LVM’s count keeps every bit, clears the word’s padding and nothing after it', () => {
  const scene = new Scene();
  scene.resume();
  scene.device.fill(0xff, 8, 16);
  scene.device.fill(0xff, 1024, 1040);
  scene.device[1024] = 0xaa;
  scene.resume();
  expect(scene.header()).toBe('7252694d020000000800000000000000');
  expect([scene.status, scene.bits(16)]).toEqual(['4/8', 'aa00000000000000ffffffffffffffff']);
  scene.recoverAll();
  expect(scene.bits(16)).toBe('ff00000000000000ffffffffffffffff');
});

test('A8: a count of 2^32+3 is damage, not 3 regions', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.device.set([3, 0, 0, 0, 1, 0, 0, 0], 8);
  expect(scene.resume()).toBe('LOG_REGION_COUNT_UNSAFE');
});

test('A9: grown, shrunk, and grown again with nosync', () => {
  const scene = new Scene();
  const remembers = (regions: number) => ({
    remembered: { regionCount: regionCount(regions), regionSizeBytes: byteCount(1024 * SECTOR) },
  });
  scene.resume({ syncIntent: 'nosync' });
  scene.resume(remembers(8), { sectors: 12288 });
  expect([scene.status, scene.bits()]).toEqual(['8/12', 'ff00']);
  scene.recoverAll();
  expect(scene.bits()).toBe('ff0f');
  scene.resume(remembers(12), { sectors: 5120 });
  expect(scene.header()).toBe('7252694d020000000500000000000000');
  expect([scene.status, scene.bits()]).toEqual(['5/5', '1f00']);
  scene.resume({ ...remembers(5), syncIntent: 'nosync' }, { sectors: 12288 });
  expect([scene.status, scene.bits()]).toEqual(['12/12', 'ff0f']);
});

test('B1, B18: a write marks its region, and after a crash that one is copied', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.mark(3);
  expect(scene.bits()).toBe('f700');
  scene.resume();
  expect([scene.status, scene.bits()]).toEqual(['7/8', 'f700']);
  scene.clear(3);
  expect([scene.status, scene.bits()]).toEqual(['8/8', 'ff00']);
});

test('B2: regions that missed a write stay dirty however often they are cleared', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.mark(3);
  scene.mark(0);
  scene.clear(3, false);
  scene.clear(0, false);
  expect(scene.bits()).toBe('f600');
});

test('C12: an orderly end leaves all ones and an intact header', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.mark(1);
  scene.clear(1);
  expect(scene.header()).toBe('7252694d020000000800000000000000');
  expect([scene.log.owes(), scene.bits()]).toEqual(['nothing', 'ff00']);
});

test('E11: a short last region has a bit like any other', () => {
  const scene = new Scene();
  scene.resume({}, { sectors: 8190 });
  scene.recoverAll();
  expect([scene.status, scene.bits()]).toEqual(['8/8', 'ff00']);
});

test('E15: the same log with half the region size is refused, not read as other places', () => {
  const scene = new Scene();
  scene.resume({ syncIntent: 'nosync' });
  scene.mark(3);
  expect(scene.resume({}, { region: 512 })).toBe('LOG_GEOMETRY_MISMATCH');
});
