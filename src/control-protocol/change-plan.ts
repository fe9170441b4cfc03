/**
 * What a change of a mirror would do, or has begun to do: said alike by a running engine and, offline,
 * from the mirror's files. It must survive JSON.
 */

export interface PlannedLeg {
  readonly path: string;
  readonly offsetBytes: number;
  /** See `LegStage`; null: neither comes nor goes. */
  readonly stage: 'joining' | 'leaving' | null;
}

/** A file that is to have `sizeBytes` bytes, more than it has. */
export interface LengthenedFile {
  readonly path: string;
  readonly sizeBytes: number;
}

export interface ChangePlan {
  /** As they will be, in the definition's order. */
  readonly legs: readonly PlannedLeg[];
  /** Index in `legs`. */
  readonly primary: number;
  readonly readPolicy: string;
  readonly sizeBytes: number;
  readonly regionCount: number;
  /** How much has to be copied afterwards, from where, and why. */
  readonly copyRegions: number;
  readonly copyBytes: number;
  readonly sourcePath: string;
  readonly reason: string;
  readonly lengthens: readonly LengthenedFile[];
  /** What would be lost, as a sentence without full stop; null: nothing. */
  readonly loss: string | null;
}
