/**
 * Drives the region hash through random interleavings of writes, recovery and sweeps, next to a plain
 * model of a mirror. A failing run prints the shortest list of steps and the seed; paste the seed into
 * `fc.assert(…, { seed })` to replay it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { regionIndex } from '../../src/geometry/units.ts';
import { RegionHash } from '../../src/region/region-hash.ts';
import type { Step } from './mirror-model.ts';
import { ACTIONS, MirrorModel, REGIONS } from './mirror-model.ts';

/** `size: 'max'` matters: by default fast-check keeps arrays near ten items, too short to go wrong. */
const anySteps = fc.array(
  fc.record({ action: fc.constantFrom(...ACTIONS), region: fc.constantFrom(...REGIONS) }),
  { maxLength: 60, size: 'max' },
);

function run(steps: readonly Step[]): MirrorModel {
  const model = new MirrorModel();
  for (const step of steps) model.take(step);
  return model;
}

const R0 = regionIndex(0);
const cleanHash = () => new RegionHash<string>(Uint8Array.of(0));

/** Ends everything that is in flight, and sweeps. */
function comeToRest(model: MirrorModel): void {
  for (const region of REGIONS) {
    const truth = model.of(region);
    while (truth.writesInFlight > 0 || truth.copying) {
      model.take({ action: truth.copying ? 'copySucceeds' : 'endWrite', region });
    }
    model.take({ action: 'letGo', region });
    while (truth.writesInFlight > 0) model.take({ action: 'endWrite', region });
  }
  for (const action of ['timePasses', 'beginSweep', 'endSweep'] as const) {
    model.take({ action, region: R0 });
  }
}

describe('any interleaving', () => {
  test('does what the model of a mirror does', () => {
    fc.assert(
      fc.property(anySteps, (steps) => void run(steps)),
      { numRuns: 3_000 },
    );
  });

  test('comes to rest in the end: no write delayed, nothing remembered', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const model = run(steps);
        comeToRest(model);
        assert.equal(model.hash.rememberedCount, 0);
        assert(REGIONS.every((region) => !model.of(region).marked));
      }),
      { numRuns: 300 },
    );
  });
});

describe('region hash', () => {
  test('a region is marked once, however many writes are in flight to it', () => {
    const hash = cleanHash();
    expect(hash.beginWrite(R0)).toBe(null);
    hash.marked(R0, 7);
    expect([hash.beginWrite(R0), hash.markEpochOf(R0)]).toEqual([7, 7]);
  });

  test('a region that was only copied is marked by its first write', () => {
    const hash = new RegionHash<string>(Uint8Array.of(2));
    hash.claim(R0);
    hash.endCopy(R0, 'copySucceeds');
    expect(hash.stateOf(R0)).toBe('dirty');
    expect(hash.beginWrite(R0)).toBe(null);
  });

  test('a write in the middle of a sweep keeps the mark, even if it has ended again', () => {
    const hash = cleanHash();
    hash.beginWrite(R0);
    hash.endWrite(R0, 0);
    expect(hash.beginSweep(0)).toEqual([R0]);
    hash.beginWrite(R0);
    hash.endWrite(R0, 0);
    expect(hash.endSweep(R0)).toBe(false);
    expect(hash.stateOf(R0)).toBe('dirty');
  });
});

describe('the sweep of regions', () => {
  test('a region that was swept is forgotten, with the epoch of its mark', () => {
    const hash = cleanHash();
    hash.beginWrite(R0);
    hash.marked(R0, 7);
    hash.endWrite(R0, 0);
    hash.beginSweep(0);
    expect(hash.endSweep(R0)).toBe(true);
    expect([hash.rememberedCount, hash.markEpochOf(R0)]).toEqual([0, 0]);
  });

  test('a region that was copied may be swept at once, one that was written only when idle', () => {
    const hash = new RegionHash<string>(Uint8Array.of(2, 0));
    hash.claim(R0);
    hash.endCopy(R0, 'copySucceeds');
    hash.beginWrite(regionIndex(1));
    hash.endWrite(regionIndex(1), 1_000);
    expect(hash.beginSweep(999)).toEqual([R0]);
    expect(hash.beginSweep(1_000)).toEqual([R0, 1]);
  });

  test('a clean region that a leg loses is to be marked', () => {
    const hash = cleanHash();
    expect(hash.legMisses(R0)).toEqual({ mark: true, released: [] });
    expect(hash.stateOf(R0)).toBe('nosync');
  });

  test('what cannot happen breaks an invariant', () => {
    const hash = cleanHash();
    expect(() => hash.endWrite(R0, 0)).toThrow(InvariantBroken);
    expect(() => hash.delayWrite(R0, 'early')).toThrow(InvariantBroken);
    expect(() => hash.claim(R0)).toThrow(InvariantBroken);
    expect(() => hash.stateOf(regionIndex(1))).toThrow(InvariantBroken);
    expect(() => new RegionHash(Uint8Array.of(1))).toThrow(InvariantBroken);
  });
});
