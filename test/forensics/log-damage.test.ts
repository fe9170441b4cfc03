/**
 * Damage is as it is told, and no check is milder than it: whatever is broken in an honest log, a
 * verification that knows the mirror and the legs finds something serious whenever believing the log
 * would lose data.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSound } from '../../src/forensics/finding.ts';
import { LegComparison } from '../../src/forensics/leg-comparison.ts';
import type { DamageKind } from '../../src/forensics/log-damage.ts';
import { DAMAGE_KINDS, damageLog } from '../../src/forensics/log-damage.ts';
import { examine, NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { verifyLog } from '../../src/forensics/log-verify.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { excerptOf, factsOf, logBytes } from './log-bytes.ts';

const REGION = 1024;
const logOf = (bytes: Uint8Array) => examine(excerptOf(bytes), NO_FACTS);

/** Legs that differ exactly in the regions that an honest log calls dirty. */
function compared(honest: Uint8Array, damaged: Uint8Array, regions: number): LegComparison {
  const geometry = RegionGeometry.of(byteCount(regions * REGION), byteCount(REGION));
  const { state, cleanBits } = logOf(damaged);
  const comparison = new LegComparison(geometry, state === 'foreign' ? null : cleanBits);
  for (let region = 0; region < regions; region += 1) {
    const dirty = !(((honest[1024 + (region >> 3)] ?? 0) >> (region & 7)) & 1);
    const offset = region * REGION;
    const legs = [new Uint8Array(REGION).fill(1), new Uint8Array(REGION).fill(dirty ? 2 : 1)];
    comparison.note({ offset, length: REGION, contents: dirty ? legs : null, failure: null });
  }
  return comparison;
}

const anyHonestLog = fc
  .tuple(fc.integer({ min: 1, max: 90 }), fc.array(fc.nat(255), { minLength: 12, maxLength: 12 }))
  .map(([regions, noise]) => {
    const bits = noise.slice(0, Math.ceil(regions / 8));
    const last = bits.length - 1;
    bits[last] = (bits[last] ?? 0) & (2 ** (regions - 8 * last) - 1);
    return { regions, honest: logBytes(regions, bits, { length: 1536 }) };
  });
const anySeed = fc.nat(0xffffffff);

test('no verdict is milder than the truth', () => {
  fc.assert(
    fc.property(anyHonestLog, fc.constantFrom(...DAMAGE_KINDS), anySeed, (log, kind, seed) => {
      const { honest, regions } = log;
      const { bytes, falselyClean, done } = damageLog(logOf(honest), kind, seed);
      const comparison = compared(honest, bytes, regions);
      const facts = factsOf(regions * REGION, REGION);
      const { findings } = verifyLog(excerptOf(bytes), facts, 'legs', comparison);
      if (falselyClean.length > 0) assert(!isSound(findings), `${kind}: ${done}`);
      const believed = logOf(bytes).state !== 'foreign';
      const critical = findings.filter(({ id }) => id === 'LOG_CLEAN_BUT_DIFFERENT');
      const told = critical.flatMap(({ region, regionCount }) =>
        Array.from({ length: regionCount }, (_, at) => (region ?? 0) + at),
      );
      const shown = logOf(bytes).cleanBits?.regionCount ?? 0;
      if (believed)
        assert.deepEqual(
          told,
          falselyClean.filter((region) => region < shown),
        );
    }),
    { numRuns: 600 },
  );
});

describe('each kind', () => {
  const honest = logBytes(70, [0, ...Array(7).fill(0x55), 0x15], { length: 1536, around: 0xa5 });
  const damageOf = (kind: DamageKind, seed = 7) => damageLog(logOf(honest), kind, seed);
  const idsOf = (bytes: Uint8Array) =>
    verifyLog(excerptOf(bytes), factsOf(70 * REGION, REGION), 'plausibility', null)
      .findings.filter(({ severity }) => severity !== 'info')
      .map(({ id }) => id);

  test.each([
    { kind: 'magic', ids: ['LOG_MAGIC_MISSING'] },
    { kind: 'version', ids: ['LOG_VERSION_UNSUPPORTED'] },
    { kind: 'count', ids: ['LOG_REGION_COUNT_UNSAFE'] },
    { kind: 'count-near', ids: ['LOG_GEOMETRY_MISMATCH'] },
    { kind: 'swapped', ids: ['LOG_MAGIC_MISSING'] },
    { kind: 'truncated', ids: ['LOG_TRUNCATED'] },
    { kind: 'padding', ids: ['LOG_PADDING_SET'] },
    { kind: 'shifted', ids: ['LOG_MAGIC_MISSING'] },
    { kind: 'aged', ids: [] },
    { kind: 'claim-clean', ids: [] },
    { kind: 'forget-clean', ids: [] },
  ] as const)('$kind is found as $ids without looking at legs', ({ kind, ids }) => {
    const { bytes, done } = damageOf(kind);
    expect(bytes).not.toEqual(honest);
    expect(done).not.toBe('');
    expect(idsOf(bytes)).toEqual(expect.arrayContaining([...ids]));
    expect(idsOf(bytes).length > 0).toBe(ids.length > 0);
  });

  test('names the regions that look clean and are not', () => {
    expect(damageOf('aged').falselyClean).toHaveLength(8 + 31);
    const { falselyClean } = damageOf('claim-clean');
    expect(falselyClean.length).toBeGreaterThan(0);
    expect(falselyClean.length).toBeLessThanOrEqual(5);
    expect(damageOf('forget-clean').falselyClean).toEqual([]);
  });

  test('breaks the same way for the same seed, and leaves the log itself alone', () => {
    const before = honest.slice();
    for (const kind of DAMAGE_KINDS) {
      expect(damageOf(kind, 99)).toEqual(damageOf(kind, 99));
    }
    expect(honest).toEqual(before);
    expect(damageOf('garbage', 1).bytes).not.toEqual(damageOf('garbage', 2).bytes);
  });

  test('says so where there is nothing to break', () => {
    const full = logOf(logBytes(64, Array(8).fill(0xff), { length: 1536 }));
    expect(damageLog(full, 'padding', 1).done).toContain('nothing');
    expect(damageLog(full, 'claim-clean', 1).done).toContain('nothing');
  });
});
