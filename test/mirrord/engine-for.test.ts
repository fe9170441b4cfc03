/** What an engine knows is carried over to the one after it, whatever became of legs and size. */
import { describe, expect, test } from 'vitest';
import { CoreLog } from '../../src/dirty-log/core-log.ts';
import { Engine } from '../../src/engine/engine.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../../src/geometry/units.ts';
import { byteCount, byteOffset, legIndex, regionCount } from '../../src/geometry/units.ts';
import { viewBytes, viewOf } from '../../src/metrics/engine-counters.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { reloadedEngine } from '../../src/mirrord/engine-for.ts';
import { LegContent, legsOf, maskOfLegs, without } from '../../src/region/leg-content.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

const REGION = 4096;
const leg = (name: string) => ({ path: `/${name}.img`, offsetBytes: byteCount(0) });

/** `missed`: for each region the legs that miss it. */
function engineOf(legCount: number, missed: readonly (readonly number[])[], bytes: number): Engine {
  const geometry = RegionGeometry.of(byteCount(bytes), byteCount(REGION));
  const content = new LegContent(geometry.regionCount, legCount);
  const log = new CoreLog(geometry.regionCount, 'nosync');
  for (const [region, legs] of missed.entries()) {
    if (legs.length === 0) continue;
    content.miss(region as RegionIndex, maskOfLegs(legs.map(legIndex)));
    log.mark(region as RegionIndex);
  }
  const { regionCount } = geometry;
  const [states, differing] = [new Uint8Array(regionCount), new Uint8Array(regionCount)];
  const manner = { readPolicy: 'queue', handleErrors: true } as const;
  const failures = { onLogFailure: 'core', holdOnFailure: false } as const;
  const known = { geometry, content, log, primary: legIndex(0), states, differing };
  return new Engine({ ...known, ...manner, ...failures, recoveriesMax: 4 });
}

interface After {
  readonly known: readonly (number | null)[];
  readonly bytes: number;
  readonly source: number;
}

/** Who misses what afterwards, as lists of legs; regions that the log calls clean are `clean`. */
function reloaded(
  before: Engine,
  { known, bytes, source }: After,
  manner: Partial<MirrorSpec> = {},
) {
  const spec: MirrorSpec = {
    ...HOME,
    ...manner,
    sizeBytes: byteCount(bytes),
    regionSizeBytes: byteCount(REGION),
    legs: known.map((_, index) => leg(String(index))),
    source: legIndex(source),
  };
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const memory = new SharedArrayBuffer(viewBytes(regionCount));
  const view = viewOf(memory, regionCount);
  const load = { spec, legs: [], log: null, known: known as (LegIndex | null)[], view: memory };
  const engine = reloadedEngine(before, load, view);
  const { content, log, legs } = engine.state;
  const missing = Array.from({ length: regionCount }, (_, region) =>
    log.isClean(region as RegionIndex) ? 'clean' : legsOf(content.missing(region as RegionIndex)),
  );
  return { engine, missing, primary: legs.primary };
}

test('regions known to differ are none any more if one leg alone is left of those that hold them', () => {
  const before = engineOf(3, [[], [2], [2]], 3 * REGION);
  const memory = new SharedArrayBuffer(viewBytes(regionCount(3)));
  const view = viewOf(memory, regionCount(3));
  view.differing.fill(1);
  const spec = { ...HOME, sizeBytes: byteCount(3 * REGION), regionSizeBytes: byteCount(REGION) };
  const known = [0, 2].map(legIndex);
  const engine = reloadedEngine(before, { spec, legs: [], log: null, known, view: memory }, view);
  expect([...view.differing]).toEqual([1, 0, 0]);
  expect(engine.state.differing.count).toBe(1);
});

