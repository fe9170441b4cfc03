/**
 * Everything the engine may ask for, as data: effects can be printed, recorded and replayed.
 *
 * The shell carries them out in the order given and reports back through `step`. Order is law in two
 * places only, and both are kept by *waiting* for an input, not by the order of this list: no data
 * write before the log write that marks its region has ended, no clean bit before the legs' flush.
 */

import type { CheckTally } from '../control-protocol/check-report.ts';
import type { LogWrite } from '../dirty-log/dirty-log.ts';
import type { ByteCount, ByteOffset, LegIndex, RegionIndex } from '../geometry/units.ts';
import type { LegFault } from '../mirror-set/leg-set.ts';
import type { LegMask } from '../region/leg-content.ts';
import type { CheckTurn, RegionDifference } from './check-order.ts';
import type { IoId, RequestId, WriteVerb } from './input.ts';

/** How a request ended, for the client; `again`: it has not, and is to be asked for once more. */
export type ReplyOutcome = 'ok' | 'ioError' | 'noSpace' | 'again';

/** What must be remembered across a restart: see mirror-set/sidecar.ts. */
export interface MirrorMemory {
  readonly primary: LegIndex;
  /** Legs that miss at least one region, or would without power. */
  readonly missing: LegMask;
  readonly logTrusted: boolean;
}

export type MirrorEvent =
  | { readonly event: 'inSync' }
  | { readonly event: 'legFailed'; readonly leg: LegIndex; readonly fault: LegFault }
  | { readonly event: 'primaryMoved'; readonly leg: LegIndex }
  | { readonly event: 'legOut'; readonly leg: LegIndex; readonly isLate: boolean }
  | { readonly event: 'legIn'; readonly leg: LegIndex }
  | { readonly event: 'logFailed' }
  | { readonly event: 'logReattached' }
  /** What could not be read of the leg is rewritten, from `region` on. */
  | { readonly event: 'repair'; readonly leg: LegIndex; readonly region: RegionIndex }
  | { readonly event: 'recoveryStarted'; readonly regions: number }
  | { readonly event: 'recoveryStalled'; readonly regions: number }
  /** Every region of the check before `next` has been looked at. */
  | { readonly event: CheckTurn; readonly next: number; readonly tally: CheckTally }
  | {
      readonly event: 'mismatch';
      readonly region: RegionIndex;
      readonly difference: RegionDifference;
      /** The check will hand it to recovery. */
      readonly repairs: boolean;
    }
  /** A check could not read these legs there. */
  | {
      readonly event: 'unreadable';
      readonly region: RegionIndex;
      readonly legs: readonly LegIndex[];
    };

/** One leg's share of a client's request: `at` is where it begins in the request's buffer. */
interface LegShare {
  readonly io: IoId;
  readonly request: RequestId;
  readonly leg: LegIndex;
  readonly offset: ByteOffset;
  readonly length: ByteCount;
  readonly at: number;
}

export type Effect =
  | ({ readonly kind: 'readLeg' } & LegShare)
  | ({ readonly kind: 'writeLeg'; readonly verb: WriteVerb } & LegShare & {
        readonly fua: boolean;
        readonly mayPunch: boolean;
      })
  /** Never two at a time to one leg. Ends as `legFlushEnded`. */
  | { readonly kind: 'flushLeg'; readonly leg: LegIndex }
  /** Never two at a time. Ends as `logWriteEnded`. */
  | { readonly kind: 'writeLog'; readonly write: LogWrite }
  /** Never two at a time. Ends as `memoryKept`, once it would survive a power cut. */
  | { readonly kind: 'keepMemory'; readonly memory: MirrorMemory }
  /** Ends as `copyEnded`. */
  | {
      readonly kind: 'copyRegion';
      readonly region: RegionIndex;
      readonly source: LegIndex;
      readonly targets: readonly LegIndex[];
      readonly offset: ByteOffset;
      readonly length: ByteCount;
    }
  /** Nobody writes to the region meanwhile. Ends as `compareEnded`. */
  | {
      readonly kind: 'compareRegion';
      readonly region: RegionIndex;
      /** Two or more. */
      readonly legs: readonly LegIndex[];
      readonly offset: ByteOffset;
      readonly length: ByteCount;
    }
  | { readonly kind: 'reply'; readonly request: RequestId; readonly outcome: ReplyOutcome }
  | { readonly kind: 'event'; readonly event: MirrorEvent }
  /** The answer to `stop`. `outOfSync`: regions that are not clean in the log because of that. */
  | { readonly kind: 'stopped'; readonly logClean: boolean; readonly outOfSync: number };
