/**
 * A mirror reduced to what the region hash is about. It keeps the truth in the plainest way (sets and
 * counts), does what the hash says as the engine would, and stops at the first difference.
 */
import assert from 'node:assert/strict';
import type { RegionIndex } from '../../src/geometry/units.ts';
import { regionIndex } from '../../src/geometry/units.ts';
import { RegionHash } from '../../src/region/region-hash.ts';
import type { RegionState } from '../../src/region/region-state.ts';
import { REGION_STATES } from '../../src/region/region-state.ts';

export const ACTIONS = [
  'write',
  'write',
  'endWrite',
  'endWrite',
  'legMisses',
  'claim',
  'hold',
  'letGo',
  'copySucceeds',
  'copyFails',
  'beginSweep',
  'endSweep',
  'timePasses',
] as const;

export interface Step {
  readonly action: (typeof ACTIONS)[number];
  readonly region: RegionIndex;
}

/** Region 0 starts in sync; the others start out of sync. */
export const REGIONS = [0, 1, 2].map(regionIndex);
const IDLE = 2_000;

interface RegionTruth {
  inSync: boolean;
  writesInFlight: number;
  delayed: number[];
  claimed: boolean;
  /** Somebody looks at it, or will when its writes have drained. */
  held: boolean;
  copying: boolean;
  /** A leg lost it while it was copied, so that the copy cannot count. */
  spoiled: boolean;
  /** In the log, by a mark of ours. */
  marked: boolean;
  /** The hash has to remember it. */
  remembered: boolean;
  idleSince: number;
}