describe('legs', () => {
  test('that come miss everything, and the others what they missed', () => {
    const before = engineOf(3, [[], [1], [1, 2], [2]], 4 * REGION);
    const after = { known: [2, null, 0], bytes: 4 * REGION, source: 2 };
    const { missing, primary } = reloaded(before, after);
    expect([missing, primary]).toEqual([[[1], [1], [0, 1], [0, 1]], 2]);
  });

  test('that go take along what only they missed', () => {
    const before = engineOf(3, [[], [1], [1, 2], [2]], 4 * REGION);
    const { missing } = reloaded(before, { known: [0, 2], bytes: 4 * REGION, source: 0 });
    expect(missing).toEqual(['clean', 'clean', [1], [1]]);
  });

  test('out of service stay so, and new ones serve', () => {
    const before = engineOf(3, [[], []], 2 * REGION);
    const { content } = before.state;
    content.serve(without(content.all, maskOfLegs([legIndex(2)])));
    const { engine } = reloaded(before, { known: [2, 0, null], bytes: 2 * REGION, source: 1 });
    expect(legsOf(engine.state.content.inService)).toEqual([1, 2]);
  });

  test('keep their errors, wherever they are now', () => {
    const before = engineOf(2, [[], []], 2 * REGION);
    before.state.legs.fail(legIndex(1), 'write');
    const { engine } = reloaded(before, { known: [1, null, 0], bytes: 2 * REGION, source: 2 });
    const { legs } = engine.state;
    expect([0, 1, 2].map((index) => legs.letter(legIndex(index)))).toEqual(['D', 'A', 'A']);
    expect(legs.errorCounts(legIndex(0)).write).toBe(1);
  });
});

/** Region 1 is on leg 0 only, and region 0 was written on both legs and has not been flushed. */
function written(): Engine {
  const before = engineOf(2, [[], [1]], 2 * REGION);
  before.step({ kind: 'pauseRecovery' });
  before.step({ kind: 'tick', now: 0 });
  const range = { offset: byteOffset(0), length: byteCount(512), fua: false, mayPunch: false };
  for (const effect of before.step({ kind: 'write', request: 1, ...range })) {
    if (effect.kind !== 'writeLeg') continue;
    before.step({ kind: 'legIoEnded', io: effect.io, outcome: 'ok' });
  }
  return before;
}

/** All legs, `failing` badly. */
function endFlush(engine: Engine, failing: readonly number[] = []) {
  return [0, 1].flatMap((index) => {
    const outcome = failing.includes(index) ? 'failed' : 'ok';
    return engine.step({ kind: 'legFlushEnded', leg: legIndex(index), outcome });
  });
}

describe('what was written', () => {
  const after = { known: [0, 1], bytes: 2 * REGION, source: 0 };

  test('and could not be flushed, since the primary was out of service, stays dirty till it is', () => {
    const before = written();
    before.step({ kind: 'legOut', leg: legIndex(0) });
    expect(legsOf(before.state.content.inService)).toEqual([1]);
    const { engine, missing } = reloaded(before, after);
    expect(missing).toEqual([[], [1]]);
    engine.step({ kind: 'legIn', leg: legIndex(0) });
    for (const now of [1_000, 9_000]) engine.step({ kind: 'tick', now });
    endFlush(engine);
    expect(engine.state.log.isClean(0 as RegionIndex)).toBe(true);
  });

  test('and was lost in a flush that no client has heard of fails the next one that asks', () => {
    const before = written();
    before.step({ kind: 'stop' });
    endFlush(before, [0]);
    const { engine } = reloaded(before, after);
    engine.step({ kind: 'tick', now: 0 });
    const outcomes = [2, 3].map((request) => {
      engine.step({ kind: 'flush', request });
      return endFlush(engine).find((effect) => effect.kind === 'reply');
    });
    expect(outcomes).toMatchObject([{ outcome: 'ioError' }, { outcome: 'ok' }]);
  });
});

test('a leg about which the owner has not decided is one afterwards, unless it went', () => {
  const before = engineOf(3, [[], []], 2 * REGION);
  before.state.undecided = maskOfLegs([1, 2].map(legIndex));
  const after = { known: [2, null, 0], bytes: 2 * REGION, source: 2 };
  const { engine } = reloaded(before, after, { holdOnFailure: true });
  expect(legsOf(engine.state.undecided)).toEqual([0]);
});

describe('a size', () => {
  const known = [0, 1];

  test('that is larger has new regions on the primary only, and one that was short with them', () => {
    const before = engineOf(2, [[], [], []], 2.5 * REGION);
    const { missing } = reloaded(before, { known, bytes: 4 * REGION, source: 0 });
    expect(missing).toEqual(['clean', 'clean', [1], [1]]);
  });

  test('that is larger by less than a region, too', () => {
    const before = engineOf(2, [[], [], []], 2.25 * REGION);
    const { missing } = reloaded(before, { known, bytes: 2.5 * REGION, source: 0 });
    expect(missing).toEqual(['clean', 'clean', [1]]);
  });

  test('that is smaller keeps what is left', () => {
    const before = engineOf(2, [[], [1], [1], []], 4 * REGION);
    const { missing } = reloaded(before, { known, bytes: 2 * REGION, source: 0 });
    expect(missing).toEqual(['clean', [1]]);
  });
});
