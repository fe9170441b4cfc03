/**
 * What may be said over a mirror's control socket: one JSON line asks, one JSON line answers.
 *
 *   → {"version":1,"ask":"status"}
 *   ← {"version":1,"answer":{…}}            or  {"version":1,"error":{"code","message","hint"}}
 *
 * A line is at most `CONTROL_LINE_BYTES_MAX` long in either direction; a longer one, one that is not
 * JSON, or one of another version is answered with an error and the connection is closed. Unknown
 * keys are ignored, unknown `ask`s are refused, so that newer clients can find out.
 */
import type { MirrorErrorCode } from '../errors/mirror-error.ts';
import type { MirrorChange } from '../mirror-set/mirror-change.ts';
import type { Throttle } from '../recovery/throttle.ts';
import type { RegionState } from '../region/region-state.ts';
import type { ChangePlan } from './change-plan.ts';
import type { CheckReport } from './check-report.ts';
import type { EventFields, EventName } from './event-names.ts';
import type { MirrorStatus } from './mirror-status.ts';
import type { RegionFacts } from './region-facts.ts';

export const CONTROL_VERSION = 1;
export const CONTROL_LINE_BYTES_MAX = 64 * 1024;
/** An answer may carry the states of many regions. */
export const CONTROL_ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** A run of neighbouring regions in one state: `count` regions from `first` on. */
export interface RegionRun {
  readonly first: number;
  readonly count: number;
  readonly state: RegionState;
}

/** Runs of regions with one value each, flat: `[first, count, value, first, count, value, …]`. */
export type ValueRuns = readonly number[];

export interface MapChanges {
  /** To be named in the next request. */
  readonly version: number;
  readonly regionCount: number;
  /** Values: numbers of `REGION_STATES`. */
  readonly states: ValueRuns;
  /** Values: how often a region has been written, modulo 256. What was before the first look is not told. */
  readonly writes: ValueRuns;
  /** Values: which legs miss a region, bit i for leg i. */
  readonly missing: ValueRuns;
  /** Values: 1 where a check has found legs to differ. */
  readonly differing: ValueRuns;
}

/** Everything counts from the start of the engine; rates are differences of two readings. */
export interface CounterReading {
  readonly uptimeMs: number;
  /** In the order of `COUNTERS` (metrics/engine-counters.ts). */
  readonly counts: readonly number[];
  /** Histograms in the order of `TIMED`, buckets as metrics/latency-histogram.ts has them. */
  readonly latencies: readonly (readonly number[])[];
  readonly legs: readonly LegReading[];
}

/** What clients' requests asked of one leg, since the start of the engine. */
export interface LegReading {
  /** In the order of `LEG_COUNTERS`; `inFlight` also goes down. */
  readonly counts: readonly number[];
  /** Of every few operations only, which is enough for quantiles. */
  readonly latencies: readonly number[];
}

export const EVENT_KINDS = ['good', 'plain', 'warning', 'bad'] as const;

export interface EngineEvent {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** RFC 3339. */
  readonly at: string;
  /** How good or bad it is. */
  readonly kind: (typeof EVENT_KINDS)[number];
  readonly event: EventName;
  readonly text: string;
  readonly fields: EventFields;
}

/** The dirty log of one moment. */
export interface LogCopy {
  /** Header and all, in base64; a core log's as it would lie on disk. */
  readonly image: string;
  /** RFC 3339. */
  readonly at: string;
}

export type CheckRequest =
  | {
      readonly ask: 'startCheck';
      /** Regions `first` to before `end`. */
      readonly first: number;
      readonly end: number;
      /** A leg's index; null: nothing is repaired. */
      readonly repairFrom: number | null;
      readonly throttle: Throttle;
      /** Even if there is an unfinished one of the same kind to go on with. */
      readonly anew: boolean;
    }
  | { readonly ask: 'pauseCheck' }
  | { readonly ask: 'resumeCheck' }
  | { readonly ask: 'throttleCheck'; readonly throttle: Throttle }
  | { readonly ask: 'stopCheck' };

export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'regions'; readonly states: readonly RegionState[] | null }
  /** What of the map has changed since version `since` of it; 0: all of it. */
  | { readonly ask: 'map'; readonly since: number }
  | { readonly ask: 'counters' }
  /** What happened after the event of number `since`; 0: all that is still remembered. */
  | { readonly ask: 'events'; readonly since: number }
  | { readonly ask: 'log' }
  | { readonly ask: 'pauseRecovery' }
  | { readonly ask: 'resumeRecovery' }
  | { readonly ask: 'throttleRecovery'; readonly throttle: Throttle }
  /** What is known about one region. */
  | { readonly ask: 'why'; readonly region: number }
  /** What the last check came to, or this one so far. */
  | { readonly ask: 'check' }
  | CheckRequest
  /** Nothing is asked of the leg any more, until it is cleared; answered when that is so. */
  | { readonly ask: 'failLeg'; readonly leg: number }
  | { readonly ask: 'clearLeg'; readonly leg: number }
  /**
   * Answered when the mirror is changed; what has to be copied then, is still to be. `growLegs`:
   * image files that are too short may be lengthened. `dryRun`: only say what would be done.
   */
  | {
      readonly ask: 'change';
      readonly change: MirrorChange;
      readonly growLegs: boolean;
      readonly dryRun: boolean;
    }
  /** Answered when the log says clean, or not at all if the process dies on the way. */
  | { readonly ask: 'deactivate' };

export type ControlAnswer =
  | { readonly status: MirrorStatus }
  | {
      readonly regions: readonly RegionRun[];
      readonly regionSizeBytes: number;
      readonly sizeBytes: number;
    }
  | { readonly map: MapChanges }
  | { readonly counters: CounterReading }
  | { readonly events: readonly EngineEvent[] }
  | { readonly why: RegionFacts }
  /** Null: there was none. */
  | { readonly check: CheckReport | null }
  | { readonly log: LogCopy }
  | { readonly plan: ChangePlan }
  /** The deed is done. */
  | { readonly done: true }
  /** Deactivated; `logClean` false: some region in sync is still marked, and will be copied. */
  | {
      readonly deactivated: true;
      readonly outOfSyncRegions: number;
      readonly logClean: boolean;
    };

export interface ControlFault {
  readonly code: MirrorErrorCode;
  readonly message: string;
  readonly hint: string;
}
