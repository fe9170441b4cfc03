/**
 * Everything that can happen in a simulation, as data: a list of these replays a run, and leaving some
 * of them out is how a run is made shorter. An event that cannot happen is skipped.
 *
 * An operation is what the engine asked for and was not answered yet, named so that the name still
 * fits when other events are left out: `write 7 leg 1 at 12`, `flush leg 0`, `log`, `copy 3`.
 *
 * `luck` seeds whatever is random inside one event (which sectors of a failed write made it).
 */
import type { IoOutcome, WriteVerb } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';

export interface WriteEvent {
  readonly kind: WriteVerb;
  readonly request: number;
  readonly sector: number;
  readonly count: number;
  readonly fua: boolean;
}

export type SimulationEvent =
  | WriteEvent
  | {
      readonly kind: 'read';
      readonly request: number;
      readonly sector: number;
      readonly count: number;
    }
  | { readonly kind: 'flush'; readonly request: number }
  /** The device does some of the operation; the engine does not hear of it yet. */
  | { readonly kind: 'land'; readonly operation: string; readonly luck: number }
  /** The engine hears how the operation ended. */
  | {
      readonly kind: 'end';
      readonly operation: string;
      readonly outcome: IoOutcome;
      readonly luck: number;
    }
  /** It takes too long: the engine hears of a failure, and the device may still do it. */
  | { readonly kind: 'hang'; readonly operation: string }
  /** One that hung is over. */
  | {
      readonly kind: 'late';
      readonly operation: string;
      readonly outcome: IoOutcome;
      readonly luck: number;
    }
  /** A leg refuses everything until it returns. */
  | { readonly kind: 'leave'; readonly leg: LegIndex }
  | { readonly kind: 'return'; readonly leg: LegIndex }
  /** The owner knows that the leg has failed. */
  | { readonly kind: 'decide'; readonly leg: LegIndex }
  /** The log can be written again, says the owner. */
  | { readonly kind: 'reattach' }
  | { readonly kind: 'tick'; readonly by: number }
  /** The clock is wrong by so much from now on. */
  | { readonly kind: 'jump'; readonly by: number }
  | { readonly kind: 'pauseRecovery' }
  | { readonly kind: 'resumeRecovery' }
  /** Null: as fast as it can. */
  | { readonly kind: 'throttleRecovery'; readonly percent: number | null }
  /** Of all regions; what differs is copied from `repairFrom`. */
  /** A sector of a leg becomes something else, and nobody is told. */
  | { readonly kind: 'rot'; readonly leg: LegIndex; readonly sector: number }
  | { readonly kind: 'startCheck'; readonly repairFrom: LegIndex | null }
  | { readonly kind: 'stopCheck' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'crash'; readonly luck: CrashLuck };

/** What a crash leaves behind. */
export interface CrashLuck {
  /** True: the caches of the devices are lost; false: only the process died. */
  readonly power: boolean;
  /** What was in the caches survives, or not, or all but these writes of it. */
  readonly cached: 'kept' | 'lost' | 'some' | { readonly lost: readonly number[] };
  /** What was on its way reached the device, or not; or exactly these operations did. */
  readonly inFlight: 'landed' | 'lost' | 'some' | readonly string[];
  /** So many sectors of a log write on its way reached the device; null: as `inFlight` says. */
  readonly logSectors: number | null;
  /** Which of the memories that may be on disk is there. */
  readonly memory: number;
  /** A leg that is not there for the next process, or is another one; not the primary. */
  readonly gone: number | null;
  readonly swapped: number | null;
  readonly seed: number;
}

/** Nothing that was written is lost. */
export const UNHARMED: Omit<CrashLuck, 'power'> = {
  cached: 'kept',
  inFlight: 'landed',
  logSectors: null,
  memory: 0,
  gone: null,
  swapped: null,
  seed: 0,
};
