/**
 * Everything that can happen to a mirror. The engine has no other way in: what is not here cannot
 * influence it, so a list of inputs replays a run exactly.
 *
 * Requests are named by the shell (`request`), legs' I/O by the engine (`io`, from an effect).
 */
import type { ByteCount, ByteOffset, LegIndex, RegionIndex } from '../geometry/units.ts';
import type { Throttle } from '../recovery/throttle.ts';
import type { LegMask } from '../region/leg-content.ts';
import type { CheckOrder, RegionDifference } from './check-order.ts';

/** Names a client's request for as long as the engine holds it; small, reused. */
export type RequestId = number;
/** Names one I/O to one leg; small, reused. */
export type IoId = number;

/** How an I/O ended. After a failure the leg may hold any part of what was written. */
export type IoOutcome = 'ok' | 'failed' | 'noSpace';

export type WriteVerb = 'write' | 'zero' | 'discard';

/** All three change the data, and are alike to the engine. */
export interface WriteInput {
  readonly kind: WriteVerb;
  readonly request: RequestId;
  readonly offset: ByteOffset;
  readonly length: ByteCount;
  readonly fua: boolean;
  /** `zero`: the range may become a hole. */
  readonly mayPunch: boolean;
}

export type Input =
  /** Ranges lie within the mirror and are not empty; `step` breaks an invariant otherwise. */
  | {
      readonly kind: 'read';
      readonly request: RequestId;
      readonly offset: ByteOffset;
      readonly length: ByteCount;
    }
  | WriteInput
  | { readonly kind: 'flush'; readonly request: RequestId }
  | { readonly kind: 'legIoEnded'; readonly io: IoId; readonly outcome: IoOutcome }
  | { readonly kind: 'legFlushEnded'; readonly leg: LegIndex; readonly outcome: IoOutcome }
  | { readonly kind: 'logWriteEnded'; readonly outcome: IoOutcome }
  | { readonly kind: 'memoryKept'; readonly outcome: IoOutcome }
  | {
      readonly kind: 'copyEnded';
      readonly region: RegionIndex;
      /** The source could not be read; nothing is known of the targets. */
      readonly readFailed: boolean;
      readonly failedTargets: LegMask;
    }
  /**
   * Nothing is asked of the leg from now on. What it was asked before ends soon, badly if it must; what
   * was given up may still reach it, so it comes back only when that is over.
   */
  | {
      readonly kind: 'legOut';
      readonly leg: LegIndex;
      /** It has not answered in time. */
      readonly isLate?: boolean;
    }
  | { readonly kind: 'legIn'; readonly leg: LegIndex }
  | {
      readonly kind: 'compareEnded';
      readonly region: RegionIndex;
      readonly unreadable: LegMask;
      /** Among the legs that could be read; null: they are equal. */
      readonly difference: RegionDifference | null;
    }
  | { readonly kind: 'tick'; readonly now: number }
  | OwnerOrder;

/** What the owner has asked for. */
export type OwnerOrder =
  | { readonly kind: 'pauseRecovery' }
  | { readonly kind: 'resumeRecovery' }
  | { readonly kind: 'throttleRecovery'; readonly throttle: Throttle }
  | { readonly kind: 'startCheck'; readonly check: CheckOrder }
  | { readonly kind: 'throttleCheck'; readonly throttle: Throttle }
  | { readonly kind: 'stopCheck' }
  /** The owner knows of the leg's failure: nothing is held because of it any longer. */
  | { readonly kind: 'legDecided'; readonly leg: LegIndex }
  /**
   * Whoever is held, for whatever the owner has to do, is answered `again`, as when dm is suspended
   * without a flush: he is to ask the engine that comes after this one, or this one once more.
   */
  | { readonly kind: 'giveBack' }
  /** The owner will do nothing more about legs and log: whoever is held for that fails, now and later. */
  | { readonly kind: 'giveUp' }
  /** A log that failed can be written again, on whatever device: everything it should say is written. */
  | { readonly kind: 'logReattached' }
  /** No further requests will come; finish, flush, clean the log, then say `stopped`. */
  | { readonly kind: 'stop' };
