/**
 * Legs and log through the ring: the same suite as every backend, under each policy and on each kind
 * of device, and what only a ring has to promise.
 */
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { WritePolicy } from '../../src/devices/device-io.ts';
import { closeDirect, openDirect } from '../../src/devices/direct-access.ts';
import type { Done, LegIo } from '../../src/devices/leg-io.ts';
import type { OpenDevice } from '../../src/devices/open-device.ts';
import { PagePipes } from '../../src/devices/page-pipe.ts';
import { RingBackend } from '../../src/devices/ring-backend.ts';
import { WriteCost } from '../../src/devices/write-cost.ts';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import type { LegIndex } from '../../src/geometry/units.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { ending as endingOf, LEG_BYTES, legIoConformance } from './leg-io-conformance.ts';
import type { TestRing } from './ring-for-test.ts';
import { noRing, ringForTest } from './ring-for-test.ts';
import {
  atEnd,
  attachLoop,
  cachedBytes,
  describeUnless,
  dropFromCache,
  missing,
  mountInside,
  noLoopDevices,
  noTmpfs,
  openLeg,
  scratchDirectory,
  scratchFile,
  testUnless,
} from './scratch-devices.ts';

const shared = noRing === null ? ringForTest() : null;
const directory = scratchDirectory();
const memory = noTmpfs === null ? scratchDirectory('/dev/shm') : directory;
const start = byteOffset(0);
const [first, second] = [legIndex(0), legIndex(1)];

let made = 0;
function image(where: string, sizeBytes: number, fill?: number): string {
  made += 1;
  return scratchFile(where, `${made}.img`, sizeBytes, fill);
}

interface Manner {
  readonly policy?: WritePolicy;
  readonly direct?: boolean;
  /** Every write on the spot costs so much that it is done aside, but for the last leg's. */
  readonly costly?: boolean;
}

function backendOver(
  devices: readonly OpenDevice[],
  { policy, direct, costly }: Manner = {},
  log: OpenDevice | null = null,
  offsets: readonly number[] = [],
): RingBackend {
  const ranges = devices.map((device, index) => ({
    device,
    offsetBytes: byteCount(offsets[index] ?? 0),
  }));
  const accesses = direct === true ? openDirect(ranges, [512]) : [];
  atEnd(() => closeDirect(accesses));
  const legs = ranges.map((range, index) => ({
    ...range,
    writePolicy: policy ?? null,
    direct: accesses[index] ?? null,
  }));
  return new RingBackend(
    shared as TestRing,
    legs,
    log,
    ...(costly === true ? [() => ALWAYS_ASIDE] : []),
  );
}

const ALWAYS_ASIDE = Object.assign(new WriteCost(2), { isWorthAnother: () => true });

/** The test waits for a promise, which is Node's to run. */
function heard<Args extends readonly unknown[]>(done: (...args: Args) => void) {
  return (...args: Args) => {
    done(...args);
    shared?.loop.visitNow();
  };
}

const ending = (begin: (done: Done) => void) => endingOf((done) => begin(heard(done)));

function slotWith(bytes: Uint8Array) {
  const slot = (shared as TestRing).memory.take(Math.max(1, bytes.length));
  slot.data(bytes.length).set(bytes);
  return slot;
}

/** What clients' payloads do by themselves: everything lies in native memory on its way. */
function throughNativeMemory(io: LegIo): LegIo {
  return {
    ...verbsOf(io),
    read: (leg, into, offset, done) => {
      const slot = slotWith(into);
      const bytes = slot.data(into.length);
      io.read(leg, bytes, offset, (error) => {
        into.set(bytes);
        slot.release();
        heard(done)(error);
      });
    },
    write: (leg, pieces, offset, fua, done) => {
      const slots = pieces.map(slotWith);
      const copies = slots.map((slot, index) => slot.data(pieces[index]?.length ?? 0));
      io.write(leg, copies, offset, fua, (error) => {
        for (const slot of slots) slot.release();
        heard(done)(error);
      });
    },
  };
}

function verbsOf(io: LegIo): LegIo {
  return {
    read: (...args) => io.read(...args),
    write: (...args) => io.write(...args),
    zero: (...args) => io.zero(...args),
    discard: (...args) => io.discard(...args),
    flush: (leg, done) => io.flush(leg, heard(done)),
    prefetch: (...args) => io.prefetch(...args),
    allocation: (...args) => io.allocation(...args),
  };
}

