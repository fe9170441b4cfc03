/**
 * What mirrorctl says about a mirror: the wire shape of `status --json` (mirrorctl.status/1) and of
 * the running engine's answer, one and the same, so that screen, script and socket cannot disagree.
 *
 * It must survive JSON. A field is never renamed or given a new meaning, only added. Unknown is
 * null, never 0.
 */

import type { CheckStatus } from './check-report.ts';

export const STATUS_SCHEMA = 'mirrorctl.status/1';

/**
 * One letter per leg, the worst failure so far, as `dmsetup status` prints it (Linux 6.12
 * drivers/md/dm-raid1.c, `device_status_char`): alive, flush, dead (write), sync, read, unknown.
 */
export type LegLetter = 'A' | 'F' | 'D' | 'S' | 'R' | 'U';
export type LogLetter = 'A' | 'D' | 'F' | 'U';

export const LEG_STATE_OF_LETTER = {
  A: 'alive',
  F: 'flush-failed',
  D: 'write-failed',
  S: 'sync-failed',
  R: 'read-failed',
  U: 'unknown',
} as const satisfies Record<LegLetter, string>;

/** A leg that nothing is asked of has the letter D, and a word of its own: gone, or taken out. */
export const OUT_OF_SERVICE = ['missing', 'out'] as const;

export const LOG_STATE_OF_LETTER = {
  A: 'alive',
  D: 'write-failed',
  F: 'flush-failed',
  U: 'unknown',
} as const satisfies Record<LogLetter, string>;

export interface LegStatus {
  readonly index: number;
  readonly path: string;
  readonly offsetBytes: number;
  /** Answers reads of regions that are out of sync, and feeds recovery. */
  readonly primary: boolean;
  readonly state: (typeof LEG_STATE_OF_LETTER)[LegLetter] | (typeof OUT_OF_SERVICE)[number];
  readonly letter: LegLetter;
  /** Error counts of this session; null while the mirror is not active. */
  readonly readErrors: number | null;
  readonly writeErrors: number | null;
  readonly syncErrors: number | null;
  readonly flushErrors: number | null;
}

export interface LogStatus {
  readonly type: 'core' | 'disk';
  readonly path: string | null;
  readonly state: (typeof LOG_STATE_OF_LETTER)[LogLetter];
  readonly letter: LogLetter;
}

export interface RecoveryStatus {
  readonly active: boolean;
  readonly paused: boolean;
  readonly doneRegions: number | null;
  readonly totalRegions: number;
  readonly bytesPerSecond: number | null;
  readonly etaSeconds: number | null;
  /** `{percent}` of time or `{bytesPerSecond}`; null: not throttled. */
  readonly throttle: { readonly percent: number } | { readonly bytesPerSecond: number } | null;
}

/** How bytes reach the legs: Node's own calls, or a ring shared with the kernel. */
export type IoName = 'fs' | 'uring';

export interface IoStatus {
  readonly backend: IoName | null;
  /** Why this backend and no other, in words. */
  readonly backendReason: string | null;
  readonly reads: number | null;
  readonly writes: number | null;
  readonly readBytes: number | null;
  readonly writeBytes: number | null;
  readonly flushes: number | null;
  readonly logFlushes: number | null;
  readonly logWriteBytes: number | null;
  readonly connections: number | null;
}

/** Of a mirror without an engine: nothing of it is known. */
export const NO_IO: IoStatus = {
  backend: null,
  backendReason: null,
  reads: null,
  writes: null,
  readBytes: null,
  writeBytes: null,
  flushes: null,
  logFlushes: null,
  logWriteBytes: null,
  connections: null,
};

export type Health = 'ok' | 'degraded' | 'failed' | 'unknown';
export type Activity = 'idle' | 'recovering' | 'paused' | 'checking';

export interface MirrorStatus {
  readonly name: string;
  readonly active: boolean;
  readonly pid: number | null;
  readonly health: Health;
  readonly activity: Activity;
  readonly sizeBytes: number;
  readonly regionSizeBytes: number;
  readonly regionCount: number;
  /** Of an inactive mirror: what the log says, null with a core log. */
  readonly inSyncRegions: number | null;
  /** In sync, but marked in the log: a write is, or was lately, in flight. */
  readonly dirtyRegions: number | null;
  readonly recoveringRegions: number | null;
  readonly legs: readonly LegStatus[];
  readonly log: LogStatus;
  readonly recovery: RecoveryStatus;
  /** The last check of the legs, or the one under way; null: there was none. */
  readonly check: CheckStatus | null;
  /** In which a check found legs to differ, and nothing has been done about it. */
  readonly mismatchedRegions: number | null;
  /** NBD URIs. */
  readonly exports: readonly string[];
  readonly io: IoStatus;
  /** What is wrong and what to do about it; empty strings when nothing is. */
  readonly attention: { readonly status: string; readonly action: string };
}

export interface StatusDocument {
  readonly schema: typeof STATUS_SCHEMA;
  /** RFC 3339. */
  readonly observedAt: string;
  readonly mirrors: readonly MirrorStatus[];
  /** Mirrors of which nothing can be said, and why: most often a damaged definition. */
  readonly invalid: readonly {
    readonly name: string;
    readonly error: { readonly code: string; readonly message: string; readonly hint: string };
  }[];
}
