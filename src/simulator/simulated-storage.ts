/**
 * What outlives the process: the legs, the log, and the sidecar with the mirror's memory; and how a
 * mirror is activated from it, in the order in which mirrord does that.
 *
 * The sidecar is replaced atomically, but a replacement that failed or was interrupted may have
 * happened or not, so it is a list of what may be there.
 */
import { CoreLog } from '../dirty-log/core-log.ts';
import type { DirtyLog } from '../dirty-log/dirty-log.ts';
import {
  CLEAN_BITS_OFFSET,
  encodeLogHeader,
  HEADER_BYTES,
  LOG_MAGIC,
  LOG_VERSION,
  logImageBytes,
} from '../dirty-log/disk-format.ts';
import { DiskLog } from '../dirty-log/disk-log.ts';
import type { LogArea } from '../dirty-log/log-resume.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import type { EngineOptions } from '../engine/mirror-state.ts';
import { invariant } from '../errors/invariant.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionCount, RegionIndex } from '../geometry/units.ts';
import { byteCount, legIndex, SECTOR_BYTES } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { LegContent, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import { contradict } from './contradiction.ts';
import type { Oracle } from './oracle.ts';
import type { Scenario } from './scenario.ts';
import { DAMAGED_COUNT, geometryOf } from './scenario.ts';
import { SimulatedDevice } from './simulated-device.ts';

const BLOCK = byteCount(SECTOR_BYTES);
/** Fills what no log uses, between header and bits. */
const UNUSED = 0xa5;
/** Contents of a leg that was never part of this mirror; no write has such a number. */
const STRANGE = -1_000_000_000;

/** The mirror's memory, and what the sidecar says besides. */
interface SimulatedSidecar extends MirrorMemory {
  /** Legs that are not those it speaks of. */
  readonly strangers: LegMask;
  /** The regions that the log was last resumed for. */
  readonly remembered: RegionCount;
}

/** Below anything that a leg held at first. */
const ROTTEN = -1_000_000;

export class SimulatedStorage {
  readonly scenario: Scenario;
  readonly geometry: RegionGeometry;
  readonly legs: SimulatedDevice<number>[];
  /** Null: a core log. */
  readonly log: SimulatedDevice<Uint8Array> | null;
  /** What the sidecar may say. */
  memories: readonly SimulatedSidecar[];
  /** The owner said that the legs are equal, and no activation has spent that yet. */
  #owesNosync: boolean;

  /** Sectors that some leg has changed by itself. */
  readonly #rotten = new Set<number>();

  private constructor(
    scenario: Scenario,
    legs: SimulatedDevice<number>[],
    log: SimulatedDevice<Uint8Array> | null,
    memories: readonly SimulatedSidecar[],
    owesNosync: boolean,
  ) {
    this.scenario = scenario;
    this.geometry = geometryOf(scenario);
    this.legs = legs;
    this.log = log;
    this.memories = memories;
    this.#owesNosync = owesNosync;
  }

  static create(scenario: Scenario): SimulatedStorage {
    const { legCount, sectorCount, legsEqual, regionsBefore } = scenario;
    const isEqual = (sector: number) =>
      regionsBefore === 0
        ? legsEqual
        : wasClean(Math.floor(sector / scenario.sectorsPerRegion), scenario);
    const legs = Array.from({ length: legCount }, (_, leg) => {
      const contentOf = (sector: number) => -1 - sector - (isEqual(sector) ? 0 : leg * sectorCount);
      return new SimulatedDevice(Array.from({ length: sectorCount }, (__, at) => contentOf(at)));
    });
    const log = scenario.log === 'core' ? null : new SimulatedDevice(logBefore(scenario));
    const { regionCount } = geometryOf(scenario);
    const wasResized = regionsBefore > 0 && regionsBefore < DAMAGED_COUNT;
    const sidecar = {
      primary: legIndex(0),
      missing: NO_LEGS,
      logTrusted: true,
      strangers: NO_LEGS,
      remembered: wasResized ? (regionsBefore as RegionCount) : regionCount,
    };
    return new SimulatedStorage(scenario, legs, log, [sidecar], legsEqual && regionsBefore === 0);
  }

  clone(): SimulatedStorage {
    const twin = new SimulatedStorage(
      this.scenario,
      this.legs.map((leg) => leg.clone()),
      this.log?.clone() ?? null,
      this.memories,
      this.#owesNosync,
    );
    for (const sector of this.#rotten) twin.#rotten.add(sector);
    return twin;
  }

  /** What a new process makes of what it finds; `away`: legs that it does not. */
  activate(away: LegMask): EngineOptions {
    invariant(this.memories.length === 1, 'after a crash the sidecar is one thing or another');
    const [sidecar] = this.memories as readonly [SimulatedSidecar];
    const { scenario, geometry } = this;
    const { regionCount } = geometry;
    const log = this.#resumeLog(sidecar);
    const content = new LegContent(regionCount, scenario.legCount);
    const others = without(content.all, maskOf(sidecar.primary));
    for (let index = 0; index < regionCount; index += 1) {
      const region = index as RegionIndex;
      if (!log.isClean(region)) content.miss(region, others);
      else if (sidecar.strangers !== NO_LEGS) log.mark(region);
      content.miss(region, sidecar.strangers);
    }
    content.serve(without(content.all, away));
    const { readPolicy, handleErrors, holdOnFailure, onLogFailure, recoveriesMax } = scenario;
    const states = new Uint8Array(regionCount);
    const differing = new Uint8Array(regionCount);
    const policies = { readPolicy, handleErrors, holdOnFailure, onLogFailure };
    const options = { ...policies, recoveriesMax, states, differing };
    return { ...options, geometry, log, content, primary: sidecar.primary };
  }

  /** The definition says that an activation went well. */
  sessionBegan(): void {
    this.#owesNosync = false;
  }

  /** What a running mirror writes: it has resumed the log, and seen which legs there are. */
  sidecarWith(memory: MirrorMemory): SimulatedSidecar {
    return { ...memory, strangers: NO_LEGS, remembered: this.geometry.regionCount };
  }

  /** Another device is where `leg` was; only the sidecar can tell. */
  swap(leg: LegIndex): void {
    const { sectorCount } = this.scenario;
    const contents = Array.from(
      { length: sectorCount },
      (_, at) => STRANGE - leg * sectorCount - at,
    );
    this.legs[leg] = new SimulatedDevice(contents);
    this.memories = this.memories.map((sidecar) => ({
      ...sidecar,
      strangers: union(sidecar.strangers, maskOf(leg)),
    }));
  }

  /** A memory that believes the log may be on disk. */
  get logMayBeTrusted(): boolean {
    return this.log !== null && this.memories.some(({ logTrusted }) => logTrusted);
  }

  /** Some content that the log device may be left with says that `region` is clean. */
  mayBeClean(region: number): boolean {
    const { sector, byte, bit } = placeInLog(region);
    const contents = this.log?.mayHold(sector) ?? [];
    return contents.some((bytes) => ((bytes[byte] ?? 0) & bit) !== 0);
  }

  firstSectorOf(region: number): number {
    return region * this.scenario.sectorsPerRegion;
  }

  sectorCountOf(region: number): number {
    return this.geometry.lengthOf(region as RegionIndex) / this.scenario.sectorBytes;
  }

  regionOf(sector: number): number {
    return Math.floor(sector / this.scenario.sectorsPerRegion);
  }

  /** All legs read the same throughout `region`, but for what has rotted. */
  isEqual(region: number): boolean {
    const first = this.firstSectorOf(region);
    const end = first + this.sectorCountOf(region);
    const [one, ...others] = this.legs;
    for (let sector = first; sector < end; sector += 1) {
      const content = one?.read(sector);
      for (const leg of others) {
        if (leg.read(sector) !== content && !this.#rotten.has(sector)) return false;
      }
    }
    return true;
  }

  /** `legs` read the same throughout `region`. */
  holdTheSame(region: number, legs: readonly LegIndex[]): boolean {
    return this.#sectorsOf(region).every((sector) => {
      return new Set(legs.map((leg) => this.legs[leg]?.read(sector))).size < 2;
    });
  }

  /** The sector becomes what no other reads, and nobody has written. */
  rot(leg: LegIndex, sector: number, oracle: Oracle): void {
    const content = ROTTEN - sector * this.legs.length - leg;
    this.legs[leg]?.writeDurably(sector, content);
    this.#rotten.add(sector);
    oracle.rot(sector, content);
  }

  /** Some sector of `region` has rotted, on some leg, at some time. */
  isSpoiled(region: number): boolean {
    return this.#sectorsOf(region).some((sector) => this.#rotten.has(sector));
  }

  get hasRotten(): boolean {
    return this.#rotten.size > 0;
  }

  #sectorsOf(region: number): number[] {
    const first = this.firstSectorOf(region);
    return Array.from({ length: this.sectorCountOf(region) }, (_, index) => first + index);
  }

  /** Nothing of `region` is in a cache only. */
  isSettled(region: number): boolean {
    const first = this.firstSectorOf(region);
    const count = this.sectorCountOf(region);
    return this.legs.every((leg) => leg.isSettled(first, count));
  }

  /** Same key, same future. */
  get key(): string {
    const legs = this.legs.map((leg) => leg.key(String)).join('|');
    return `${legs} ${this.log?.key(nameOfBytes)} ${JSON.stringify([this.memories, this.#owesNosync])}`;
  }

  /** What lies between header and bits is somebody's, and stays as it was. */
  get isUnusedUntouched(): boolean {
    const { regionsBefore } = this.scenario;
    if (this.log === null || regionsBefore === 0) return true;
    return this.#logBytes()
      .subarray(HEADER_BYTES, CLEAN_BITS_OFFSET)
      .every((byte) => byte === UNUSED);
  }

  #resumeLog({ logTrusted, missing, remembered }: SimulatedSidecar): DirtyLog {
    const { regionCount, regionBytes } = this.geometry;
    // A leg that misses something was found to do so after the owner had said otherwise.
    const nosync = this.#owesNosync && missing === NO_LEGS ? 'nosync' : null;
    if (this.log === null) return new CoreLog(regionCount, nosync);
    const area: LogArea = {
      path: 'log',
      bytes: this.#logBytes(),
      blockBytes: BLOCK,
      geometry: this.geometry,
      syncIntent: logTrusted ? nosync : 'sync',
      // A new log that was interrupted half-way may look like anything.
      logIntent: this.#owesNosync ? 'init' : null,
      remembered: { regionCount: remembered, regionSizeBytes: regionBytes },
    };
    const resumed = DiskLog.resume(area);
    if (resumed.ok) return resumed.value.log;
    if (this.scenario.regionsBefore < DAMAGED_COUNT) {
      contradict(`the log that was left is refused: ${resumed.error.message}`);
    }
    // The owner is told that the log is damaged, and begins a new one.
    const fresh = DiskLog.resume({ ...area, logIntent: 'init' });
    if (!fresh.ok) contradict(`a new log is refused: ${fresh.error.message}`);
    return fresh.value.log;
  }

  #logBytes(): Uint8Array {
    const { log } = this;
    invariant(log !== null, 'a core log has no bytes');
    const bytes = new Uint8Array(log.sectorCount * SECTOR_BYTES);
    for (let sector = 0; sector < log.sectorCount; sector += 1) {
      bytes.set(log.read(sector), sector * SECTOR_BYTES);
    }
    return bytes;
  }
}