/** Leg 0 in the middle of its device, leg 1 at the end of another. */
function conformsOn(name: string, place: () => string, manner: Manner): void {
  const offsets = [65_536, 512];
  legIoConformance(name, () => {
    const files = [place(), place()];
    for (const file of files) fs.writeFileSync(file, Buffer.alloc(LEG_BYTES, 0xcc), { flag: 'r+' });
    return {
      io: throughNativeMemory(backendOver(files.map(openLeg), manner, null, offsets)),
      bytesOf: (leg) => ({ bytes: fs.readFileSync(files[leg] ?? ''), start: offsets[leg] ?? 0 }),
      endsWithItsDevice: false,
    };
  });
}

describeUnless(noRing)('conformance', () => {
  const size = 65_536 + LEG_BYTES + 4096;
  conformsOn('files on disk, by their kind', () => image(directory, size, 0xcc), {});
  conformsOn('files on disk, aside', () => image(directory, size, 0xcc), { costly: true });
  conformsOn('files on disk, in the ring', () => image(directory, size, 0xcc), { policy: 'pool' });
  conformsOn('files past the page cache', () => image(directory, size, 0xcc), { direct: true });
  if (noTmpfs === null) {
    conformsOn('files in tmpfs', () => image(memory, size, 0xcc), {});
    conformsOn('files in tmpfs, aside', () => image(memory, size, 0xcc), { costly: true });
  }
  if (noLoopDevices === null) {
    const onBlocks = () => attachLoop(image(directory, size), '--sector-size', '4096');
    conformsOn('block devices of 4096-byte blocks', onBlocks, {});
    conformsOn('block devices past the page cache', onBlocks, { direct: true });
  }
});

/** Room for the least that mkfs.xfs makes one of. */
const XFS_BYTES = 300 * 2 ** 20;

function onXfs(): string {
  made += 1;
  const file = path.join(directory, `${made}.xfs`);
  fs.writeFileSync(file, '');
  fs.truncateSync(file, XFS_BYTES);
  return mountInside(file, 'xfs');
}

/** `file` is 256 KiB long. */
async function goesPastTheCache(file: string): Promise<void> {
  const device = openLeg(file);
  const wanted = fs.readFileSync(file);
  dropFromCache(file, device.fd);
  const backend = backendOver([device], { direct: true }, null, [512]);
  const write = (from: number, length: number) => {
    wanted.fill(9, 512 + from, 512 + from + length);
    const room = slotWith(Buffer.alloc(length + 1, 9)).data(length + 1);
    return ending((done) => {
      backend.write(first, [room.subarray(1)], byteOffset(from), false, done);
    });
  };
  const read = async (from: number, length: number) => {
    const into = slotWith(Buffer.alloc(length + 1))
      .data(length + 1)
      .subarray(1);
    const error = await ending((done) => backend.read(first, into, byteOffset(from), done));
    assert(wanted.subarray(512 + from, 512 + from + length).equals(into));
    return error;
  };
  const zero = (from: number, length: number, mayPunch: boolean) => {
    wanted.fill(0, 512 + from, 512 + from + length);
    const manner = { mayPunch, fastOnly: false, fua: false };
    return ending((done) =>
      backend.zero(first, byteOffset(from), byteCount(length), manner, heard(done)),
    );
  };
  const ended = [
    await write(1, 3),
    await write(4095, 4098),
    await read(100, 5000),
    await write(16_384, 4096),
    await zero(32_769, 3, true),
    await zero(50_000, 50_000, true),
    await zero(150_001, 50_000, false),
  ];
  expect(ended).toEqual(ended.map(() => null));
  expect(cachedBytes(file)).toBe(0);
  assert(fs.readFileSync(file).equals(wanted));
}

/** Lends 64 KiB from byte `from` of leg 0 and gives them back; whether it could. */
function lends(backend: RingBackend, from: number): boolean {
  const { calls, memory: slots } = shared as TestRing;
  const pipes = new PagePipes(calls, slots);
  const pipe = pipes.take(65_536);
  assert(pipe !== null);
  const isLent = backend.lend(first, pipe, byteOffset(from), byteCount(65_536));
  pipe.release();
  pipes.close();
  return isLent;
}

