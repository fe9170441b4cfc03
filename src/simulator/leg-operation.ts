/** What one leg was asked for: a read, a write, a flush. */
import type { Effect } from '../engine/effect.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { Choice, TimedOperation, WriteNumbers } from './operation.ts';
import { chosenBy, EVERY, LUCK_OF_ALL } from './operation.ts';
import type { CachedSector } from './simulated-device.ts';
import type { SimulatedStorage } from './simulated-storage.ts';

type ReadLeg = Extract<Effect, { kind: 'readLeg' }>;
type WriteLeg = Extract<Effect, { kind: 'writeLeg' }>;

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

/** Of whole blocks: what lies in them around the write is as it was when it began. */
export class WriteOperation implements TimedOperation {
  readonly name: string;
  readonly isRefused: boolean;
  readonly effect: WriteLeg;
  readonly firstSector: number;
  readonly sectorCount: number;
  readonly #storage: SimulatedStorage;
  readonly write: number;
  readonly #blocks: readonly { readonly sector: number; readonly content: number }[];
  #isLanded = false;

  get key(): string {
    const around = this.#blocks.filter(({ content }) => content !== this.effect.request);
    return [this.name, ...around.map(({ content }) => content)].join(' ');
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
    this.#blocks = this.#readBlocks(storage);
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
      for (const { sector, content } of this.#blocks) device?.writeDurably(sector, content);
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
    for (const [index, { sector, content }] of this.#blocks.entries()) {
      if (lands(index)) device?.write(sector, content, this.write);
    }
  }

  #readBlocks({ scenario, legs }: SimulatedStorage) {
    const { blockSectors } = scenario;
    const end = this.firstSector + this.sectorCount;
    const first = this.firstSector - (this.firstSector % blockSectors);
    const count = Math.ceil((end - first) / blockSectors) * blockSectors;
    return Array.from({ length: count }, (_, index) => {
      const sector = first + index;
      const isWritten = sector >= this.firstSector && sector < end;
      const { leg, request } = this.effect;
      return { sector, content: isWritten ? request : (legs[leg]?.read(sector) ?? 0) };
    });
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
