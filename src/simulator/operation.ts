/**
 * What the engine asked for and was not answered yet, as the simulated devices go through it:
 *
 *   asked ──land──▶ some of it is on the device ──end──▶ the engine hears how it ended
 *     └───────────────────────┴──interrupt──▶ the process or the power is gone in the middle
 *
 * Landing apart from ending gives two operations every order that two devices can give them. One that
 * a fenced leg refused (fence.ts) never lands, and ends badly.
 */
import type { LogWrite } from '../dirty-log/dirty-log.ts';
import type { RegionDifference } from '../engine/check-order.ts';
import type { Effect, MirrorMemory } from '../engine/effect.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, maskOf, maskOfLegs, NO_LEGS, union } from '../region/leg-content.ts';
import { SeededRandom } from './seeded-random.ts';
import type { CachedSector } from './simulated-device.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import { nameOfBytes } from './simulated-storage.ts';

/** Says of each sector in turn whether it is among those that an event is about. */
type Choice = (index: number) => boolean;

const EVERY: Choice = () => true;

/** Events with this luck choose all, or none. */
const LUCK_OF_ALL = 0;
export const LUCK_OF_NONE = -1;

function chosenBy(luck: number): Choice {
  if (luck === LUCK_OF_ALL) return EVERY;
  if (luck === LUCK_OF_NONE) return () => false;
  const random = new SeededRandom(luck);
  return () => random.chance(0.5);
}

export interface Operation {
  readonly name: string;
  /** Numbers what it writes to a device's cache; null: nothing. */
  readonly write: number | null;
  /** Same key, and a crash in the middle of it leaves the same. */
  readonly key: string;
  /** The leg it was meant for refuses everything. */
  readonly isRefused: boolean;
  land(luck: number): void;
  end(outcome: IoOutcome, luck: number): Input;
  /** `storage` is what will be found afterwards; what `lands` picks has reached it. */
  interrupt(storage: SimulatedStorage, lands: Choice): void;
}

/** One that a leg, or the log, must answer in time. */
export interface TimedOperation extends Operation {
  /** Whose time it is. */
  readonly place: LegIndex | 'log';
  /** What the engine hears when the time is over. */
  timeOver(): Input;
  /** As `end`, after that: nobody looks at its buffer any more. */
  endLate(outcome: IoOutcome, luck: number): Input;
}

export function isTimed(operation: Operation): operation is TimedOperation {
  return 'timeOver' in operation;
}

/** A number for every write to a device, so that a crash can lose one of them. */
export type WriteNumbers = () => number;

type ReadLeg = Extract<Effect, { kind: 'readLeg' }>;
type WriteLeg = Extract<Effect, { kind: 'writeLeg' }>;
type CopyRegion = Extract<Effect, { kind: 'copyRegion' }>;
type CompareRegion = Extract<Effect, { kind: 'compareRegion' }>;

export class ReadOperation implements TimedOperation {
  readonly name: string;
  readonly write = null;
  readonly key = '';
  readonly isRefused: boolean;
  readonly effect: ReadLeg;
  readonly #storage: SimulatedStorage;
  readonly #into: number[];
  #isLanded = false;

  /** `into`: the buffer of the whole request. */
  constructor(effect: ReadLeg, storage: SimulatedStorage, isRefused: boolean, into: number[]) {
    this.name = `read ${effect.request} at ${effect.at}`;
    this.effect = effect;
    this.isRefused = isRefused;
    this.#storage = storage;
    this.#into = into;
  }

  get place(): LegIndex {
    return this.effect.leg;
  }

  land(): void {
    const { leg, offset, length, at } = this.effect;
    const { sectorBytes } = this.#storage.scenario;
    const device = this.#storage.legs[leg];
    for (let byte = 0; byte < length; byte += sectorBytes) {
      const sector = (offset + byte) / sectorBytes;
      this.#into[(at + byte) / sectorBytes] = device?.read(sector) ?? 0;
    }
    this.#isLanded = true;
  }

