/**
 * What the disk log asks to be written, and what it says about marks being durable. A model of a
 * device that may lose power at any moment knows the truth.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogEpoch, LogWrite } from '../../src/dirty-log/dirty-log.ts';
import { encodeLogHeader, LOG_MAGIC, LOG_VERSION } from '../../src/dirty-log/disk-format.ts';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionCount, regionIndex } from '../../src/geometry/units.ts';
import { LogDeviceModel } from './log-device-model.ts';

const REGION_BYTES = byteCount(4096);
const BLOCK_BYTES = byteCount(512);
/** A header, the unused bytes and two blocks of bits. */
const REGIONS = 5000;
const IMAGE_BYTES = 2048;
const at = regionIndex;

function areaOf(bytes: Uint8Array, syncIntent: 'nosync' | null = null) {
  const geometry = RegionGeometry.of(byteCount(REGIONS * REGION_BYTES), REGION_BYTES);
  const rest = { logIntent: null, remembered: null };
  return { path: 'm0.log', bytes, blockBytes: BLOCK_BYTES, geometry, syncIntent, ...rest };
}

/** A log with every region clean whose resume is not written yet. */
function resumedLog(): DiskLog {
  const resumed = DiskLog.resume(areaOf(new Uint8Array(IMAGE_BYTES), 'nosync'));
  assert(resumed.ok);
  return resumed.value.log;
}

/** The same, written. */
function settledLog(): DiskLog {
  const log = resumedLog();
  for (const _ of ['all but the header', 'the header']) {
    assert(log.takeWrite());
    log.writeEnded(true);
  }
  return log;
}

function taken(log: DiskLog): LogWrite {
  const write = log.takeWrite();
  assert(write);
  return write;
}

const placesOf = ({ parts }: LogWrite) => parts.map(({ offset, bytes }) => [offset, bytes.length]);

describe('the resume', () => {
  test('is two durable writes, together the whole image, and the header is the last', () => {
    const log = resumedLog();
    expect(log.owes()).toBe('marks');
    const writes = [0, 1].map(() => {
      const write = taken(log);
      log.writeEnded(true);
      return write;
    });
    expect(writes.map(placesOf)).toEqual([[[512, IMAGE_BYTES - 512]], [[0, 512]]]);
    expect(writes.map(({ durable }) => durable)).toEqual([true, true]);
    expect(log.owes()).toBe('nothing');
  });

  test('is one write if the image is one block', () => {
    const area = { ...areaOf(new Uint8Array(4096)), blockBytes: byteCount(4096) };
    const resumed = DiskLog.resume(area);
    assert(resumed.ok);
    expect(placesOf(taken(resumed.value.log))).toEqual([[0, 4096]]);
    resumed.value.log.writeEnded(true);
    expect(resumed.value.log.durableEpoch).toBe(0);
  });
});

describe('while the resume is not written', () => {
  test('no mark counts, not even one that changes nothing', () => {
    const resumed = DiskLog.resume(areaOf(new Uint8Array(IMAGE_BYTES)));
    assert(resumed.ok);
    const { log } = resumed.value;
    const epoch = log.mark(at(7));
    for (const _ of ['all but the header', 'the header']) {
      taken(log);
      expect(epoch).toBeGreaterThan(log.durableEpoch);
      log.writeEnded(true);
    }
    expect(epoch).toBeLessThanOrEqual(log.durableEpoch);
  });

  test('a mark that comes in between counts with the header', () => {
    const log = resumedLog();
    taken(log);
    const epoch = log.mark(at(4999));
    log.writeEnded(true);
    expect(placesOf(taken(log))).toEqual([
      [0, 512],
      [1536, 512],
    ]);
    log.writeEnded(true);
    expect(epoch).toBeLessThanOrEqual(log.durableEpoch);
    expect(log.owes()).toBe('nothing');
  });

  test('it is owed again, and durable, where it failed', () => {
    const log = resumedLog();
    const tried = ['failed', 'ok', 'failed', 'ok'].map((outcome) => {
      const write = taken(log);
      log.writeEnded(outcome === 'ok');
      return [...placesOf(write), write.durable];
    });
    const [body, header] = [
      [512, IMAGE_BYTES - 512],
      [0, 512],
    ];
    expect(tried).toEqual([body, body, header, header].map((place) => [place, true]));
  });
});

test('nobody believes the bits behind those of a mirror that was smaller, wherever it stops', () => {
  const bytes = new Uint8Array(IMAGE_BYTES).fill(0xff);
  encodeLogHeader({ magic: LOG_MAGIC, version: LOG_VERSION, regionCount: 8n }, bytes);
  const remembered = { regionCount: regionCount(8), regionSizeBytes: REGION_BYTES };
  const resumed = DiskLog.resume({ ...areaOf(bytes), remembered });
  assert(resumed.ok);
  const device = new LogDeviceModel(bytes, BLOCK_BYTES);
  for (const _ of ['all but the header', 'the header']) {
    device.write(taken(resumed.value.log), 'failed');
    for (const found of device.possibleContents()) {
      const again = DiskLog.resume({ ...areaOf(found), remembered });
      assert(again.ok);
      expect(again.value.log.cleanCount()).toBe(8);
    }
    resumed.value.log.writeEnded(true);
    device.settle();
  }
});

