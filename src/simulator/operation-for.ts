/** From what the engine asks for to what its devices have to do. */
import type { Effect } from '../engine/effect.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has } from '../region/leg-content.ts';
import { FlushOperation, ReadOperation, WriteOperation } from './leg-operation.ts';
import type { Operation, WriteNumbers } from './operation.ts';
import { LogOperation, MemoryOperation } from './record-operation.ts';
import { CompareOperation, CopyOperation } from './region-operation.ts';
import type { SimulatedStorage } from './simulated-storage.ts';

export interface Surroundings {
  readonly storage: SimulatedStorage;
  /** Legs that refuse everything. */
  readonly closed: LegMask;
  readonly bufferOf: (request: number) => number[];
  readonly numbers: WriteNumbers;
}

/** Null: no device has anything to do with it. */
export function operationFor(effect: Effect, around: Surroundings): Operation | null {
  const { storage, closed, bufferOf, numbers } = around;
  const isRefused = 'leg' in effect && has(closed, effect.leg);
  switch (effect.kind) {
    case 'readLeg':
      return new ReadOperation(effect, storage, isRefused, bufferOf(effect.request));
    case 'writeLeg':
      return new WriteOperation(effect, storage, isRefused, numbers);
    case 'flushLeg':
      return new FlushOperation(effect.leg, storage, isRefused);
    case 'writeLog':
      return new LogOperation(effect.write, storage, numbers);
    case 'keepMemory':
      return new MemoryOperation('memory', effect.memory, storage);
    case 'copyRegion':
      return new CopyOperation(effect, storage, closed, numbers);
    case 'compareRegion':
      return new CompareOperation(effect, storage, closed);
    default:
      return null;
  }
}
