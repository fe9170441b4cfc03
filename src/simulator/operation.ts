/**
 * What the engine asked for and was not answered yet, as the simulated devices go through it:
 *
 *   asked ──land──▶ some of it is on the device ──end──▶ the engine hears how it ended
 *     └───────────────────────┴──interrupt──▶ the process or the power is gone in the middle
 *
 * Landing apart from ending gives two operations every order that two devices can give them. One that
 * a fenced leg refused (fence.ts) never lands, and ends badly.
 *
 * Of one leg: leg-operation.ts. Of a region on several: region-operation.ts. Of the log and the sidecar:
 * record-operation.ts.
 */
import type { Input, IoOutcome } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedStorage } from './simulated-storage.ts';

/** Says of each sector in turn whether it is among those that an event is about. */
export type Choice = (index: number) => boolean;

export const EVERY: Choice = () => true;

/** Events with this luck choose all, or none. */
export const LUCK_OF_ALL = 0;
export const LUCK_OF_NONE = -1;

export function chosenBy(luck: number): Choice {
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
