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
import type { Throttle } from '../recovery/throttle.ts';
import type { RegionState } from '../region/region-state.ts';
import type { MirrorStatus } from './mirror-status.ts';

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

export type ControlRequest =
  | { readonly ask: 'status' }
  | { readonly ask: 'regions'; readonly states: readonly RegionState[] | null }
  | { readonly ask: 'pauseRecovery' }
  | { readonly ask: 'resumeRecovery' }
  | { readonly ask: 'throttleRecovery'; readonly throttle: Throttle }
  /** Answered when the log says clean, or not at all if the process dies on the way. */
  | { readonly ask: 'deactivate' };

export type ControlAnswer =
  | { readonly status: MirrorStatus }
  | {
      readonly regions: readonly RegionRun[];
      readonly regionSizeBytes: number;
      readonly sizeBytes: number;
    }
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