/** Where the clean bit of `region` lies. */
export function placeInLog(region: number): { sector: number; byte: number; bit: number } {
  const offset = CLEAN_BITS_OFFSET + Math.floor(region / 8);
  const sector = Math.floor(offset / SECTOR_BYTES);
  return { sector, byte: offset % SECTOR_BYTES, bit: 1 << (region % 8) };
}

/** By the log of a mirror of another size. A damaged log says so of every region, and lies. */
function wasClean(region: number, { regionsBefore }: Scenario): boolean {
  return regionsBefore < DAMAGED_COUNT && region < regionsBefore && region % 2 === 0;
}

/** The sectors of a log that is new, or of the one that `regionsBefore` speaks of. */
function logBefore(scenario: Scenario): Uint8Array[] {
  const { regionsBefore } = scenario;
  const { regionCount } = geometryOf(scenario);
  const bytes = new Uint8Array(logImageBytes(regionCount, BLOCK));
  if (regionsBefore > 0) {
    const header = { magic: LOG_MAGIC, version: LOG_VERSION, regionCount: BigInt(regionsBefore) };
    encodeLogHeader(header, bytes);
    bytes.fill(UNUSED, HEADER_BYTES, CLEAN_BITS_OFFSET);
    bytes.fill(0xff, CLEAN_BITS_OFFSET);
    const described = regionsBefore < DAMAGED_COUNT ? regionsBefore : 0;
    for (let region = 0; region < described; region += 1) {
      if (wasClean(region, scenario)) continue;
      const byte = CLEAN_BITS_OFFSET + Math.floor(region / 8);
      bytes[byte] = (bytes[byte] ?? 0) & ~(1 << (region % 8));
    }
  }
  return Array.from({ length: bytes.length / SECTOR_BYTES }, (_, sector) =>
    bytes.slice(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES),
  );
}

/** The bytes that are not 0, and where they are. */
export function nameOfBytes(bytes: Uint8Array): string {
  let name = '';
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] !== 0) name += `${at}:${bytes[at]} `;
  return name;
}
