/**
 * The promises of a mirror, checked against what the devices really hold:
 *
 * - data goes to a leg only when no crash could leave a log that calls its region clean;
 * - a clean bit is written only for a region that is in sync, equal on all legs, and in no cache;
 * - a copy never meets a write, two overlapping writes are never in flight on one leg;
 * - what is copied, and what a new primary holds, is what a reader may see;
 * - a region in sync and not being written is equal on all legs;
 * - success is reported only if the next process would know which leg is right.
 *
 * `region-watch.ts` looks into the engine; this one at what it does.
 */
import type { Effect, MirrorMemory } from '../engine/effect.ts';
import type { Engine } from '../engine/engine.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { has } from '../region/leg-content.ts';
import { CheckWatch } from './check-watch.ts';
import type { Clients } from './clients.ts';
import { contradict } from './contradiction.ts';
import { WriteOperation } from './leg-operation.ts';
import type { Operation } from './operation.ts';
import type { Oracle } from './oracle.ts';
import { LogOperation } from './record-operation.ts';
import { watchRegions } from './region-watch.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import { placeInLog } from './simulated-storage.ts';
import type { SimulationEvent } from './simulation-event.ts';

/** The log's bits are padded to whole words of a 64-bit kernel. */
const BITS_PER_WORD = 64;

type WriteLeg = Extract<Effect, { kind: 'writeLeg' }>;

export class MirrorWatch {
  readonly check: CheckWatch;
  readonly #storage: SimulatedStorage;
  readonly #engine: Engine;
  readonly #oracle: Oracle;
  readonly #operations: ReadonlyMap<string, Operation>;
  /** Those that the engine has given up, and that may still reach their devices. */
  readonly #hung: ReadonlyMap<string, Operation>;
  #primary: LegIndex;
  /** Leg failures that were announced since the mirror was last in sync. */
  readonly #announced = new Set<string>();
  /** And nothing has been out of sync since. */
  #isInSyncTold = false;
  /** What each leg out of service had failed when it went. */
  readonly #errorsWhenOut = new Map<LegIndex, string>();
  /** Legs that failed, and whose owner was not heard since. */
  readonly #undecided = new Set<LegIndex>();
  /** Regions that are dirty in the log and were written or copied, not only marked ahead of a stream. */
  readonly #reached = new Set<RegionIndex>();

  constructor(
    storage: SimulatedStorage,
    engine: Engine,
    oracle: Oracle,
    operations: ReadonlyMap<string, Operation>,
    hung: ReadonlyMap<string, Operation>,
  ) {
    this.#storage = storage;
    this.check = new CheckWatch(storage, engine);
    this.#engine = engine;
    this.#oracle = oracle;
    this.#operations = operations;
    this.#hung = hung;
    this.#primary = engine.state.legs.primary;
  }

