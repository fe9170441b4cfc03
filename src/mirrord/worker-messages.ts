/**
 * What the main thread and the engine's worker say to each other. All of it survives a structured
 * clone; file descriptors are plain numbers, because they belong to the process.
 *
 *   main    start ──▶ worker        (as workerData)
 *           ◀── resumed, serve ──▶ serving | failed
 *           suspend ──▶ … ◀── suspended,  load ──▶ … ◀── resumed,  serve ──▶ …
 *           order ──▶ … ◀── answer,  copyLog ──▶ ◀── logCopied   (`id` pairs them)
 *           ◀── keepMemory, memoryKept ──▶
 *           stop ──▶ … ◀── stopped
 */
import type { CheckTally } from '../control-protocol/check-report.ts';
import type { IoName } from '../control-protocol/mirror-status.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import type { LogArea } from '../dirty-log/log-resume.ts';
import type { CheckOrder } from '../engine/check-order.ts';
import type { CheckLife } from '../engine/check-path.ts';
import type { MirrorEvent, MirrorMemory } from '../engine/effect.ts';
import type { RegionKnowledge } from '../engine/region-inquiry.ts';
import type { MirrorErrorCode } from '../errors/mirror-error.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { FaultLetter, LegFault } from '../mirror-set/leg-set.ts';
import type { LegKnowledge } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec, SyncIntent } from '../mirror-set/mirror-spec.ts';
import type { ListenAddress } from '../nbd-protocol/listen-address.ts';
import type { Throttle } from '../recovery/throttle.ts';
import type { IoChoice } from './data-path.ts';

/** The log before anything was written to it; the worker resumes it. */
export type LogStart =
  | { readonly type: 'core'; readonly syncIntent: SyncIntent }
  | {
      readonly type: 'disk';
      readonly device: OpenDevice;
      readonly area: Omit<LogArea, 'geometry'>;
    };

export interface EngineStart {
  readonly spec: MirrorSpec;
  readonly legs: readonly OpenDevice[];
  readonly log: LogStart;
  /** Legs that are not there; their devices are stand-ins. */
  readonly missing: readonly LegIndex[];
  /** Legs that hold nothing, whatever the log says. */
  readonly blank: readonly LegIndex[];
  readonly primary: LegIndex;
  readonly listen: readonly ListenAddress[];
  readonly readOnly: boolean;
  readonly io: IoChoice;
  /** Laid out as metrics/engine-counters.ts says. */
  readonly view: SharedArrayBuffer;
}

/**
 * Another table, for a worker that is suspended. `spec.source` is the primary. The log's whole image
 * is written anew.
 */
export interface TableLoad {
  readonly spec: MirrorSpec;
  readonly legs: readonly OpenDevice[];
  /** Null: a core log. */
  readonly log: OpenDevice | null;
  /** Leg i was leg `known[i]` in the table before; null: it is new. */
  readonly known: readonly (LegIndex | null)[];
  readonly view: SharedArrayBuffer;
}

/** What is true while nothing is in flight and no request is let in. */
export interface Suspended extends LegKnowledge {
  /** Devices that have yet to answer what was given up, so that they must not be closed. */
  readonly hanging: readonly (LegIndex | 'log')[];
}

/** What only the engine knows. */
export interface EngineSnapshot extends LegKnowledge {
  readonly inSyncRegions: number;
  readonly dirtyRegions: number;
  readonly recoveringRegions: number;
  readonly legs: readonly {
    readonly letter: FaultLetter;
    readonly errors: Readonly<Record<LegFault, number>>;
    /** Nothing is asked of it. */
    readonly isOut: boolean;
    readonly missedRegions: number;
  }[];
  readonly logFailed: boolean;
  /** Not answered before the owner decides about a leg, or brings the log back. */
  readonly heldWrites: number;
  readonly recovery: {
    readonly paused: boolean;
    readonly throttle: Throttle;
    /** That can be copied now: from a leg in service to one that misses them. */
    readonly regionsLeft: number;
    readonly bytesPerSecond: number | null;
    readonly etaSeconds: number | null;
  };
  readonly check: {
    readonly life: CheckLife;
    /** Every region of it before this one has been looked at. */
    readonly next: number;
    readonly tally: CheckTally;
    readonly throttle: Throttle;
    readonly bytesPerSecond: number | null;
    readonly etaSeconds: number | null;
  };
  /** Regions whose legs are known to differ. */
  readonly differingRegions: number;
  readonly backend: IoName;
  readonly backendReason: string;
}

/** Of one region. Ticks are those of `now`. */
export interface InquiryAnswer extends RegionKnowledge {
  readonly now: number;
  readonly bytesPerSecond: number | null;
}

export type Order =
  | { readonly order: 'snapshot' }
  | { readonly order: 'pauseRecovery' }
  | { readonly order: 'resumeRecovery' }
  | { readonly order: 'takeLegOut'; readonly leg: LegIndex }
  | { readonly order: 'letLegIn'; readonly leg: LegIndex }
  /**
   * The log's device, the same as before, can be written again: all of the log is, while every write
   * waits. Until it is done the snapshots say `logFailed`; should it fail, they go on saying so.
   */
  | { readonly order: 'reattachLog' }
  | { readonly order: 'throttleRecovery'; readonly throttle: Throttle }
  | { readonly order: 'startCheck'; readonly check: CheckOrder }
  | { readonly order: 'throttleCheck'; readonly throttle: Throttle }
  | { readonly order: 'stopCheck' };

export type ToWorker =
  | { readonly kind: 'order'; readonly id: number; readonly order: Order }
  | { readonly kind: 'copyLog'; readonly id: number }
  | { readonly kind: 'inquire'; readonly id: number; readonly region: number }
  | { readonly kind: 'memoryKept'; readonly ok: boolean }
  /** Hold what comes in, finish what is in flight. */
  | { readonly kind: 'suspend'; readonly id: number }
  | { readonly kind: 'load'; readonly table: TableLoad }
  /** What `resumed` told is durable: begin to listen, or let in what was held. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'stop' };

export interface StopReport {
  readonly logClean: boolean;
  readonly outOfSync: number;
}

/** What comes back to a message with an `id`. */
export type WorkerAnswer = Extract<FromWorker, { readonly id: number }>;

export type FromWorker =
  /**
   * The log on disk says what the engine believes; now `memory` must be kept. `logWritten` false, only
   * after a `load`: it could not be written, and `memory` says so.
   */
  | { readonly kind: 'resumed'; readonly memory: MirrorMemory; readonly logWritten: boolean }
  /** Null: something takes too long, or a check is under way; the mirror serves on. */
  | { readonly kind: 'suspended'; readonly id: number; readonly known: Suspended | null }
  /** The leg after one that is leaving holds everything; said again while that is so. */
  | { readonly kind: 'replaced' }
  | { readonly kind: 'serving'; readonly exports: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly code: MirrorErrorCode;
      readonly message: string;
      readonly hint: string;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly snapshot: EngineSnapshot }
  /** The log of one moment, header and all. */
  | { readonly kind: 'inquired'; readonly id: number; readonly found: InquiryAnswer }
  | { readonly kind: 'logCopied'; readonly id: number; readonly image: Uint8Array }
  | { readonly kind: 'keepMemory'; readonly memory: MirrorMemory }
  | { readonly kind: 'event'; readonly event: MirrorEvent }
  | ({ readonly kind: 'stopped' } & StopReport);