describeUnless(noRing)('pages', () => {
  testUnless(missing('dd'))('are lent while they are in the cache, all of them', () => {
    const file = image(directory, 256 * 1024, 7);
    const device = openLeg(file);
    const backend = backendOver([device]);
    fs.readFileSync(file);
    expect(lends(backend, 65_536)).toBe(true);
    expect(lends(backend, 65_536 + 512)).toBe(false);
    dropFromCache(file, device.fd);
    expect(lends(backend, 65_536)).toBe(false);
  });

  test('of legs past the page cache, or that may stall, are not', () => {
    const device = openLeg(image(directory, 256 * 1024, 7));
    fs.readFileSync(device.path);
    expect(lends(backendOver([device], { direct: true }), 0)).toBe(false);
    expect(lends(backendOver([{ ...device, nowaitReads: false }]), 0)).toBe(false);
    const { calls, ...others } = shared as TestRing;
    const parts = { ...others, calls: { ...calls, cacheStat: () => -38 } };
    const leg = { device, offsetBytes: byteCount(0), writePolicy: null, direct: null };
    expect(lends(new RingBackend(parts, [leg], null), 0)).toBe(false);
    expect(lends(backendOver([device]), 0)).toBe(true);
  });

  testUnless(noTmpfs)('of memory always are', () => {
    expect(lends(backendOver([openLeg(image(memory, 256 * 1024, 7))]), 4096)).toBe(true);
  });
});

