import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CheckTally } from '../../src/control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import type { MirrorEvent } from '../../src/engine/effect.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { legIndex, regionIndex } from '../../src/geometry/units.ts';
import { ActiveCheck } from '../../src/mirrord/active-check.ts';
import type { Notice } from '../../src/mirrord/event-words.ts';
import type { EngineSnapshot, Order } from '../../src/mirrord/worker-messages.ts';
import { readCheck } from '../../src/registry/check-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const { regionCount } = RegionGeometry.of(HOME.sizeBytes, HOME.regionSizeBytes);
const START = {
  ask: 'startCheck',
  ...{ first: 0, end: regionCount, repairFrom: null, throttle: null, anew: false },
} as const;

function newPlaces(): Places {
  const stateDir = path.join(scratchDirectory(), 'state');
  mkdirSync(stateDir);
  return { stateDir, runtimeDir: stateDir };
}

/** A session whose engine says what the test has it say. */
class Session {
  readonly places: Places;
  readonly orders: Order[] = [];
  readonly told: Notice[] = [];
  readonly differing = new Uint8Array(regionCount);
  readonly check: ActiveCheck;
  refuses = false;

  constructor(places: Places) {
    this.places = places;
    this.check = new ActiveCheck({
      places,
      spec: HOME,
      differing: this.differing,
      order: async (order) => this.#obey(order),
      tell: (what) => this.told.push(what),
    });
  }

  hears(event: MirrorEvent): void {
    const what = this.check.heard(event);
    if (what !== null) this.told.push(what);
  }

  turns(event: 'checkStarted' | 'checkStopped' | 'checkFinished' | 'checkRefused', next: number) {
    const tally: CheckTally = { ...NOTHING_CHECKED, compared: next };
    this.hears({ event, next, tally });
  }

  get texts(): string[] {
    return this.told.map(({ event, text }) => `${event}: ${text}`);
  }

  #obey(order: Order): EngineSnapshot {
    this.orders.push(order);
    if (order.order === 'startCheck') {
      this.turns(this.refuses ? 'checkRefused' : 'checkStarted', order.check.next);
    }
    if (order.order === 'stopCheck') this.turns('checkStopped', 7);
    return { check: { life: 'none' } } as EngineSnapshot;
  }
}

test('a check that is paused goes on where it was, also in the next session', async () => {
  const session = new Session(newPlaces());
  await session.check.obey(START);
  await session.check.obey({ ask: 'pauseCheck' });
  expect(session.texts).toEqual([
    'check-started: the check begins at region 0',
    'check-paused: the check is paused at region 7',
  ]);
  const next = new Session(session.places);
  await next.check.resumeInterrupted();
  expect(next.orders).toEqual([]);
  await next.check.obey({ ask: 'resumeCheck' });
  expect(next.orders).toMatchObject([{ check: { next: 7, before: { compared: 7 } } }]);
  expect(next.texts).toEqual(['check-resumed: the check goes on at region 7']);
  next.turns('checkFinished', regionCount);
  expect(readCheck(next.places, HOME)?.state).toBe('finished');
  await expect(next.check.obey({ ask: 'resumeCheck' })).rejects.toMatchObject({
    code: 'CHECK_UNKNOWN',
  });
});

test('one that a stop or a crash interrupted goes on by itself', async () => {
  const session = new Session(newPlaces());
  await session.check.obey(START);
  session.turns('checkStopped', 5);
  expect(session.texts.at(-1)).toBe('check-paused: the check is interrupted at region 5');
  const next = new Session(session.places);
  await next.check.resumeInterrupted();
  expect(next.orders).toMatchObject([{ check: { next: 5 } }]);
});

test('if it cannot, because its source misses something by now, that is told, and no more', async () => {
  const session = new Session(newPlaces());
  await session.check.obey({ ...START, repairFrom: 1 });
  session.turns('checkStopped', 5);
  const next = new Session(session.places);
  next.refuses = true;
  await next.check.resumeInterrupted();
  expect(next.texts.at(-1)).toMatch(
    /^check-stopped: the check cannot go on: leg \/data\/b.img does not/,
  );
});

test('a repair from a leg that misses something is refused', async () => {
  const session = new Session(newPlaces());
  session.refuses = true;
  await expect(session.check.obey({ ...START, repairFrom: 1 })).rejects.toMatchObject({
    code: 'LEG_NEEDED',
  });
  session.refuses = false;
  await session.check.obey(START);
});

test('two checks at once are refused, and so is what does not exist', async () => {
  const session = new Session(newPlaces());
  await expect(session.check.obey({ ...START, end: regionCount + 1 })).rejects.toMatchObject({
    code: 'REGION_UNKNOWN',
  });
  await expect(session.check.obey({ ...START, repairFrom: 2 })).rejects.toMatchObject({
    code: 'LEG_NOT_FOUND',
  });
  await session.check.obey(START);
  await expect(session.check.obey(START)).rejects.toMatchObject({ code: 'MIRROR_BUSY' });
});

test('of many differences the first are told, and all are found', async () => {
  const session = new Session(newPlaces());
  await session.check.obey(START);
  for (let region = 0; region < 40; region += 1) {
    session.differing[region] = 1;
    const hashes = [0, 1].map((leg) => ({ leg: legIndex(leg), sha256: `${leg}`.repeat(64) }));
    const difference = { offset: region * HOME.regionSizeBytes, length: 512, hashes };
    session.hears({ event: 'mismatch', region: regionIndex(region), difference, repairs: false });
  }
  expect(session.told.filter(({ event }) => event === 'mismatch')).toHaveLength(16);
  session.turns('checkFinished', regionCount);
  expect(readCheck(session.places, HOME)).toMatchObject({ differing: [0, 40] });
  expect(readCheck(session.places, HOME)?.findings).toHaveLength(40);
});

test('of many regions that a dead leg cannot read the first are told', async () => {
  const session = new Session(newPlaces());
  await session.check.obey(START);
  for (let region = 0; region < 40; region += 1) {
    session.hears({ event: 'unreadable', region: regionIndex(region), legs: [legIndex(1)] });
  }
  expect(session.told.filter(({ event }) => event === 'unreadable')).toHaveLength(16);
});