  end(outcome: IoOutcome): Input {
    if (outcome === 'ok' && !this.#isLanded) this.land();
    return { kind: 'legIoEnded', io: this.effect.io, outcome };
  }

  timeOver(): Input {
    return { kind: 'legIoEnded', io: this.effect.io, outcome: 'failed' };
  }

  endLate(outcome: IoOutcome): Input {
    return { kind: 'legIoEnded', io: this.effect.io, outcome };
  }

  interrupt(): void {}
}

export class WriteOperation implements TimedOperation {
  readonly name: string;
  readonly isRefused: boolean;
  readonly effect: WriteLeg;
  readonly firstSector: number;
  readonly sectorCount: number;
  readonly #storage: SimulatedStorage;
  readonly write: number;
  #isLanded = false;

  get key(): string {
    return this.name;
  }

  get place(): LegIndex {
    return this.effect.leg;
  }

  constructor(
    effect: WriteLeg,
    storage: SimulatedStorage,
    isRefused: boolean,
    numbers: WriteNumbers,
  ) {
    const { sectorBytes } = storage.scenario;
    this.name = `write ${effect.request} leg ${effect.leg} at ${effect.at}`;
    this.effect = effect;
    this.isRefused = isRefused;
    this.firstSector = effect.offset / sectorBytes;
    this.sectorCount = effect.length / sectorBytes;
    this.#storage = storage;
    this.write = numbers();
  }

  land(luck: number): void {
    this.#put(this.#storage, chosenBy(luck));
    this.#isLanded = luck === LUCK_OF_ALL;
  }

  end(outcome: IoOutcome, luck: number): Input {
    if (outcome !== 'ok') {
      this.#put(this.#storage, chosenBy(luck));
    } else if (this.effect.fua) {
      const device = this.#storage.legs[this.effect.leg];
      for (let index = 0; index < this.sectorCount; index += 1) {
        device?.writeDurably(this.firstSector + index, this.effect.request);
      }
    } else if (!this.#isLanded) {
      this.#put(this.#storage, EVERY);
    }
    return { kind: 'legIoEnded', io: this.effect.io, outcome };
  }

  timeOver(): Input {
    return { kind: 'legIoEnded', io: this.effect.io, outcome: 'failed' };
  }

  endLate(outcome: IoOutcome, luck: number): Input {
    return this.end(outcome, luck);
  }

  interrupt(storage: SimulatedStorage, lands: Choice): void {
    this.#put(storage, lands);
  }

  #put(storage: SimulatedStorage, lands: Choice): void {
    if (this.isRefused) return;
    const device = storage.legs[this.effect.leg];
    for (let index = 0; index < this.sectorCount; index += 1) {
      if (!lands(index)) continue;
      device?.write(this.firstSector + index, this.effect.request, this.write);
    }
  }
}

export class FlushOperation implements TimedOperation {
  readonly name: string;
  readonly write = null;
  readonly key = '';
  readonly isRefused: boolean;
  readonly leg: LegIndex;
  /** What it lost, if it failed. */
  lost: readonly CachedSector<number>[] = [];
  readonly #storage: SimulatedStorage;
  readonly #mark: number;

  get place(): LegIndex {
    return this.leg;
  }

  constructor(leg: LegIndex, storage: SimulatedStorage, isRefused: boolean) {
    this.name = `flush leg ${leg}`;
    this.leg = leg;
    this.isRefused = isRefused;
    this.#storage = storage;
    this.#mark = storage.legs[leg]?.mark ?? 0;
  }

  land(): void {
    if (!this.isRefused) this.#storage.legs[this.leg]?.flush(this.#mark);
  }