  /** The process has just begun: what it believes of the legs must be true. */
  found(): void {
    const { content, legs } = this.#engine.state;
    for (let region = 0; region < content.regionCount; region += 1) {
      if (!content.isInSync(region as RegionIndex) || this.#storage.isEqual(region)) continue;
      contradict(`region ${region} was found clean, and its legs differ`);
    }
    this.#holdsTheTruth(legs.primary, 0, this.#storage.scenario.sectorCount, 'found as primary');
    if (!this.#storage.isUnusedUntouched) contradict('the log was changed where it has no bits');
  }

  before(effect: Effect): void {
    for (const leg of legsAsked(effect)) {
      if (has(this.#engine.state.content.inService, leg)) continue;
      contradict(`${effect.kind} asks leg ${leg}, which is out of service`);
    }
    switch (effect.kind) {
      case 'readLeg':
        this.#beforeRead(effect);
        break;
      case 'writeLeg':
        this.#beforeWrite(effect);
        break;
      case 'copyRegion':
        this.check.beforeCopy(effect);
        this.#beforeCopy(effect);
        break;
      case 'compareRegion':
        this.#beforeCompare(effect);
        break;
      case 'writeLog':
        this.#beforeLog(new LogOperation(effect.write, this.#storage, () => 0));
        break;
      case 'keepMemory':
        this.memoryMayBe(effect.memory);
        break;
      case 'event':
        this.check.heard(effect.event);
        this.#heard(effect.event);
        break;
      default:
        break;
    }
  }

  /** `memory` is about to be written: then a log that nobody believed may be believed again. */
  memoryMayBe(memory: MirrorMemory): void {
    if (!memory.logTrusted || this.#storage.logMayBeTrusted) return;
    for (let region = 0; region < this.#storage.geometry.regionCount; region += 1) {
      if (this.#logMayCallClean(region)) this.#isTrulyClean(region, 'a trusted log calls it clean');
    }
  }

  /**
   * The client was told that `event` went well. Whatever the sidecar is found to say after a crash, it
   * must name a primary that has it, and know every leg that has not.
   */
  acknowledged(event: SimulationEvent): void {
    if (event.kind === 'read') return;
    const isWrite = 'count' in event;
    const first = isWrite ? event.sector : 0;
    const count = isWrite ? event.count : this.#storage.scenario.sectorCount;
    if (isWrite) this.#nobodyDecides(first, count);
    for (const { primary, missing } of this.#storage.memories) {
      this.#holdsTheTruth(primary, first, count, `the primary after a crash, ${event.kind} told`);
      for (const index of this.#storage.legs.keys()) {
        const leg = index as LegIndex;
        if (has(missing, leg) || this.#findLie(leg, first, count) === null) continue;
        contradict(`leg ${leg} missed a ${event.kind}, and a crash would forget that`);
      }
    }
  }

  /** No failure of anything may make these clean in the log. */
  get reached(): readonly RegionIndex[] {
    return [...this.#reached];
  }

  /** Something failed; `reached` is from before. */
  failedWith(reached: readonly RegionIndex[]): void {
    const { log } = this.#engine.state;
    for (const region of reached) {
      if (log.isClean(region)) contradict(`region ${region} became clean by a failure`);
    }
  }

  /** `leg` failed something that it should keep, or did not answer. */
  failed(leg: LegIndex): void {
    if (has(this.#engine.state.content.inService, leg)) this.#undecided.add(leg);
  }

  /** The owner knows of that. */
  decided(leg: LegIndex): void {
    this.#undecided.delete(leg);
  }

  /** After every step. */
  atRest(clients: Clients): void {
    const { state } = this.#engine;
    this.#forgetClean();
    this.#whoIsOutCannotFail();
    watchRegions(this.#engine, this.#storage.scenario);
    this.check.atRest();
    if (state.requestsInFlight !== clients.waiting) {
      contradict(`${clients.waiting} clients wait, the engine says ${state.requestsInFlight}`);
    }
    if (state.legs.primary !== this.#primary) {
      this.#primary = state.legs.primary;
      this.#holdsTheTruth(this.#primary, 0, this.#storage.scenario.sectorCount, 'made primary');
    }
    if (state.content.inSyncCount < state.content.regionCount) this.#isInSyncTold = false;
    const unanswered = this.#regionsOf(clients.writes());
    for (let region = 0; region < state.content.regionCount; region += 1) {
      if (unanswered.has(region) || !state.content.isInSync(region as RegionIndex)) continue;
      if (!this.#storage.isEqual(region))
        contradict(`region ${region} is in sync, its legs differ`);
    }
    this.#countsWrites(clients);
    for (const region of this.#regionsWrittenBy(this.#operations)) {
      if (state.hash.writesInFlightTo(region as RegionIndex) > 0) continue;
      contradict(`region ${region} is being written, and the region hash does not know`);
    }
  }

  #forgetClean(): void {
    const { log } = this.#engine.state;
    for (const region of this.#reached) if (log.isClean(region)) this.#reached.delete(region);
  }

  /** No write counts twice, and none that has been answered. */
  #countsWrites(clients: Clients): void {
    const { hash } = this.#engine.state;
    const asked = new Map<number, number>();
    for (const write of clients.writes()) {
      for (const region of this.#regionsOf([write]))
        asked.set(region, (asked.get(region) ?? 0) + 1);
    }
    for (let index = 0; index < this.#storage.geometry.regionCount; index += 1) {
      const region = index as RegionIndex;
      const counted = hash.writesInFlightTo(region) + hash.delayedWriteCount(region);
      if (counted <= (asked.get(region) ?? 0)) continue;
      contradict(`region ${region}: ${counted} writes are counted, clients wait for fewer`);
    }
  }

  #beforeRead({ leg, offset, length }: Extract<Effect, { kind: 'readLeg' }>): void {
    const { sectorBytes } = this.#storage.scenario;
    this.#holdsTheTruth(leg, offset / sectorBytes, length / sectorBytes, 'read from');
  }

  #beforeWrite(effect: WriteLeg): void {
    const { sectorBytes } = this.#storage.scenario;
    const first = effect.offset / sectorBytes;
    const end = first + effect.length / sectorBytes;
    this.#meetsNoWrite(effect, first, end);
    const last = this.#storage.regionOf(end - 1);
    for (let region = this.#storage.regionOf(first); region <= last; region += 1) {
      this.#reached.add(region as RegionIndex);
      for (const work of ['copy', 'compare']) {
        if (!this.#operations.has(`${work} ${region}`)) continue;
        contradict(`a write meets the ${work} of ${region}`);
      }
      this.#isMarked(region);
    }
  }

  #meetsNoWrite({ leg, request }: WriteLeg, first: number, end: number): void {
    for (const other of this.#operations.values()) {
      if (!(other instanceof WriteOperation) || other.effect.leg !== leg) continue;
      if (other.firstSector >= end || first >= other.firstSector + other.sectorCount) continue;
      contradict(`overlapping writes ${other.effect.request}, ${request} are in flight`);
    }
  }

  #beforeCopy({ region, source, targets }: Extract<Effect, { kind: 'copyRegion' }>): void {
    this.#reached.add(region);
    if (targets.length === 0) contradict(`region ${region} is copied to nobody`);
    if (targets.includes(source)) contradict(`region ${region} is copied from ${source} to itself`);
    if (this.#regionsWrittenBy(this.#operations).has(region)) {
      contradict(`the copy of ${region} meets a write`);
    }
    this.#isMarked(region);
    const first = this.#storage.firstSectorOf(region);
    this.#holdsTheTruth(source, first, this.#storage.sectorCountOf(region), 'copied from');
  }

  #beforeCompare({ region, legs }: Extract<Effect, { kind: 'compareRegion' }>): void {
    if (legs.length < 2) contradict(`region ${region} is compared with nothing`);
    if (this.#regionsWrittenBy(this.#operations).has(region)) {
      contradict(`region ${region} is compared while it is written`);
    }
    if (this.#operations.has(`copy ${region}`))
      contradict(`region ${region} is compared and copied`);
  }

  /** Every region this write calls clean, and no log before it did, must be so. */
  #beforeLog(write: LogOperation): void {
    const { content } = this.#engine.state;
    if (this.#hung.has('log')) contradict('the log is written while an earlier write of it hangs');
    for (let bit: number = content.regionCount; bit % BITS_PER_WORD !== 0; bit += 1) {
      if (write.saysClean(placeInLog(bit)))
        contradict(`bit ${bit} of the log stands for no region`);
    }
    for (let region = 0; region < content.regionCount; region += 1) {
      if (!write.saysClean(placeInLog(region)) || this.#storage.mayBeClean(region)) continue;
      if (!content.isInSync(region as RegionIndex)) {
        contradict(`region ${region} is out of sync and written as clean`);
      }
      this.#isTrulyClean(region, 'it is written as clean');
    }
  }

  #isTrulyClean(region: number, because: string): void {
    if (!this.#storage.isEqual(region)) contradict(`region ${region} differs, and ${because}`);
    if (!this.#storage.isSettled(region)) {
      contradict(`region ${region} is partly in a leg's cache, and ${because}`);
    }
    const written = [this.#operations, this.#hung].map((some) => this.#regionsWrittenBy(some));
    if (written.some((regions) => regions.has(region))) {
      contradict(`region ${region} is being written, and ${because}`);
    }
  }

  #isMarked(region: number): void {
    if (!this.#storage.logMayBeTrusted || !this.#logMayCallClean(region)) return;
    contradict(`region ${region} changes, and a crash could leave it clean in the log`);
  }

  #logMayCallClean(region: number): boolean {
    const place = placeInLog(region);
    const underWay = [this.#operations.get('log'), this.#hung.get('log')];
    const saysClean = (one?: Operation) => one instanceof LogOperation && one.saysClean(place);
    return underWay.some(saysClean) || this.#storage.mayBeClean(region);
  }

  #nobodyDecides(first: number, count: number): void {
    if (!this.#storage.scenario.holdOnFailure) return;
    for (const leg of this.#undecided) {
      if (this.#findLie(leg, first, count) === null) continue;
      contradict(`a write that leg ${leg} lacks is answered before the owner has decided`);
    }
  }

  #holdsTheTruth(leg: LegIndex, first: number, count: number, as: string): void {
    const lie = this.#findLie(leg, first, count);
    if (lie === null) return;
    const value = this.#storage.legs[leg]?.read(lie);
    contradict(`leg ${leg}, ${as}, holds ${value} in sector ${lie}, which nobody may see`);
  }

  /** The first sector whose content on `leg` nobody may see, or null. */
  #findLie(leg: LegIndex, first: number, count: number): number | null {
    for (let sector = first; sector < first + count; sector += 1) {
      const value = this.#storage.legs[leg]?.read(sector) ?? 0;
      if (!this.#oracle.allows(sector, value)) return sector;
    }
    return null;
  }

  #whoIsOutCannotFail(): void {
    for (const [leg, errors] of this.#errorsWhenOut) {
      if (this.#errorsOf(leg) !== errors) contradict(`leg ${leg} is out of service, and fails`);
    }
  }

  #errorsOf(leg: LegIndex): string {
    return JSON.stringify(this.#engine.state.legs.errorCounts(leg));
  }

  #heard(event: Extract<Effect, { kind: 'event' }>['event']): void {
    if (event.event === 'legOut') this.#errorsWhenOut.set(event.leg, this.#errorsOf(event.leg));
    if (event.event === 'legIn') this.#errorsWhenOut.delete(event.leg);
    if (event.event === 'inSync') this.#heardInSync();
    if (event.event !== 'legFailed') return;
    const name = `${event.leg} ${event.fault}`;
    if (this.#announced.has(name)) contradict(`leg ${name} failure was announced twice`);
    this.#announced.add(name);
  }

  #heardInSync(): void {
    if (this.#isInSyncTold)
      contradict('told to be in sync twice, and nothing was out of sync between');
    this.#isInSyncTold = true;
    this.#announced.clear();
  }

  #regionsWrittenBy(operations: ReadonlyMap<string, Operation>): Set<number> {
    const writes: SectorRange[] = [];
    for (const operation of operations.values()) {
      if (!(operation instanceof WriteOperation)) continue;
      writes.push({ sector: operation.firstSector, count: operation.sectorCount });
    }
    return this.#regionsOf(writes);
  }

  #regionsOf(ranges: Iterable<SectorRange>): Set<number> {
    const regions = new Set<number>();
    for (const { sector, count } of ranges) {
      const last = this.#storage.regionOf(sector + count - 1);
      for (let region = this.#storage.regionOf(sector); region <= last; region += 1) {
        regions.add(region);
      }
    }
    return regions;
  }
}

function legsAsked(effect: Effect): readonly LegIndex[] {
  switch (effect.kind) {
    case 'readLeg':
    case 'writeLeg':
    case 'flushLeg':
      return [effect.leg];
    case 'copyRegion':
      return [effect.source, ...effect.targets];
    case 'compareRegion':
      return effect.legs;
    default:
      return [];
  }
}

interface SectorRange {
  readonly sector: number;
  readonly count: number;
}
