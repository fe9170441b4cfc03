/**
 * What a dump says: of every log that a kernel wrote, what its manifest says and what that kernel did
 * when it was given the log again; of damaged ones, whatever can still be said.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOfHex } from '../../src/forensics/hex.ts';
import type { LogDump } from '../../src/forensics/log-dump.ts';
import { dumpLog } from '../../src/forensics/log-dump.ts';
import { describeDump } from '../../src/forensics/log-dump-text.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { overlay, plainLog } from '../../src/forensics/log-remainder.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';
import { KERNEL_LOGS } from '../dirty-log/kernel-fixtures.ts';
import { excerptOf, factsOf, factsOfKernelLog, logBytes } from './log-bytes.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** The log that the report alone describes. */
function remade({ excerptBytes, headerHex, dirtyRuns, ...dump }: LogDump): Uint8Array {
  const shown = (dump.cleanRegions ?? 0) + (dump.dirtyRegions ?? 0);
  const image = plainLog({
    ...{ length: excerptBytes, headerHex, shown: regionCount(shown), dirtyRuns },
  });
  overlay(image, dump.otherBytes);
  return image;
}

describe.each(KERNEL_LOGS)('the kernel’s log $name', (log) => {
  const { geometry, clean, header } = log;
  const excerpt = excerptOf(log.bytes, { blockBytes: log.blockBytes });
  const dump = dumpLog(excerpt, factsOf(geometry.sizeBytes, null));
  const known = header.version === 2;

  test('is shown as its manifest says', () => {
    const dirty = geometry.regionCount - clean.length;
    expect(dump).toMatchObject({
      ...{ magicOk: true, version: header.version, regionCount: header.regionCount },
      headerState: known ? 'normal' : 'foreign',
      ...{ cleanRegions: clean.length, dirtyRegions: dirty, missingRegions: 0 },
      imageBytes: log.blockBytes === 4096 ? 4096 : geometry.regionCount > 4096 ? 2048 : 1536,
    });
    const listed = dump.dirtyRuns.flatMap(({ first, count }) =>
      Array.from({ length: count }, (_, index) => first + index),
    );
    const cleanToo = new Set(clean);
    expect(listed).toEqual(
      Array.from({ length: geometry.regionCount }, (_, region) => region).filter(
        (region) => !cleanToo.has(region),
      ),
    );
  });

  test('gives its region size away once the mirror’s length is known', () => {
    expect(dump).toMatchObject({
      ...{ regionSizeBytes: geometry.regionBytes, regionSizeInferred: true },
      regionSizeCandidates: [geometry.regionBytes],
    });
  });

  test('is said to be resumed by a kernel as one resumed it', () => {
    const inSync = Number(log.reload.inSync.split('/')[0]);
    const copies = geometry.regionCount - inSync;
    const { kernelOnResume } = dumpLog(excerpt, factsOfKernelLog(log));
    const regions = copies === 1 ? '1 region' : `${copies} regions`;
    if (copies === 0) expect(kernelOnResume).toBe('copies nothing');
    else expect(kernelOnResume).toContain(`${regions} from the default mirror`);
    expect(kernelOnResume.includes('at every activation')).toBe(!known);
  });

  test('can be made again from the report', () => {
    expect(remade(dump)).toEqual(log.bytes);
  });
});

describe('the report', () => {
  test('has every key of the contract', () => {
    const dump = dumpLog(excerptOf(logBytes(128, Array(16).fill(0xff))), factsOf(64 * MIB, null));
    expect(dump).toMatchObject({
      ...{ schema: 'mirrorctl.log/1', path: 'm0.log', magicOk: true, version: 2 },
      ...{ regionCount: 128, headerState: 'normal' },
      ...{ regionSizeBytes: 512 * KIB, regionSizeInferred: true, imageBytes: 1536 },
      ...{ cleanRegions: 128, dirtyRegions: 0, dirtyRuns: [], kernelOnResume: 'copies nothing' },
      mirrorctlOnResume: 'copies nothing',
    });
    expect(JSON.parse(JSON.stringify(dump))).toEqual(dump);
  });

  test('says nothing it cannot know: no count, no bits', () => {
    const dump = dumpLog(excerptOf(logBytes(2n ** 64n - 1n, [0xff])), NO_FACTS);
    expect(dump).toMatchObject({
      ...{ headerState: 'lvm-new', regionCount: null, imageBytes: null, cleanRegions: null },
      ...{ dirtyRegions: null, dirtyRuns: [], regionSizeBytes: null },
      ...{ regionCountFound: '18446744073709551615', kernelOnResume: 'believes every bit' },
    });
  });

  test('shows LVM’s bits once the mirror is known', () => {
    const dump = dumpLog(excerptOf(logBytes(2n ** 64n - 1n, [0x0f])), factsOf(8 * MIB, MIB));
    expect(dump).toMatchObject({
      ...{ headerState: 'lvm-new', regionCount: 8, dirtyRuns: [{ first: 4, count: 4 }] },
      kernelOnResume: 'copies 4 regions from the default mirror',
      mirrorctlOnResume: 'believes every bit and copies 4 regions from the source leg',
    });
  });

  test('a count that no log can have reserves no memory and is shown whole', () => {
    const dump = dumpLog(excerptOf(logBytes(2n ** 32n + 3n, [0xff])), factsOf(8 * MIB, MIB));
    expect(dump).toMatchObject({
      ...{ headerState: 'foreign', regionCountFound: '4294967299', regionCount: 8 },
      kernelOnResume: 'copies 5 regions from the default mirror',
    });
    expect(dump.mirrorctlOnResume).toContain('refuses it: ');
  });

  test('without the magic the count is anything, so only the mirror’s bits are shown', () => {
    const foreign = logBytes(8, [0x0f]).with(0, 0);
    expect(dumpLog(excerptOf(foreign), NO_FACTS)).toMatchObject({
      ...{ magicOk: false, version: null, regionCount: null, cleanRegions: null },
    });
    expect(dumpLog(excerptOf(foreign), factsOf(4 * MIB, MIB))).toMatchObject({
      ...{ headerState: 'foreign', regionCount: 4, cleanRegions: 4 },
      kernelOnResume: 'takes it for a new log and copies all 4 regions from the default mirror',
    });
  });
});