describeUnless(noRing)('a ring', () => {
  test('writes a local file before the call returns, and what may stall later', async () => {
    const device = openLeg(image(directory, 8192));
    const remote = { ...device, traits: { ...device.traits, mayStall: true } };
    const ended: string[] = [];
    const write = (name: string, over: OpenDevice, manner: Manner) =>
      ending((done) => {
        const data = slotWith(Buffer.from(name)).data(name.length);
        backendOver([over], manner).write(first, [data], start, false, (error) => {
          ended.push(name);
          done(error);
        });
      });
    const writes = [
      write('by kind', device, {}),
      write('remote', remote, {}),
      write('direct', device, { direct: true }),
      write('inline', remote, { policy: 'inline' }),
    ];
    expect(ended).toEqual(['by kind', 'inline']);
    expect(await Promise.all(writes)).toEqual([null, null, null, null]);
  });

  test('writes to all legs but the last aside, if they cost much, unless somebody says inline', async () => {
    const ended: string[] = [];
    const write = (name: string, backend: RingBackend, leg: LegIndex) =>
      ending((done) =>
        backend.write(leg, [slotWith(Buffer.of(1)).data(1)], start, false, (error) => {
          ended.push(name);
          done(error);
        }),
      );
    const [one, other] = [openLeg(image(directory, 8192)), openLeg(image(directory, 8192))];
    const costly = backendOver([one, other], { costly: true });
    const inline = backendOver([one, other], { costly: true, policy: 'inline' });
    const writes = [
      write('aside', costly, first),
      write('last', costly, second),
      write('inline', inline, first),
    ];
    expect(ended).toEqual(['last', 'inline']);
    expect(await Promise.all(writes)).toEqual([null, null, null]);
  });

  test('hands over what is begun before there is much of it', async () => {
    const { ring } = (shared as TestRing).loop;
    const backend = backendOver([openLeg(image(directory, 65_536))], { direct: true });
    const before = ring.prepared;
    const prepared: number[] = [];
    const reads = Array.from({ length: 8 }, (_, index) =>
      ending((done) => {
        const into = slotWith(Buffer.alloc(4096)).data(4096);
        backend.read(first, into, byteOffset(index * 4096), done);
        prepared.push(ring.prepared);
      }),
    );
    expect(before).toBeLessThan(4);
    expect(Math.max(...prepared)).toBeLessThan(4);
    expect(prepared.filter((count) => count === 0)).toHaveLength(2);
    expect(await Promise.all(reads)).toEqual(reads.map(() => null));
  });

  const places: [string, string | null, () => string][] = [
    ['', null, () => directory],
    [' on xfs', noLoopDevices ?? missing('mkfs.xfs'), onXfs],
  ];
  for (const [where, reason, place] of places) {
    testUnless(reason ?? missing('dd') ?? missing('fincore'))(
      `past the page cache nothing goes through it, whatever is written or zeroed${where}`,
      () => goesPastTheCache(image(place(), 256 * 1024, 7)),
    );
  }

  testUnless(noTmpfs)('has nothing to go past where there is only memory', () => {
    const backend = backendOver([openLeg(image(memory, 8192, 7))], { direct: true });
    const data = slotWith(Buffer.from('data')).data(4);
    let onTheSpot = 0;
    const ended = () => {
      onTheSpot += 1;
    };
    backend.write(first, [data], start, false, ended);
    backend.read(first, data, byteOffset(4096), ended);
    expect(onTheSpot).toBe(2);
    expect([...data]).toEqual([7, 7, 7, 7]);
  });

  test('refuses bytes of the heap, which may move while the kernel looks', () => {
    const backend = backendOver([openLeg(image(directory, 8192))]);
    expect(() => backend.write(first, [Buffer.alloc(8)], start, false, () => {})).toThrow(
      InvariantBroken,
    );
  });

  test('a device that hangs keeps only its own requests waiting, and they end when it wakes', async () => {
    const fifo = path.join(directory, 'fifo');
    expect(spawnSync('mkfifo', [fifo]).status).toBe(0);
    const pipe = fs.openSync(fifo, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
    atEnd(() => fs.closeSync(pipe));
    const sound = openLeg(image(directory, 8192));
    const traits = { ...sound.traits, mayStall: true, inMemory: false };
    const hung = { ...sound, path: fifo, fd: pipe, durableFd: pipe, traits, nowaitReads: false };
    const backend = backendOver([sound, hung], { policy: 'pool' });
    const slot = slotWith(Buffer.from('x'));
    const read = () =>
      ending((done) => backend.read(second, slotWith(Buffer.of(0)).data(1), start, done));
    // More than may be in flight to one device; the pipe is empty, so none can end.
    const waiting = Array.from({ length: 200 }, read);
    for (let round = 0; round < 100; round += 1) {
      const data = slot.data(1);
      expect(await ending((done) => backend.write(first, [data], start, true, done))).toBe(null);
      expect(await ending((done) => backend.flush(first, done))).toBe(null);
    }
    fs.writeSync(pipe, Buffer.alloc(200));
    expect(await Promise.all(waiting)).toEqual(Array(200).fill(null));
  });

  test('an error of a device names it, and has the symbolic errno', async () => {
    const device = openLeg(image(directory, 8192));
    const readOnly = fs.openSync(device.path, 'r');
    atEnd(() => fs.closeSync(readOnly));
    const backend = backendOver([{ ...device, fd: readOnly }], { policy: 'pool' });
    const data = slotWith(Buffer.from('x')).data(1);
    const error = await ending((done) => backend.write(first, [data], byteOffset(7), false, done));
    expect(error?.code).toBe('EBADF');
    expect(error?.message).toContain(`${device.path}: write at byte 7`);
  });

  test('writes the parts of the log where they belong, and hears of them once', async () => {
    const log = openLeg(image(directory, 8192, 0xee));
    const backend = backendOver([], {}, log);
    const parts = [0, 512, 4096].map((offset) => ({
      offset,
      bytes: Buffer.alloc(512, offset / 512),
    }));
    expect(await ending((done) => backend.writeLog(parts, true, done))).toBe(null);
    expect(await ending((done) => backend.writeLog(parts.slice(0, 1), true, done))).toBe(null);
    expect(await ending((done) => backend.writeLog([], true, done))).toBe(null);
    const wanted = Buffer.alloc(8192, 0xee);
    for (const { offset, bytes } of parts) wanted.set(bytes, offset);
    expect(fs.readFileSync(log.path).equals(wanted)).toBe(true);
  });

  test('the bytes of a log write may change as soon as the call returns', async () => {
    const log = openLeg(image(directory, 4096));
    const remote = { ...log, traits: { ...log.traits, mayStall: true, inMemory: false } };
    const backend = backendOver([], {}, remote);
    const bytes = Buffer.alloc(512, 1);
    const written = ending((done) => backend.writeLog([{ offset: 0, bytes }], true, done));
    bytes.fill(2);
    expect(await written).toBe(null);
    expect(
      fs
        .readFileSync(log.path)
        .subarray(0, 512)
        .every((byte) => byte === 1),
    ).toBe(true);
  });
});