export class MirrorModel {
  readonly hash = new RegionHash<number>(Uint8Array.of(0, 2, 2));
  readonly #truth: RegionTruth[] = REGIONS.map((region) => ({
    inSync: region === 0,
    writesInFlight: 0,
    delayed: [],
    claimed: false,
    held: false,
    copying: false,
    spoiled: false,
    marked: false,
    remembered: false,
    idleSince: 0,
  }));
  #now = 0;
  #nextWrite = 0;
  #sweep: RegionIndex[] = [];
  /** Regions of the sweep under way that nothing has happened to since it began. */
  readonly #untouched = new Set<RegionIndex>();

  of(region: RegionIndex): RegionTruth {
    const truth = this.#truth[region];
    assert(truth);
    return truth;
  }

  /** Takes the step if it can happen now; a step that cannot is skipped, as in real life. */
  take({ action, region }: Step): void {
    switch (action) {
      case 'write':
        this.#write(region, this.#nextWrite);
        this.#nextWrite += 1;
        break;
      case 'endWrite':
        this.#endWrite(region);
        break;
      case 'legMisses':
        this.#legMisses(region);
        break;
      case 'claim':
        this.#claim(region);
        break;
      case 'hold':
        this.#hold(region);
        break;
      case 'letGo':
        this.#letGo(region);
        break;
      case 'copySucceeds':
      case 'copyFails':
        this.#endCopy(region, action);
        break;
      case 'beginSweep':
        this.#beginSweep();
        break;
      case 'endSweep':
        this.#endSweep();
        break;
      case 'timePasses':
        this.#now += IDLE;
        break;
    }
    this.#compare();
  }

  #write(region: RegionIndex, write: number): void {
    const truth = this.of(region);
    this.#untouched.delete(region);
    const waits = truth.claimed || truth.held;
    assert.equal(this.hash.isClaimed(region), waits);
    if (waits) {
      truth.delayed.push(write);
      this.hash.delayWrite(region, write);
      return;
    }
    if (this.hash.beginWrite(region) === null) truth.marked = true;
    this.#remember(truth);
    truth.writesInFlight += 1;
  }

  #endWrite(region: RegionIndex): void {
    const truth = this.of(region);
    if (truth.writesInFlight === 0) return;
    truth.writesInFlight -= 1;
    truth.idleSince = this.#now;
    const startsCopy = truth.claimed && truth.writesInFlight === 0;
    const drains = startsCopy || (truth.held && truth.writesInFlight === 0);
    assert.equal(this.hash.endWrite(region, this.#now), drains);
    truth.copying ||= startsCopy;
  }

  #legMisses(region: RegionIndex): void {
    const truth = this.of(region);
    if (!truth.remembered) return;
    const endsRecovery = truth.claimed && !truth.copying;
    truth.inSync = false;
    truth.spoiled = true;
    const { mark, released } = this.hash.legMisses(region);
    assert(!mark, 'what the hash remembers is marked already, or was never clean');
    if (endsRecovery) truth.claimed = false;
    this.#releaseAgain(region, released, endsRecovery ? truth.delayed : []);
  }

  #claim(region: RegionIndex): void {
    const truth = this.of(region);
    if (truth.inSync || truth.claimed || truth.held) return;
    this.#untouched.delete(region);
    Object.assign(truth, { claimed: true, spoiled: false });
    this.#remember(truth);
    truth.copying = truth.writesInFlight === 0;
    assert.equal(this.hash.claim(region), truth.copying);
  }

  #hold(region: RegionIndex): void {
    const truth = this.of(region);
    if (truth.claimed || truth.held) return;
    this.#untouched.delete(region);
    truth.held = true;
    assert.equal(this.hash.hold(region), truth.writesInFlight === 0);
  }

  /** As the check does: not before the writes that it waited for have ended. */
  #letGo(region: RegionIndex): void {
    const truth = this.of(region);
    if (!truth.held || truth.writesInFlight > 0) return;
    truth.held = false;
    this.#releaseAgain(region, this.hash.letGo(region), truth.delayed);
  }

  /** A copy that was spoiled meanwhile fails, as the engine sees to. */
  #endCopy(region: RegionIndex, ending: 'copySucceeds' | 'copyFails'): void {
    const truth = this.of(region);
    if (!truth.copying) return;
    const outcome = truth.spoiled ? 'copyFails' : ending;
    Object.assign(truth, { claimed: false, copying: false, idleSince: Number.NEGATIVE_INFINITY });
    truth.inSync = outcome === 'copySucceeds';
    this.#releaseAgain(region, this.hash.endCopy(region, outcome), truth.delayed);
  }

  #remember(truth: RegionTruth): void {
    if (!truth.remembered) truth.idleSince = 0;
    truth.remembered = true;
  }

  #releaseAgain(region: RegionIndex, released: readonly number[], expected: number[]): void {
    assert.deepEqual(released, expected);
    if (released.length > 0) this.of(region).delayed = [];
    for (const write of released) this.#write(region, write);
  }

  #beginSweep(): void {
    this.#sweep = this.hash.beginSweep(this.#now - IDLE);
    this.#untouched.clear();
    for (const region of this.#sweep) this.#untouched.add(region);
    const resting = REGIONS.filter((region) => {
      const { remembered, writesInFlight, claimed, held, idleSince } = this.of(region);
      const rests = remembered && writesInFlight === 0 && !claimed && !held;
      return rests && idleSince <= this.#now - IDLE;
    });
    assert.deepEqual(new Set(this.#sweep), new Set(resting));
  }

  #endSweep(): void {
    for (const region of this.#sweep) {
      const truth = this.of(region);
      const rests = this.hash.endSweep(region);
      assert.equal(rests, this.#untouched.has(region));
      if (rests) Object.assign(truth, { marked: false, remembered: false });
    }
    this.#sweep = [];
    this.#untouched.clear();
  }

  #stateOf({ copying, claimed, inSync, remembered }: RegionTruth): RegionState {
    if (copying) return 'recovering';
    if (claimed) return 'quiescing';
    if (!inSync) return 'nosync';
    return remembered ? 'dirty' : 'clean';
  }

  /** Plain asserts, not `expect`: this runs a quarter of a million times. */
  #compare(): void {
    for (const region of REGIONS) {
      const truth = this.of(region);
      assert.equal(this.hash.stateOf(region), this.#stateOf(truth));
      assert.equal(this.hash.writesInFlightTo(region), truth.writesInFlight);
      assert.equal(this.hash.hasDelayedWrites(region), truth.delayed.length > 0);
      assert(truth.marked || truth.writesInFlight === 0, 'a write the log does not know of');
      assert(!truth.copying || truth.writesInFlight === 0, 'copy and write race');
      assert(truth.claimed || truth.held || truth.delayed.length === 0, 'a write is stranded');
    }
    const remembered = REGIONS.filter((region) => this.of(region).remembered);
    assert.deepEqual(new Set(this.hash.remembered()), new Set(remembered));
    assert.equal(this.hash.rememberedCount, remembered.length);
    for (const state of REGION_STATES) {
      const count = this.#truth.filter((truth) => this.#stateOf(truth) === state).length;
      assert.equal(this.hash.countOf(state), count);
    }
  }
}
