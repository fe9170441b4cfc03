import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CopyLeg } from '../../src/copier/copy-messages.ts';
import { CopyPool } from '../../src/copier/copy-pool.ts';
import { LegComparer } from '../../src/copier/leg-comparer.ts';
import { byteCount, byteOffset, legIndex, SECTOR_BYTES } from '../../src/geometry/units.ts';
import { legAt, openForTest, scratchDirectory } from '../devices/scratch-devices.ts';

const directory = scratchDirectory();
const LEG_OFFSET = 4096;

let made = 0;
/** Legs with these contents, each behind some bytes that belong to nobody. */
function legsWith(...contents: readonly Uint8Array[]): CopyLeg[] {
  const files = contents.map((content, leg) => {
    made += 1;
    const file = path.join(directory, `${made}.img`);
    fs.writeFileSync(file, Buffer.concat([Buffer.alloc(LEG_OFFSET, leg + 1), content]));
    return file;
  });
  return openForTest(...files.map((file) => legAt(file))).map((device) => ({
    device,
    offsetBytes: byteCount(LEG_OFFSET),
    direct: null,
  }));
}

const jobOver = (legs: readonly CopyLeg[], offset: number, length: number) => ({
  legs: legs.map((_, leg) => legIndex(leg)),
  offset: byteOffset(offset),
  length: byteCount(length),
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('says from which sector to which the legs differ, and what each has there', () => {
  const size = 8 * SECTOR_BYTES;
  const anyChanges = fc.array(
    fc.record({ leg: fc.nat(2), at: fc.nat(size - 1), value: fc.nat(255) }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(anyChanges, fc.nat(3), fc.integer({ min: 1, max: 4 }), (changes, first, count) => {
      const contents = [0, 1, 2].map(() => Buffer.alloc(size, 7));
      for (const { leg, at, value } of changes) contents[leg]?.fill(value, at, at + 1);
      const range = [first * SECTOR_BYTES, (first + count) * SECTOR_BYTES] as const;
      const differs = Array.from({ length: 8 }, (_, sector) => {
        const parts = contents.map((bytes) =>
          bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES),
        );
        const isInside = sector >= first && sector < first + count;
        return isInside && parts.some((part) => !part.equals(parts[0] ?? part));
      });
      const legs = legsWith(...contents);
      const found = new LegComparer(legs).compare(jobOver(legs, range[0], range[1] - range[0]));
      const start = differs.indexOf(true) * SECTOR_BYTES;
      const end = (differs.lastIndexOf(true) + 1) * SECTOR_BYTES;
      const difference = differs.includes(true)
        ? {
            offset: start,
            length: end - start,
            hashes: contents.map((bytes, leg) => ({
              leg,
              sha256: sha256(bytes.subarray(start, end)),
            })),
          }
        : null;
      expect(found).toEqual({ unreadable: [], difference });
    }),
    { numRuns: 150 },
  );
});

test('a difference may span what is read at once', () => {
  const [one, other] = [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 20)];
  other[600] = 1;
  other[1_000_000] = 1;
  const legs = legsWith(one, other);
  const { difference } = new LegComparer(legs).compare(jobOver(legs, 0, 2 ** 20));
  expect(difference).toMatchObject({ offset: 512, length: 1_000_448 - 512 });
  expect(difference?.hashes[1]?.sha256).toBe(sha256(other.subarray(512, 1_000_448)));
});

test('holes are equal to zeroes, and to each other without being read', () => {
  const legs = legsWith(new Uint8Array(0), Buffer.alloc(2 ** 20), new Uint8Array(0));
  for (const { device } of legs) fs.ftruncateSync(device.fd, LEG_OFFSET + 2 ** 20);
  const comparer = new LegComparer(legs);
  const equal = { unreadable: [], difference: null };
  expect(comparer.compare(jobOver(legs, 0, 2 ** 20))).toEqual(equal);
  const holes = { ...jobOver(legs, 0, 2 ** 20), legs: [legIndex(0), legIndex(2)] };
  expect(comparer.compare(holes)).toEqual(equal);
});

test('a leg that ends too early is left out; the others are compared', () => {
  const [one, other] = [Buffer.alloc(4096), Buffer.alloc(4096, 1)];
  const legs = legsWith(one, one.subarray(0, 1024), other);
  const { unreadable, difference } = new LegComparer(legs).compare(jobOver(legs, 0, 4096));
  expect(unreadable).toEqual([
    { leg: 1, error: { code: 'EIO', message: expect.stringContaining('ends before byte 1024') } },
  ]);
  expect(difference?.hashes.map(({ leg }) => leg)).toEqual([0, 2]);
});

test('a hole behind the end of a leg is not zeroes', () => {
  const legs = legsWith(new Uint8Array(0), new Uint8Array(0));
  fs.ftruncateSync(legs[0]?.device.fd ?? -1, LEG_OFFSET + 2048);
  fs.ftruncateSync(legs[1]?.device.fd ?? -1, LEG_OFFSET + 4096);
  const { unreadable, difference } = new LegComparer(legs).compare(jobOver(legs, 0, 4096));
  expect([unreadable.map(({ leg }) => leg), difference]).toEqual([[0], null]);
});

test('the pool compares on a thread of its own', async () => {
  const legs = legsWith(Buffer.alloc(4096), Buffer.alloc(4096, 1));
  const pool = new CopyPool(legs, 1);
  const outcome = await new Promise((resolve) => pool.compare(jobOver(legs, 0, 4096), resolve));
  expect(outcome).toEqual(new LegComparer(legs).compare(jobOver(legs, 0, 4096)));
  await pool.close();
});
