/**
 * What a mirror has learnt while it ran and must not forget: STATE_DIR/NAME.state.json.
 *
 * The dirty log says *where* legs may differ, never *which* leg is right. That is kept here:
 *
 * - `primary`: the leg that holds everything; recovery copies from it.
 * - a leg with `missesSince` has missed at least one acknowledged write since that session began.
 *   Where it misses something the log's bit is 0, so after a restart it is brought up to date by
 *   recovering every region that is not clean, and must not be the source until that is done.
 * - `logTrusted` false: the log could not be written at some point, so its bits claim too much and
 *   every region is out of sync at the next activation.
 *
 * A leg is known by its place (path and offset), not by its index. So the definition alone decides
 * which legs there are: legs may come and go in it, in one write of one file, and what the sidecar
 * remembers of those that stay remains true. Of a leg that it does not know it says that it has
 * missed everything.
 *
 * Written durably *before* the write that makes it necessary is acknowledged. A sidecar that is
 * missing or belongs to another mirror knows nothing: then the log is believed only as far as a
 * kernel would believe it, with the definition's `source` as the primary.
 */
import type { ByteCount, LegIndex, RegionCount } from '../geometry/units.ts';
import type { LegPlace } from './mirror-spec.ts';

export const SIDECAR_SCHEMA = 'mirrorctl.sidecar/3';
/** Knew legs by their index; the first knew no identities either. */
export const SIDECAR_SCHEMAS_BEFORE = ['mirrorctl.sidecar/1', 'mirrorctl.sidecar/2'] as const;

/** Before the first session: of a leg that has been part of none. */
export const SINCE_EVER = 0;

export interface LegMemory extends LegPlace {
  /** The session in which this leg first missed a write it still misses; null: it misses nothing. */
  readonly missesSince: number | null;
  /**
   * Which file or device it was when it was last opened: another one of the same name holds nothing.
   * Null: nobody looked.
   */
  readonly identity: string | null;
}

export interface Sidecar {
  readonly schema: typeof SIDECAR_SCHEMA;
  /** The definition's uuid. */
  readonly uuid: string;
  /** Counts activations, from 1. */
  readonly session: number;
  /** False after an orderly deactivation. */
  readonly open: boolean;
  /** Index in `legs`. */
  readonly primary: LegIndex;
  /** On disk in any order; once read, in the definition's. */
  readonly legs: readonly LegMemory[];
  readonly logTrusted: boolean;
  /** What the log was last resumed for: a log does not remember its own region size. */
  readonly sizeBytes: ByteCount;
  readonly regionSizeBytes: ByteCount;
  readonly regionCount: RegionCount;
}
