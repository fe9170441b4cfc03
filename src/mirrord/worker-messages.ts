/**
 * What the main thread and the engine's worker say to each other. All of it survives a structured
 * clone; file descriptors are plain numbers, because they belong to the process.
 *
 *   main    start ──▶ worker        (as workerData)
 *           ◀── resumed, serve ──▶ serving | failed
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
import type { MirrorErrorCode } from '../errors/mirror-error.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { FaultLetter, LegFault } from '../mirror-set/leg-set.ts';
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

/** What only the engine knows. */
export interface EngineSnapshot {
  readonly primary: number;
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

export type Order =
  | { readonly order: 'snapshot' }
  | { readonly order: 'pauseRecovery' }
  | { readonly order: 'resumeRecovery' }
  | { readonly order: 'takeLegOut'; readonly leg: LegIndex }
  | { readonly order: 'letLegIn'; readonly leg: LegIndex }
  | { readonly order: 'throttleRecovery'; readonly throttle: Throttle }
  | { readonly order: 'startCheck'; readonly check: CheckOrder }
  | { readonly order: 'throttleCheck'; readonly throttle: Throttle }
  | { readonly order: 'stopCheck' };

export type ToWorker =
  | { readonly kind: 'order'; readonly id: number; readonly order: Order }
  | { readonly kind: 'copyLog'; readonly id: number }
  | { readonly kind: 'memoryKept'; readonly ok: boolean }
  /** What `resumed` told is durable: begin to listen. */
  | { readonly kind: 'serve' }
  | { readonly kind: 'stop' };

export interface StopReport {
  readonly logClean: boolean;
  readonly outOfSync: number;
}

/** What comes back to a message with an `id`. */
export type WorkerAnswer = Extract<FromWorker, { readonly id: number }>;

export type FromWorker =
  /** The log on disk says what the engine believes; now `memory` must be kept. */
  | { readonly kind: 'resumed'; readonly memory: MirrorMemory }
  | { readonly kind: 'serving'; readonly exports: readonly string[] }
  | {
      readonly kind: 'failed';
      readonly code: MirrorErrorCode;
      readonly message: string;
      readonly hint: string;
    }
  | { readonly kind: 'answer'; readonly id: number; readonly snapshot: EngineSnapshot }
  /** The log of one moment, header and all. */
  | { readonly kind: 'logCopied'; readonly id: number; readonly image: Uint8Array }
  | { readonly kind: 'keepMemory'; readonly memory: MirrorMemory }
  | { readonly kind: 'event'; readonly event: MirrorEvent }
  | ({ readonly kind: 'stopped' } & StopReport);