describe('what is missing or said elsewhere', () => {
  test('bits that were cut off are missing, not dirty', () => {
    const cut = logBytes(4096, [0xff, 0xff], { length: 1026 });
    expect(dumpLog(excerptOf(cut), NO_FACTS)).toMatchObject({
      ...{ regionCount: 4096, cleanRegions: 16, dirtyRegions: 0, missingRegions: 4080 },
    });
    expect(dumpLog(excerptOf(logBytes(2 ** 32 - 1, [])), NO_FACTS)).toMatchObject({
      missingRegions: 2 ** 32 - 1 - 8 * (4096 - 1024),
    });
  });

  test('what mirrorctl would do goes by what the definition and its sidecar say', () => {
    const facts = factsOf(8 * MIB, MIB);
    const outlook = (intents: Partial<typeof NO_FACTS.intents>, bits = 0x0f) =>
      dumpLog(excerptOf(logBytes(8, [bits])), {
        ...facts,
        intents: { ...facts.intents, ...intents },
      }).mirrorctlOnResume;
    expect(outlook({})).toBe('copies 4 regions from the source leg');
    expect(outlook({ syncIntent: 'sync' })).toContain('copies 8 regions');
    expect(outlook({ syncIntent: 'nosync' })).toContain('copies nothing');
    expect(outlook({ logIntent: 'init' })).toContain('starts a new log over it and copies 8');
    const remembered = { regionCount: regionCount(8), regionSizeBytes: byteCount(4096) };
    expect(outlook({ remembered })).toContain('refuses it');
  });
});

describe('any bytes', () => {
  const anyLog = fc.record({
    count: fc.oneof(fc.bigInt(0n, 40_000n), fc.bigInt(0n, 2n ** 64n - 1n)),
    bits: fc.array(fc.nat(255), { maxLength: 64 }),
    version: fc.nat(3),
    around: fc.constantFrom(0, 0xff, 0xa5),
    length: fc.integer({ min: 0, max: 4096 }),
    damage: fc.array(fc.tuple(fc.nat(4095), fc.nat(255)), { maxLength: 6 }),
  });

  test('come back from the report as they were', () => {
    fc.assert(
      fc.property(anyLog, ({ count, bits, damage, ...rest }) => {
        const bytes = logBytes(count, bits, rest);
        for (const [offset, value] of damage) if (offset < bytes.length) bytes[offset] = value;
        const before = bytes.slice();
        const dump = dumpLog(excerptOf(bytes), factsOf(64 * MIB, MIB));
        assert.deepEqual(bytes, before);
        assert.deepEqual(remade(dump), bytes);
      }),
    );
  });

  test('hexadecimal digits are read back, and nothing else is', () => {
    expect(bytesOfHex('00a5FF')).toEqual(Uint8Array.of(0, 0xa5, 0xff));
    for (const text of ['0', '0x', 'zz', ' 00', '00 ']) expect(bytesOfHex(text)).toBe(null);
  });
});

describe('the text', () => {
  test('lines up as status does, with the dirty regions as runs', () => {
    const bits = [...Array(16).fill(0xff)];
    bits[1] = 0x0f;
    bits[15] = 0x7f;
    const dump = dumpLog(excerptOf(logBytes(128, bits)), factsOf(64 * MIB - 512, 512 * KIB));
    expect(describeDump(dump, 20)).toEqual([
      '      log: m0.log',
      '   header: version 2, 128 regions',
      '    sizes: image 1.5 KiB, mirror 64 MiB, region size 512 KiB (the test)',
      '    clean: 123 regions',
      '    dirty: 5 regions (2.5 MiB)',
      '           12-15  bytes 6291456 to 8388608',
      '           127  bytes 66584576 to 67108352',
      '   kernel: on resume copies 5 regions from the default mirror',
      'mirrorctl: on activate copies 5 regions from the source leg',
    ]);
  });

  test('counts the runs it does not list', () => {
    const dump = dumpLog(excerptOf(logBytes(64, Array(8).fill(0x55))), NO_FACTS);
    const text = describeDump(dump, 3);
    expect(text.filter((line) => /^ +\d+$/.test(line))).toHaveLength(3);
    expect(text).toContainEqual(expect.stringContaining('and 29 more runs'));
  });

  test.each([
    { bytes: new Uint8Array(), facts: NO_FACTS, says: 'the file is empty' },
    { bytes: new Uint8Array(64).fill(7), facts: NO_FACTS, says: 'not a dirty log (it begins 0707' },
    { bytes: logBytes(2n ** 64n - 1n, []), facts: NO_FACTS, says: 'made by LVM and never resumed' },
    { bytes: logBytes(8, []), facts: NO_FACTS, says: 'region size unknown: a log does not' },
    { bytes: logBytes(8, []), facts: factsOf(64 * MIB + 512, null), says: 'none fits this length' },
    { bytes: logBytes(4096, [], { length: 1030 }), facts: NO_FACTS, says: 'missing: bits of 4048' },
  ])('$says', ({ bytes, facts, says }) => {
    expect(describeDump(dumpLog(excerptOf(bytes), facts), 20).join('\n')).toContain(says);
  });
});