describe('what a write carries', () => {
  test('marks of one batch share one durable write of their blocks only', () => {
    const log = settledLog();
    log.mark(at(4096));
    log.mark(at(4097));
    expect(log.owes()).toBe('marks');
    const write = taken(log);
    expect(placesOf(write)).toEqual([[1536, 512]]);
    expect(write.durable).toBe(true);
    expect(write.parts[0]?.bytes[0]).toBe(0b11111100);
  });

  test('clears alone need not be durable', () => {
    const log = settledLog();
    log.mark(at(0));
    taken(log);
    log.writeEnded(true);
    log.clear(at(0), true);
    expect(log.owes()).toBe('clears');
    const write = taken(log);
    expect(placesOf(write)).toEqual([[1024, 512]]);
    expect(write.durable).toBe(false);
  });

  test('one mark among clears makes the write durable', () => {
    const log = settledLog();
    log.mark(at(0));
    taken(log);
    log.writeEnded(true);
    log.clear(at(0), true);
    log.mark(at(4999));
    expect(log.owes()).toBe('marks');
    expect(taken(log)).toMatchObject({ durable: true });
  });

  test('neighbouring blocks leave as one part, others apart', () => {
    const log = settledLog();
    log.mark(at(4999));
    log.mark(at(0));
    expect(placesOf(taken(log))).toEqual([[1024, 1024]]);
  });

  test('blocks of 4096 bytes are written whole', () => {
    const area = areaOf(new Uint8Array(4096), 'nosync');
    const resumed = DiskLog.resume({ ...area, blockBytes: byteCount(4096) });
    assert(resumed.ok);
    const { log } = resumed.value;
    taken(log);
    log.writeEnded(true);
    log.mark(at(4999));
    expect(placesOf(taken(log))).toEqual([[0, 4096]]);
  });
});

describe('while a write is under way', () => {
  test('there is no second one, and what comes in is in the next', () => {
    const log = settledLog();
    const first = log.mark(at(1));
    taken(log);
    const second = log.mark(at(2));
    expect(log.takeWrite()).toBe(null);
    log.writeEnded(true);
    expect(first).toBeLessThanOrEqual(log.durableEpoch);
    expect(second).toBeGreaterThan(log.durableEpoch);
    expect(taken(log)).toMatchObject({ durable: true });
    log.writeEnded(true);
    expect(second).toBeLessThanOrEqual(log.durableEpoch);
  });

  test('its bytes do not change', () => {
    const log = settledLog();
    log.mark(at(1));
    const { parts } = taken(log);
    const before = parts.map(({ bytes }) => bytes.slice());
    log.clear(at(1), true);
    log.mark(at(2));
    expect(parts.map(({ bytes }) => bytes)).toEqual(before);
  });

  test('a copy of the log holds what it carries, not what came in since', () => {
    const log = settledLog();
    log.mark(at(1));
    taken(log);
    log.mark(at(2));
    expect(log.copy().subarray(1024, 1025)).toEqual(Uint8Array.of(0xfd));
  });

  test('a mark that it carries waits for it and for nothing else', () => {
    const log = settledLog();
    const carried = log.mark(at(1));
    taken(log);
    log.mark(at(2));
    expect(log.mark(at(1))).toBe(carried);
  });

  test('a mark that was on disk before does not wait for it', () => {
    const log = settledLog();
    log.mark(at(1));
    taken(log);
    log.writeEnded(true);
    log.mark(at(2));
    taken(log);
    expect(log.mark(at(1))).toBeLessThanOrEqual(log.durableEpoch);
  });
});

describe('a clear that was not written yet', () => {
  test('takes back a mark that was not written either', () => {
    const log = settledLog();
    log.mark(at(1));
    log.clear(at(1), true);
    expect(log.owes()).toBe('clears');
    expect(taken(log).durable).toBe(false);
  });

  test('is taken back by a mark, which is on disk already', () => {
    const log = settledLog();
    log.mark(at(1));
    taken(log);
    log.writeEnded(true);
    log.clear(at(1), true);
    expect(log.mark(at(1))).toBeLessThanOrEqual(log.durableEpoch);
    expect(log.owes()).not.toBe('marks');
  });

  test('once handed to a write it may be on disk, so the next mark waits', () => {
    const log = settledLog();
    log.mark(at(1));
    taken(log);
    log.writeEnded(true);
    log.clear(at(1), true);
    taken(log);
    const epoch = log.mark(at(1));
    log.writeEnded(false);
    expect(epoch).toBeGreaterThan(log.durableEpoch);
    expect(log.owes()).toBe('marks');
  });
});

