/**
 * What a check finds: each finding by the damage that causes it, and nothing serious in any log that a
 * kernel wrote and understood again.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Finding } from '../../src/forensics/finding.ts';
import { isSound } from '../../src/forensics/finding.ts';
import type { MirrorFacts } from '../../src/forensics/log-excerpt.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import type { VerifyLevel } from '../../src/forensics/log-verify.ts';
import { verifyLog } from '../../src/forensics/log-verify.ts';
import { describeVerification } from '../../src/forensics/log-verify-text.ts';
import { agedFindings } from '../../src/forensics/memory-findings.ts';
import { KERNEL_LOGS } from '../dirty-log/kernel-fixtures.ts';
import { excerptOf, factsOf, factsOfKernelLog, logBytes } from './log-bytes.ts';

const MIB = 1024 * 1024;
const EIGHT = factsOf(8 * MIB, MIB);

function find(bytes: Uint8Array, facts: MirrorFacts = EIGHT, level: VerifyLevel = 'plausibility') {
  return verifyLog(excerptOf(bytes), facts, level, null).findings;
}
const idsOf = (findings: readonly Finding[]) => findings.map(({ id }) => id);
const serious = (findings: readonly Finding[]) =>
  idsOf(findings.filter(({ severity }) => severity !== 'info'));

describe('the kernel’s logs', () => {
  const strangers = ['version-0-crash', 'version-3-crash', 'version-3-synced-removed'];

  test.each(KERNEL_LOGS)('$name: nothing serious, unless its version is foreign', (log) => {
    const excerpt = excerptOf(log.bytes, { blockBytes: log.blockBytes });
    const found = serious(verifyLog(excerpt, factsOfKernelLog(log), 'plausibility', null).findings);
    expect(found).toEqual(strangers.includes(log.name) ? ['LOG_VERSION_UNSUPPORTED'] : []);
  });

  test('what a kernel left around its bits is mentioned', () => {
    const findingsOf = (name: string) => {
      const log = KERNEL_LOGS.find((known) => known.name === name);
      assert(log);
      return idsOf(find(log.bytes, factsOfKernelLog(log)));
    };
    expect(findingsOf('fresh-on-garbage-crash')).toContain('LOG_UNUSED_BYTES_SET');
    expect(findingsOf('shrunk-128-to-40')).toContain('LOG_SLACK_SET');
    expect(findingsOf('synced-removed')).toEqual(['LOG_ALL_CLEAN']);
    expect(findingsOf('fresh-crash-before-sync')).toEqual(['LOG_ALL_DIRTY']);
    expect(findingsOf('dirty-inflight-crash')).toEqual([]);
  });
});

describe('header', () => {
  test.each([
    { id: 'LOG_TRUNCATED', severity: 'critical', bytes: new Uint8Array(15) },
    { id: 'LOG_EMPTY', severity: 'info', bytes: new Uint8Array(4096) },
    { id: 'LOG_MAGIC_MISSING', severity: 'critical', bytes: logBytes(8, [1]).with(0, 0x73) },
    { id: 'LOG_VERSION_1', severity: 'info', bytes: logBytes(8, [1], { version: 1 }) },
    {
      id: 'LOG_VERSION_UNSUPPORTED',
      severity: 'critical',
      bytes: logBytes(8, [1], { version: 3 }),
    },
    { id: 'LOG_LVM_NEW', severity: 'info', bytes: logBytes(2n ** 64n - 1n, [1]) },
    { id: 'LOG_REGION_COUNT_UNSAFE', severity: 'critical', bytes: logBytes(2n ** 32n + 8n, [1]) },
    { id: 'LOG_REGION_COUNT_ZERO', severity: 'critical', bytes: logBytes(0, []) },
    { id: 'LOG_TRUNCATED', severity: 'critical', bytes: logBytes(8, [1], { length: 1535 }) },
  ])('$id is $severity', ({ id, severity, bytes }) => {
    const found = find(bytes, NO_FACTS, 'header');
    expect(found).toMatchObject([{ id, severity, confidence: 'certain', region: null }]);
  });

  test('an intact header gives no finding', () => {
    expect(find(logBytes(8, [0x7f]), NO_FACTS, 'header')).toEqual([]);
  });

  test('evidence is the place in the log, and its bytes', () => {
    const [version] = find(logBytes(8, [1], { version: 3 }), NO_FACTS, 'header');
    expect(version?.evidence).toEqual({ offsetBytes: 4, hex: '03000000' });
    expect(version?.kernel).toContain('at every activation');
    const ext = new Uint8Array(4096);
    ext.set([0x53, 0xef], 1080);
    const [foreign] = find(ext, NO_FACTS, 'header');
    expect(foreign?.message).toContain('ext4');
    expect(foreign?.evidence).toEqual({ offsetBytes: 1080, hex: '53ef' });
    expect(foreign?.kernel).toContain('new log');
  });

  test('bits that are missing are told from an image that is only too short', () => {
    const [image] = find(logBytes(8, [1], { length: 1500 }), NO_FACTS, 'header');
    expect(image?.message).toContain('every bit is there');
    const [bits] = find(logBytes(4096, [1], { length: 1100 }), NO_FACTS, 'header');
    expect(bits?.message).toContain('the bits of 3488 regions are missing');
  });
});

describe('geometry', () => {
  test('the mirror’s own count gives no finding', () => {
    expect(find(logBytes(8, [0x7f]), EIGHT, 'geometry')).toEqual([]);
  });

  test.each([
    { count: 5, kernel: 'keeps the first 5 bits and copies 3 regions' },
    { count: 12, kernel: 'keeps the first 8 bits and copies nothing' },
  ])('$count regions are a mismatch, with what a kernel would do', ({ count, kernel }) => {
    const [finding] = find(logBytes(count, [0xff, 0x0f]), EIGHT, 'geometry');
    expect(finding).toMatchObject({ id: 'LOG_GEOMETRY_MISMATCH', severity: 'critical' });
    expect(finding?.kernel).toContain(kernel);
  });

  test('a length alone gives the region size, or shows that none fits', () => {
    expect(find(logBytes(8, [0x7f]), factsOf(8 * MIB, null), 'geometry')).toMatchObject([
      { id: 'REGION_SIZE_INFERRED', severity: 'info', message: expect.stringContaining('1 MiB') },
    ]);
    expect(find(logBytes(9, [0x7f]), factsOf(64 * MIB, null), 'geometry')).toMatchObject([
      { id: 'LOG_GEOMETRY_MISMATCH', severity: 'critical' },
    ]);
  });

  test('without a mirror it says that nothing was compared', () => {
    expect(idsOf(find(logBytes(8, [1]), NO_FACTS, 'geometry'))).toEqual(['GEOMETRY_UNKNOWN']);
  });

  test('a device without room for the bits is critical', () => {
    const excerpt = excerptOf(logBytes(2n ** 64n - 1n, [1]), { roomBytes: 1535 });
    expect(idsOf(verifyLog(excerpt, EIGHT, 'geometry', null).findings)).toContain('LOG_TOO_SMALL');
  });

  test('is not looked at when only the header was asked for', () => {
    expect(find(logBytes(9, [1]), EIGHT, 'header')).toEqual([]);
  });
});

describe('plausibility', () => {
  test.each([
    { region: 8, byte: 0x01, at: 1025 },
    { region: 63, byte: 0x80, at: 1031 },
  ])('a padding bit that is set, such as bit $region of 8, is a warning', ({ byte, at }) => {
    const [finding] = find(logBytes(8, [0x7f]).with(at, byte));
    expect(finding).toMatchObject({ id: 'LOG_PADDING_SET', severity: 'warning' });
    expect(isSound(finding === undefined ? [] : [finding])).toBe(false);
    expect(finding?.evidence?.offsetBytes).toBe(at);
  });

  test('padding inside the last byte counts, bits of regions do not', () => {
    const ten = factsOf(10 * MIB, MIB);
    expect(serious(find(logBytes(10, [0xfe, 0x03]), ten))).toEqual([]);
    expect(serious(find(logBytes(10, [0xfe, 0x04]), ten))).toEqual(['LOG_PADDING_SET']);
  });

  test('64 regions have no padding, and slack is none', () => {
    const full = factsOf(64 * MIB, MIB);
    const bytes = logBytes(64, [0, ...Array(7).fill(0xff)]).with(1032, 0xff);
    expect(idsOf(find(bytes, full))).toEqual(['LOG_SLACK_SET']);
  });

  test('LVM’s fill around the bits is no finding', () => {
    const bytes = logBytes(2n ** 64n - 1n, Array(8).fill(0xff));
    bytes.fill(0xff, 1024, 1536);
    expect(serious(find(bytes))).toEqual([]);
    expect(idsOf(find(bytes))).not.toContain('LOG_SLACK_SET');
  });

  test('a file system behind an intact header is critical, and only possible', () => {
    const bytes = logBytes(8, [0x7f]);
    bytes.set(
      [...'SWAPSPACE2'].map((character) => character.charCodeAt(0)),
      4086,
    );
    expect(find(bytes)).toContainEqual(
      expect.objectContaining({
        id: 'LOG_OVERWRITTEN',
        severity: 'critical',
        confidence: 'possible',
      }),
    );
  });

  test('nothing is said about what lies around a foreign header', () => {
    expect(idsOf(find(logBytes(8, [1], { version: 9, around: 0xa5 })))).toEqual([
      'LOG_VERSION_UNSUPPORTED',
    ]);
  });
});

describe('what the mirror remembers', () => {
  const remembering = (change: Partial<NonNullable<MirrorFacts['memory']>>): MirrorFacts => ({
    ...EIGHT,
    memory: { open: false, logTrusted: true, legsThatMiss: [], ...change },
  });
  const log = logBytes(8, [0x7f]);

  test.each([
    { change: {}, ids: [] },
    { change: { logTrusted: false }, ids: ['LOG_NOT_TRUSTED'] },
    { change: { legsThatMiss: [1, 2] }, ids: ['LEG_MISSES_WRITES'] },
    { change: { open: true }, ids: ['MIRROR_NOT_CLOSED'] },
  ])('$change is told as $ids', ({ change, ids }) => {
    expect(idsOf(find(log, remembering(change)))).toEqual(ids);
  });

  test('is serious unless it only was not closed', () => {
    expect(serious(find(log, remembering({ logTrusted: false })))).toHaveLength(1);
    expect(serious(find(log, remembering({ legsThatMiss: [0] })))).toHaveLength(1);
    expect(serious(find(log, remembering({ open: true })))).toEqual([]);
  });
});

describe('a leg that changed after a log in which everything is clean', () => {
  test('is mentioned, with some tolerance, and only then', () => {
    const aged = (...ages: Parameters<typeof agedFindings>) => idsOf(agedFindings(...ages));
    expect(aged(10_000, [10_000, 12_001], true)).toEqual(['LEG_CHANGED_AFTER_LOG']);
    expect(aged(10_000, [10_000, 12_000], true)).toEqual([]);
    expect(aged(10_000, [99_000, 99_000], false)).toEqual([]);
    expect(aged(10_000, [null, null], true)).toEqual([]);
    expect(aged(null, [99_000], true)).toEqual([]);
    expect(agedFindings(0, [0, 5_000], true)[0]?.message).toContain('leg 1 was changed');
  });
});

test('any single byte of a header that changes what a kernel reads is a serious finding', () => {
  const anyChange = fc.tuple(fc.nat(15), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(anyChange, ([offset, flip]) => {
      const intact = logBytes(8, [0x7f]);
      const damaged = intact.with(offset, (intact[offset] ?? 0) ^ flip);
      const harmless = damaged[4] === 1 && offset === 4; // version 1 reads as 2
      assert.equal(isSound(find(damaged)), harmless, `byte ${offset} xor ${flip}`);
    }),
    { numRuns: 1_000 },
  );
});

describe('the text', () => {
  test('begins with the worst and ends with how far it looked', () => {
    const bytes = logBytes(5, [0x1f], { around: 0xa5 });
    const text = describeVerification(verifyLog(excerptOf(bytes), EIGHT, 'plausibility', null));
    expect(text[0]).toMatch(/^critical {2}LOG_GEOMETRY_MISMATCH: /);
    expect(text).toContainEqual(expect.stringMatching(/^info {6}LOG_UNUSED_BYTES_SET: /));
    expect(text.at(-1)).toBe('m0.log: checked up to plausibility: 1 finding');
  });

  test('never says that a log is good', () => {
    const text = describeVerification(
      verifyLog(excerptOf(logBytes(8, [0x7f])), EIGHT, 'header', null),
    );
    expect(text).toEqual([
      'm0.log: checked up to header: no finding at this level, which proves nothing beyond it',
    ]);
  });
});
