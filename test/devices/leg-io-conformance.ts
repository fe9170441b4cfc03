/**
 * What every backend owes its engine, whatever it writes to. A new backend, or a new kind of device
 * under an old one, passes this suite or is not done.
 *
 * The truth is a plain array per leg. `Subject.bytesOf` must look at the device by another way than
 * the backend's, surroundings included: what lies before and behind a leg must never change.
 */
import assert from 'node:assert';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Done, IoError, LegIo } from '../../src/devices/leg-io.ts';
import type { LegIndex } from '../../src/geometry/units.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';

export interface Subject {
  /** At least two legs of `LEG_BYTES`. */
  readonly io: LegIo;
  /** Of the whole device under a leg, and where the leg begins in it. */
  bytesOf(leg: LegIndex): { readonly bytes: Uint8Array; readonly start: number };
  /** Whether reading past the end of a leg also leaves its device. */
  readonly endsWithItsDevice: boolean;
}

export const LEG_BYTES = 192 * 1024;

/** Starts an operation and resolves with how it ended; a second `done` fails the test. */
export function ending(start: (done: Done) => void): Promise<IoError | null> {
  return new Promise((resolve, reject) => {
    let ends = 0;
    start((error) => {
      ends += 1;
      if (ends > 1) reject(new Error('done was called twice'));
      resolve(error);
    });
  });
}

type Act =
  | { readonly verb: 'write'; readonly bytes: Uint8Array; readonly cuts: readonly number[] }
  | { readonly verb: 'zero'; readonly mayPunch: boolean }
  | { readonly verb: 'discard' | 'read' };

interface Step {
  readonly leg: LegIndex;
  readonly offset: number;
  readonly length: number;
  readonly fua: boolean;
  readonly act: Act;
}

const places = fc
  .tuple(fc.nat(LEG_BYTES - 1), fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constant(70_000)))
  .map(([offset, length]) => ({ offset, length: Math.min(length, LEG_BYTES - offset) }));

const steps: fc.Arbitrary<Step> = fc
  .tuple(places, fc.boolean(), fc.nat(1), fc.nat(3), fc.nat(255), fc.array(fc.nat(9000)))
  .map(([{ offset, length }, flag, leg, verb, seed, cuts]) => {
    const bytes = Uint8Array.from({ length }, (_, index) => (seed + index * 7) % 256);
    const acts: readonly Act[] = [
      { verb: 'write', bytes, cuts },
      { verb: 'zero', mayPunch: flag },
      { verb: 'discard' },
      { verb: 'read' },
    ];
    return { leg: legIndex(leg), offset, length, fua: flag, act: acts[verb] as Act };
  });

/** `bytes` in pieces, some of them possibly empty, as a socket would deliver them. */
function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((place) => Math.min(place, bytes.length)), bytes.length];
  places.sort((one, other) => one - other);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

async function carryOut(io: LegIo, truth: Uint8Array, step: Step): Promise<void> {
  const { leg, length, fua, act } = step;
  const offset = byteOffset(step.offset);
  const range = truth.subarray(step.offset, step.offset + length);
  const count = byteCount(length);
  let error: IoError | null;
  switch (act.verb) {
    case 'write':
      range.set(act.bytes);
      error = await ending((done) => io.write(leg, cut(act.bytes, act.cuts), offset, fua, done));
      break;
    case 'zero': {
      range.fill(0);
      const manner = { mayPunch: act.mayPunch, fastOnly: false, fua };
      error = await ending((done) => io.zero(leg, offset, count, manner, done));
      break;
    }
    case 'discard':
      range.fill(0);
      error = await ending((done) => io.discard(leg, offset, count, fua, done));
      break;
    case 'read': {
      const into = new Uint8Array(length + 2);
      error = await ending((done) => io.read(leg, into.subarray(1, -1), offset, done));
      assert.deepEqual(Buffer.from(into.subarray(1, -1)), Buffer.from(range));
      assert.deepEqual([into[0], into.at(-1)], [0, 0]);
      break;
    }
  }
  assert.equal(error, null);
}

/** `make` is called once a test; the legs it hands out hold zeroes or anything else. */
export function legIoConformance(name: string, make: () => Subject): void {
  moves(name, make);
  endsAsItShould(name, make);
  zeroesAndTells(name, make);
}

const [first, second] = [legIndex(0), legIndex(1)];