describe('a write that failed', () => {
  test('is owed again, with its marks', () => {
    const log = settledLog();
    const epoch = log.mark(at(1));
    taken(log);
    log.writeEnded(false);
    expect(epoch).toBeGreaterThan(log.durableEpoch);
    const again = taken(log);
    expect(again.durable).toBe(true);
    expect(again.parts[0]?.bytes[0]).toBe(0b11111101);
    log.writeEnded(true);
    expect(epoch).toBeLessThanOrEqual(log.durableEpoch);
  });

  test('proves nothing about a region that is cleared and marked again', () => {
    const log = settledLog();
    log.mark(at(1));
    taken(log);
    log.writeEnded(false);
    log.clear(at(1), true);
    expect(log.mark(at(1))).toBeGreaterThan(log.durableEpoch);
  });
});

/** Regions at block borders and inside, few enough to meet often. */
const WATCHED = [0, 7, 8, 4095, 4096, 4999];
const anyStep = fc.record({
  verb: fc.constantFrom('mark', 'clear', 'clearOutOfSync', 'take', 'endOk', 'endFailed'),
  region: fc.constantFrom(...WATCHED),
});
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

/** A log on a device that may lose power, and what the log promised. */
class Bench {
  readonly around = new Uint8Array(IMAGE_BYTES).fill(0xa5);
  readonly log: DiskLog;
  readonly device: LogDeviceModel;
  readonly #promised = new Map<number, LogEpoch>();
  readonly #everInSync = new Set<number>();
  #underWay: LogWrite | null = null;
  #copies: Uint8Array[] = [];

  constructor() {
    this.around.set([0x72, 0x52, 0x69, 0x4d, 2, 0, 0, 0, ...[0x88, 0x13], 0, 0, 0, 0, 0, 0]);
    this.around.fill(0, 1024, 1024 + 632);
    this.around[1024] = 0b00000001;
    const resumed = DiskLog.resume(areaOf(this.around));
    assert(resumed.ok);
    this.log = resumed.value.log;
    this.device = new LogDeviceModel(this.around, BLOCK_BYTES);
    this.#everInSync.add(0);
  }

  step({ verb, region }: Step): void {
    switch (verb) {
      case 'mark':
        this.#promised.set(region, this.log.mark(at(region)));
        break;
      case 'clear':
        this.log.clear(at(region), true);
        this.#promised.delete(region);
        this.#everInSync.add(region);
        break;
      case 'clearOutOfSync':
        this.log.clear(at(region), false);
        break;
      case 'take':
        this.take();
        break;
      case 'endOk':
      case 'endFailed':
        this.end(verb === 'endOk');
        break;
    }
    this.#watch();
  }

  take(): boolean {
    const write = this.log.takeWrite();
    if (write === null) return false;
    this.#underWay = write;
    this.#copies = write.parts.map(({ bytes }) => bytes.slice());
    let end = 0;
    for (const { offset, bytes } of write.parts) {
      assert(offset >= end, 'parts ascend and do not overlap');
      assert.equal((offset % BLOCK_BYTES) + (bytes.length % BLOCK_BYTES), 0);
      end = offset + bytes.length;
    }
    return true;
  }

  end(ok: boolean): void {
    if (this.#underWay === null) return;
    this.#underWay.parts.forEach(({ bytes }, index) => {
      assert.deepEqual(bytes, this.#copies[index], 'a write under way was changed');
    });
    this.device.write(this.#underWay, ok ? 'ok' : 'failed');
    this.#underWay = null;
    this.log.writeEnded(ok);
  }

  #watch(): void {
    for (const region of WATCHED) {
      const promised = this.#promised.get(region);
      const mayBeClean = this.device.mayBeClean(region);
      if (promised !== undefined) {
        assert(!this.log.isClean(at(region)), 'a marked region is clean');
        const durable = promised <= this.log.durableEpoch;
        assert(!(durable && mayBeClean), `the mark of ${region} is not on the device`);
      }
      if (mayBeClean) assert(this.#everInSync.has(region), 'cleared while out of sync');
    }
  }
}

describe('whatever happens in whatever order', () => {
  test('no mark is called durable that a power cut could undo', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { size: 'max', maxLength: 80 }), (steps) => {
        const bench = new Bench();
        for (const step of steps) bench.step(step);
      }),
      { numRuns: 400 },
    );
  });

  test('once all is written the device says what the log says, and nothing else has changed', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { size: 'max', maxLength: 80 }), (steps) => {
        const bench = new Bench();
        for (const step of steps) bench.step(step);
        bench.end(true);
        while (bench.take()) bench.end(true);
        assert.equal(bench.log.owes(), 'nothing');
        const device = bench.device.latest();
        assert.deepEqual(bench.log.copy(), device);
        assert.deepEqual(device.subarray(0, 1024), bench.around.subarray(0, 1024));
        assert.deepEqual(device.subarray(1656), bench.around.subarray(1656));
        const resumed = DiskLog.resume(areaOf(device));
        assert(resumed.ok);
        assert.equal(resumed.value.log.cleanCount(), bench.log.cleanCount());
        for (const region of WATCHED) {
          assert.equal(resumed.value.log.isClean(at(region)), bench.log.isClean(at(region)));
        }
      }),
      { numRuns: 100 },
    );
  });
});
