/**
 * What the owner wants: the definition of one mirror, as `create` writes it and `activate` reads it.
 *
 * This is also the shape of STATE_DIR/NAME.json, so it must survive JSON; the registry adds nothing
 * to it. What the mirror *learns* while it runs (sessions, failed legs) is the sidecar's, not here.
 */
import type { ByteCount, LegIndex } from '../geometry/units.ts';

export const MIRROR_SPEC_SCHEMA = 'mirrorctl.mirror/1';

/** Where a leg's data starts: a file or block device and a byte offset into it. */
export interface LegSpec {
  /** Absolute path. */
  readonly path: string;
  /** Multiple of 512. */
  readonly offsetBytes: ByteCount;
  /** Absent for a leg that neither comes nor goes. */
  readonly stage?: LegStage;
}

/**
 * `joining`: holds nothing, whatever log and sidecar say; taken away by the activation that has put
 * on record what the leg misses. `leaving`: goes as soon as the leg after it, which takes its place,
 * holds everything.
 */
export type LegStage = 'joining' | 'leaving';

/** The same bytes: a leg is known by where it is, since its index changes when others come and go. */
export function isSameLeg(one: LegPlace, other: LegPlace): boolean {
  return one.path === other.path && one.offsetBytes === other.offsetBytes;
}

export type LegPlace = Pick<LegSpec, 'path' | 'offsetBytes'>;

export type LogSpec =
  | { readonly type: 'core' }
  | {
      readonly type: 'disk';
      /** Absolute path of a file or block device. */
      readonly path: string;
      /** We made this file for this mirror, so `remove` may delete it. */
      readonly ours: boolean;
    };

/** What to believe about the legs at the next activation; null: what the log says. */
export type SyncIntent = 'sync' | 'nosync' | null;

/**
 * What to do with a log that cannot be taken as it is: null refuses it; `accept` trusts its bits
 * although it speaks of another number of regions (as the kernel does after a resize); `init`
 * starts a new log over whatever is there, so that everything is copied.
 */
export type LogIntent = 'accept' | 'init' | null;

/**
 * Which leg answers reads of regions that are in sync; other regions are read from the primary.
 * `leg:N` prefers one leg.
 */
export type ReadPolicy = 'primary' | 'round-robin' | 'queue' | `leg:${number}`;

/**
 * What becomes of writes that the dirty log should record once it cannot be written: `core`, they go on
 * and the next activation copies everything; `readonly`, they fail (dm's keep_log); `hold`, they wait
 * until it can be.
 */
export const LOG_FAILURE_POLICIES = ['core', 'readonly', 'hold'] as const;
export type LogFailurePolicy = (typeof LOG_FAILURE_POLICIES)[number];

export interface MirrorSpec {
  readonly schema: typeof MIRROR_SPEC_SCHEMA;
  readonly name: string;
  /** Random, made at create: tells this mirror's sidecar from that of an earlier namesake. */
  readonly uuid: string;
  readonly sizeBytes: ByteCount;
  readonly regionSizeBytes: ByteCount;
  /** Two to nine, in table order. */
  readonly legs: readonly LegSpec[];
  readonly log: LogSpec;
  /** The leg that held the data when the mirror was made or changed; the sidecar knows who does now. */
  readonly source: LegIndex;
  /** One-shot: the activation that acted on it sets it to null (dm repeats it at every resume). */
  readonly syncIntent: SyncIntent;
  /** One-shot, likewise. */
  readonly logIntent: LogIntent;
  /** dm's feature word. False: the primary never moves, and errors raise no event. */
  readonly handleErrors: boolean;
  /** A write that a leg failed is not answered before the owner has decided about that leg. */
  readonly holdOnFailure: boolean;
  readonly onLogFailure: LogFailurePolicy;
  readonly readPolicy: ReadPolicy;
  /** Absent until a session has begun: from then on there is a sidecar, and if not, it is lost. */
  readonly hasRun?: true;
  /** Activations write nothing, neither legs nor log, until one is told to (`--read-write`). */
  readonly readOnly: boolean;
}

/** What a mirror may be called: it becomes a file name, a socket name and an NBD export name. */
export const MIRROR_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