  end(outcome: IoOutcome, luck: number): Input {
    const device = this.#storage.legs[this.leg];
    if (outcome === 'ok') device?.flush(this.#mark);
    else if (!this.isRefused) this.lost = device?.failFlush(this.#mark, chosenBy(luck)) ?? [];
    return { kind: 'legFlushEnded', leg: this.leg, outcome };
  }

  timeOver(): Input {
    return { kind: 'legFlushEnded', leg: this.leg, outcome: 'failed' };
  }

  /** Whoever was told that it failed expects the worst of it, so it may as well have flushed. */
  endLate(): Input {
    return this.end('ok', LUCK_OF_ALL);
  }

  interrupt(): void {}
}

export class LogOperation implements TimedOperation {
  readonly name = 'log';
  readonly place = 'log';
  readonly isRefused = false;
  readonly logWrite: LogWrite;
  readonly #storage: SimulatedStorage;
  readonly write: number;

  constructor(logWrite: LogWrite, storage: SimulatedStorage, numbers: WriteNumbers) {
    this.logWrite = logWrite;
    this.#storage = storage;
    this.write = numbers();
  }

  land(luck: number): void {
    this.#put(this.#storage, chosenBy(luck));
  }

  end(outcome: IoOutcome, luck: number): Input {
    const { log } = this.#storage;
    this.#put(this.#storage, outcome === 'ok' ? EVERY : chosenBy(luck));
    if (log !== null && this.logWrite.durable) {
      if (outcome === 'ok') log.flush(log.mark);
      else log.failFlush(log.mark, chosenBy(luck));
    }
    return { kind: 'logWriteEnded', outcome };
  }

  timeOver(): Input {
    return { kind: 'logWriteEnded', outcome: 'failed' };
  }

  endLate(outcome: IoOutcome, luck: number): Input {
    return this.end(outcome, luck);
  }

  interrupt(storage: SimulatedStorage, lands: Choice): void {
    this.#put(storage, lands);
  }

  get key(): string {
    const parts = this.logWrite.parts.map(
      ({ offset, bytes }) => `${offset}: ${nameOfBytes(bytes)}`,
    );
    return `log ${parts}`;
  }

  get sectorCount(): number {
    return this.logWrite.parts.reduce((sum, { bytes }) => sum + bytes.length / SECTOR_BYTES, 0);
  }

  /** Whether the log would call `region` clean, if this write alone had landed. */
  saysClean({ sector, byte, bit }: { sector: number; byte: number; bit: number }): boolean {
    return this.logWrite.parts.some(({ offset, bytes }) => {
      const at = sector * SECTOR_BYTES + byte - offset;
      return ((bytes[at] ?? 0) & bit) !== 0;
    });
  }

  #put({ log }: SimulatedStorage, lands: Choice): void {
    let index = 0;
    for (const { offset, bytes } of this.logWrite.parts) {
      for (let byte = 0; byte < bytes.length; byte += SECTOR_BYTES) {
        const content = bytes.slice(byte, byte + SECTOR_BYTES);
        if (lands(index)) log?.write((offset + byte) / SECTOR_BYTES, content, this.write);
        index += 1;
      }
    }
  }
}

export class MemoryOperation implements Operation {
  readonly name: string;
  readonly isRefused = false;
  readonly write = null;
  readonly memory: MirrorMemory;
  readonly #storage: SimulatedStorage;

  get key(): string {
    return JSON.stringify(this.memory);
  }

  /** `name`: `session` for the one that the shell writes on its own before it serves. */
  constructor(name: 'memory' | 'session', memory: MirrorMemory, storage: SimulatedStorage) {
    this.name = name;
    this.memory = memory;
    this.#storage = storage;
  }

  land(): void {}

  end(outcome: IoOutcome): Input {
    const written = this.#storage.sidecarWith(this.memory);
    this.#storage.memories = outcome === 'ok' ? [written] : [...this.#storage.memories, written];
    return { kind: 'memoryKept', outcome };
  }

  interrupt(storage: SimulatedStorage): void {
    storage.memories = [...storage.memories, storage.sidecarWith(this.memory)];
  }
}

export class CopyOperation implements Operation {
  readonly name: string;
  readonly isRefused: boolean;
  readonly effect: CopyRegion;
  readonly #refused: LegMask;
  readonly #storage: SimulatedStorage;
  readonly write: number;
  readonly #end: number;
  #next: number;
  /** Read from the source, not yet written to the targets: ends before `#next`. */
  #chunk: number[] = [];

  /** `fenced`: the legs that refuse everything; a copy to some of those goes to the rest. */
  constructor(
    effect: CopyRegion,
    storage: SimulatedStorage,
    fenced: LegMask,
    numbers: WriteNumbers,
  ) {
    const { sectorBytes } = storage.scenario;
    this.name = `copy ${effect.region}`;
    this.effect = effect;
    this.isRefused = has(fenced, effect.source);
    this.#refused = fenced;
    this.#storage = storage;
    this.write = numbers();
    this.#next = effect.offset / sectorBytes;
    this.#end = this.#next + effect.length / sectorBytes;
  }

