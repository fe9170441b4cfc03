/** What must be remembered, being written: the log, and the sidecar with the mirror's memory. */
import type { LogWrite } from '../dirty-log/dirty-log.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { Choice, Operation, TimedOperation, WriteNumbers } from './operation.ts';
import { chosenBy, EVERY } from './operation.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import { nameOfBytes } from './simulated-storage.ts';

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
