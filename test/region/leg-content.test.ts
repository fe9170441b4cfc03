/** Which legs hold which regions: the bits, and the counts that must follow them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import type { RegionIndex } from '../../src/geometry/units.ts';
import { legIndex, regionCount, regionIndex } from '../../src/geometry/units.ts';
import type { LegMask } from '../../src/region/leg-content.ts';
import { allLegs, LegContent, legsOf, maskOf } from '../../src/region/leg-content.ts';

const LEGS = 3;
const REGIONS = 5;

interface Change {
  readonly change: 'miss' | 'recover' | 'serve';
  readonly region: RegionIndex;
  readonly legs: LegMask;
}

const anyChanges = fc.array(
  fc.record<Change>({
    change: fc.constantFrom('miss', 'recover', 'serve'),
    region: fc.nat(REGIONS - 1).map(regionIndex),
    legs: fc.nat(2 ** LEGS - 1).map((mask) => mask as LegMask),
  }),
  { maxLength: 40, size: 'max' },
);

/** The truth: per region the set of legs that miss it. */
type Model = Set<number>[];

function compare(content: LegContent, model: Model): void {
  const served = new Set(legsOf(content.inService));
  const work = model.map((missing) => {
    const missed = [...served].filter((leg) => missing.has(leg as number)).length;
    return missed > 0 && missed < served.size;
  });
  assert.equal(content.workCount, work.filter((isWork) => isWork).length);
  const inSync = model.filter((missing) => missing.size === 0).length;
  assert.equal(content.inSyncCount, inSync);
  for (const [index, missing] of model.entries()) {
    const region = regionIndex(index);
    assert.deepEqual(new Set(legsOf(content.missing(region))), missing);
    assert.equal(content.isInSync(region), missing.size === 0);
    assert.equal(content.holders(region) | content.missing(region), content.all);
    assert.equal(content.holders(region) & content.missing(region), 0);
    const next = work.findIndex((isWork, at) => at >= index && isWork);
    assert.equal(content.nextWork(index), next < 0 ? null : next);
    assert.equal(content.isWork(region), work[index]);
    assert.equal(content.serving(region), content.holders(region) & content.inService);
  }
  for (let leg = 0; leg < LEGS; leg += 1) {
    const missed = model.filter((missing) => missing.has(leg)).length;
    assert.equal(content.missedCount(legIndex(leg)), missed);
    assert.equal((content.missedLegs & maskOf(legIndex(leg))) !== 0, missed > 0);
  }
}

/** The legs that would miss `region` after the change. */
function missingAfter(model: Model, { change, region, legs }: Change): Set<number> {
  const missing = new Set(model[region]);
  for (const leg of legsOf(legs)) {
    if (change === 'miss') missing.add(leg);
    if (change === 'recover') missing.delete(leg);
  }
  return missing;
}

describe('leg content', () => {
  test('bits and counts never part, whatever is missed and recovered', () => {
    fc.assert(
      fc.property(anyChanges, (changes) => {
        const content = new LegContent(regionCount(REGIONS), LEGS);
        const model: Model = Array.from({ length: REGIONS }, () => new Set());
        for (const change of changes) {
          const { region, legs } = change;
          const missing = missingAfter(model, change);
          if (missing.size === LEGS) continue;
          model[region] = missing;
          if (change.change === 'serve') content.serve(legs);
          else content[change.change](region, legs);
          compare(content, model);
        }
      }),
    );
  });

  test('somebody always holds a region', () => {
    const content = new LegContent(regionCount(1), 2);
    content.miss(regionIndex(0), maskOf(legIndex(0)));
    expect(() => content.miss(regionIndex(0), maskOf(legIndex(1)))).toThrow(InvariantBroken);
    expect(content.missing(regionIndex(0))).toBe(0b01);
  });

  test('nine legs fit', () => {
    const content = new LegContent(regionCount(1), 9);
    content.miss(regionIndex(0), 0b1_1111_1110 as LegMask);
    expect(content.all).toBe(allLegs(9));
    expect(legsOf(content.holders(regionIndex(0)))).toEqual([0]);
    expect(content.missedCount(legIndex(8))).toBe(1);
  });

  test('the search does not wrap', () => {
    const content = new LegContent(regionCount(4), 2);
    content.miss(regionIndex(1), maskOf(legIndex(1)));
    expect(content.nextWork(0)).toBe(1);
    expect(content.nextWork(2)).toBe(null);
  });

  test('what only legs out of service miss is no work, and stays out of sync', () => {
    const content = new LegContent(regionCount(3), 3);
    content.miss(regionIndex(1), maskOf(legIndex(2)));
    content.serve(0b011 as LegMask);
    expect([content.workCount, content.nextWork(0), content.inSyncCount]).toEqual([0, null, 2]);
    content.miss(regionIndex(2), 0b110 as LegMask);
    expect([content.workCount, content.nextWork(0)]).toEqual([1, 2]);
    content.serve(content.all);
    expect([content.workCount, content.nextWork(0)]).toEqual([2, 1]);
  });

  test('what no leg in service holds is no work', () => {
    const content = new LegContent(regionCount(1), 3);
    content.miss(regionIndex(0), 0b110 as LegMask);
    content.serve(0b110 as LegMask);
    expect([content.isWork(regionIndex(0)), content.serving(regionIndex(0))]).toEqual([false, 0]);
  });
});