function moves(name: string, make: () => Subject): void {
  test(`${name}: reads what was written, zeroed and discarded, and nothing else changes`, async () => {
    const { io, bytesOf } = make();
    const truths = [first, second].map((leg) => Uint8Array.from(bytesOf(leg).bytes));
    const script = fc.array(steps, { maxLength: 12, size: 'max' });
    await fc.assert(
      fc.asyncProperty(script, async (acts) => {
        for (const step of acts) {
          const { start } = bytesOf(step.leg);
          const truth = truths[step.leg] as Uint8Array;
          await carryOut(io, truth.subarray(start, start + LEG_BYTES), step);
        }
        for (const leg of [first, second]) {
          assert(Buffer.from(bytesOf(leg).bytes).equals(truths[leg] as Uint8Array));
        }
      }),
      { numRuns: 12 },
    );
  });

  test(`${name}: many requests in flight all end, each with its own bytes`, async () => {
    const { io } = make();
    const blocks = Array.from({ length: 300 }, (_, index) => ({
      offset: byteOffset(index * 512),
      bytes: new Uint8Array(512).fill(1 + (index % 255)),
      leg: index % 2 === 0 ? first : second,
    }));
    const written = blocks.map(({ leg, bytes, offset }, index) =>
      ending((done) => io.write(leg, [bytes], offset, index % 7 === 0, done)),
    );
    expect(new Set(await Promise.all(written))).toEqual(new Set([null]));
    const read = blocks.map(async ({ leg, bytes, offset }) => {
      const into = new Uint8Array(512);
      const error = await ending((done) => io.read(leg, into, offset, done));
      return error === null && Buffer.from(into).equals(bytes);
    });
    expect(new Set(await Promise.all(read))).toEqual(new Set([true]));
  });

  test(`${name}: takes more pieces than one system call does`, async () => {
    const { io, bytesOf } = make();
    const pieces = Array.from({ length: 3000 }, (_, index) => new Uint8Array(7).fill(index % 251));
    for (const fua of [false, true]) {
      const offset = byteOffset(fua ? 4099 : 50_001);
      expect(await ending((done) => io.write(second, pieces, offset, fua, done))).toBeNull();
      const { bytes, start } = bytesOf(second);
      const found = bytes.subarray(start + offset, start + offset + 21_000);
      expect(Buffer.from(found).equals(Buffer.concat(pieces))).toBe(true);
    }
  });
}

function endsAsItShould(name: string, make: () => Subject): void {
  test(`${name}: a read that leaves the device is an error`, async () => {
    const { io, endsWithItsDevice } = make();
    const leg = endsWithItsDevice ? second : first;
    const beyond = byteOffset(LEG_BYTES - 100);
    const error = await ending((done) => io.read(leg, new Uint8Array(101), beyond, done));
    if (endsWithItsDevice) expect(error).toMatchObject({ code: 'EIO' });
    expect(await ending((done) => io.read(leg, new Uint8Array(100), beyond, done))).toBeNull();
  });

  test(`${name}: flushes, and reads ahead without a word`, async () => {
    const { io } = make();
    expect(await ending((done) => io.flush(first, done))).toBeNull();
    io.prefetch(first, byteOffset(0), byteCount(LEG_BYTES));
    expect(await ending((done) => io.flush(first, done))).toBeNull();
  });
}

function zeroesAndTells(name: string, make: () => Subject): void {
  test(`${name}: zeroing that must be fast is done, or refused with nothing changed`, async () => {
    const { io, bytesOf } = make();
    const ones = new Uint8Array(LEG_BYTES).fill(1);
    for (const mayPunch of [true, false]) {
      await ending((done) => io.write(first, [ones], byteOffset(0), false, done));
      const manner = { mayPunch, fastOnly: true, fua: false };
      const range = [byteOffset(65_536), byteCount(65_536)] as const;
      const error = await ending((done) => io.zero(first, ...range, manner, done));
      if (error !== null) expect(error.code).toBe('EOPNOTSUPP');
      const { bytes, start } = bytesOf(first);
      const expected = Uint8Array.from(ones).fill(error === null ? 0 : 1, 65_536, 131_072);
      expect(Buffer.from(bytes.subarray(start, start + LEG_BYTES)).equals(expected)).toBe(true);
    }
  });

  test(`${name}: allocation covers the range, and its holes read as zeroes`, async () => {
    const { io, bytesOf } = make();
    const ones = new Uint8Array(16_384).fill(1);
    await ending((done) => io.discard(first, byteOffset(0), byteCount(LEG_BYTES), false, done));
    await ending((done) => io.write(first, [ones], byteOffset(32_768), true, done));
    const range = [byteOffset(1000), byteCount(LEG_BYTES - 2000)] as const;
    const runs = io.allocation(first, ...range, 100);
    expect(runs.reduce((sum, { length }) => sum + length, 0)).toBe(LEG_BYTES - 2000);
    expect(io.allocation(first, ...range, 1)).toEqual(runs.slice(0, 1));
    const { bytes, start } = bytesOf(first);
    let at = start + 1000;
    for (const { length, hole } of runs) {
      assert(length > 0);
      if (hole) assert(bytes.subarray(at, at + length).every((byte) => byte === 0));
      at += length;
    }
  });
}