  /** Writes what was read, then reads some more. */
  land(luck: number): void {
    if (this.isRefused) return;
    for (const leg of this.#targets) this.#writeChunk(this.#storage, leg, EVERY);
    const count = luck === LUCK_OF_ALL ? this.#end - this.#next : 1 + (luck % 3);
    this.#chunk = [];
    for (; this.#chunk.length < count && this.#next < this.#end; this.#next += 1) {
      const content = this.#storage.legs[this.effect.source]?.read(this.#next);
      this.#chunk.push(content ?? 0);
    }
  }

  end(outcome: IoOutcome, luck: number): Input {
    const { region } = this.effect;
    if (this.isRefused || (outcome !== 'ok' && luck % 2 !== 0)) {
      return { kind: 'copyEnded', region, readFailed: true, failedTargets: NO_LEGS };
    }
    const fails = chosenBy(luck);
    const targets = this.#targets;
    const failed = outcome === 'ok' ? [] : targets.filter((_, index) => fails(index));
    if (outcome !== 'ok' && failed.length === 0) failed.push(...targets);
    this.#finish(targets.filter((leg) => !failed.includes(leg)));
    const refused = this.effect.targets.filter((leg) => has(this.#refused, leg));
    const failedTargets = [...failed, ...refused].reduce(
      (mask, leg) => union(mask, maskOf(leg)),
      NO_LEGS,
    );
    return { kind: 'copyEnded', region, readFailed: false, failedTargets };
  }

  interrupt(storage: SimulatedStorage, lands: Choice): void {
    for (const leg of this.#targets) this.#writeChunk(storage, leg, lands);
  }

  get key(): string {
    return `${this.name} to ${this.effect.targets} before ${this.#next}: ${this.#chunk}`;
  }

  get #targets(): LegIndex[] {
    return this.effect.targets.filter((leg) => !has(this.#refused, leg));
  }

  #finish(targets: readonly LegIndex[]): void {
    for (const leg of targets) this.#writeChunk(this.#storage, leg, EVERY);
    this.#chunk = [];
    for (; this.#next < this.#end; this.#next += 1) {
      const content = this.#storage.legs[this.effect.source]?.read(this.#next) ?? 0;
      for (const leg of targets) this.#storage.legs[leg]?.write(this.#next, content, this.write);
    }
  }

  #writeChunk(storage: SimulatedStorage, leg: LegIndex, lands: Choice): void {
    const first = this.#next - this.#chunk.length;
    for (const [index, content] of this.#chunk.entries()) {
      if (lands(index)) storage.legs[leg]?.write(first + index, content, this.write);
    }
  }
}

export class CompareOperation implements Operation {
  readonly name: string;
  readonly key = '';
  readonly write = null;
  readonly isRefused = false;
  readonly effect: CompareRegion;
  readonly #storage: SimulatedStorage;
  readonly #refused: LegMask;

  constructor(effect: CompareRegion, storage: SimulatedStorage, fenced: LegMask) {
    this.name = `compare ${effect.region}`;
    this.effect = effect;
    this.#storage = storage;
    this.#refused = fenced;
  }

  land(): void {}

  end(outcome: IoOutcome, luck: number): Input {
    const { region, legs } = this.effect;
    const fails = chosenBy(luck);
    const unreadable = legs.filter((leg, index) => {
      return has(this.#refused, leg) || (outcome !== 'ok' && fails(index));
    });
    const readable = legs.filter((leg) => !unreadable.includes(leg));
    const difference = this.#differenceAmong(readable);
    return { kind: 'compareEnded', region, unreadable: maskOfLegs(unreadable), difference };
  }

  interrupt(): void {}

  #differenceAmong(legs: readonly LegIndex[]): RegionDifference | null {
    const { offset, length } = this.effect;
    const { sectorBytes } = this.#storage.scenario;
    const first = offset / sectorBytes;
    const sectors = Array.from({ length: length / sectorBytes }, (_, index) => first + index);
    const contentOf = (leg: LegIndex) =>
      sectors.map((sector) => this.#storage.legs[leg]?.read(sector)).join();
    const hashes = legs.map((leg) => ({ leg, sha256: contentOf(leg) }));
    const isEqual = new Set(hashes.map(({ sha256 }) => sha256)).size < 2;
    return isEqual ? null : { offset, length, hashes };
  }
}
