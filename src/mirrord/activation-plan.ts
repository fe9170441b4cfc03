/**
 * What an activation would do, worked out before anything is written: which leg is right, what the log
 * is worth, how much will be copied and why.
 *
 *   definition ─┐
 *   sidecar ────┼─▶ plan ─▶ words for the owner, and the start of the engine
 *   log area ───┘
 *
 * Careful in one direction only: what cannot be known counts as out of sync. The source is the leg
 * that the sidecar calls primary, else the definition's; another one is taken only if the owner names
 * it, and one that missed writes only if the owner says so twice.
 */

import { DiskLog } from '../dirty-log/disk-log.ts';
import type { LogArea, LogBelief } from '../dirty-log/log-resume.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { formatBytes } from '../geometry/size-words.ts';
import type { LegIndex } from '../geometry/units.ts';
import { byteCount, regionIndex } from '../geometry/units.ts';
import type { LegSpec, MirrorSpec, SyncIntent } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';

export const HINT_FORGOTTEN =
  'name the leg that is right with --source LEG: everything is copied from it';

export interface ActivationPlan {
  readonly geometry: RegionGeometry;
  readonly primary: LegIndex;
  readonly sourcePath: string;
  /** One more than the last one that the sidecar knows of. */
  readonly session: number;
  readonly copyRegions: number;
  readonly copyBytes: number;
  /** Why so much: new log, unclean stop, … in words. */
  readonly reason: string;
  /** For a disk log, as DiskLog.resume wants it. */
  readonly area: Omit<LogArea, 'geometry'> | null;
  readonly syncIntent: SyncIntent;
  /** Legs that hold nothing, whatever the log says: new ones, other files or devices than before. */
  readonly blank: readonly LegIndex[];
}

/** `bytes`: the log area as it was read, null for a core log. */
export interface PlanInput {
  readonly spec: MirrorSpec;
  readonly sidecar: Sidecar | null;
  readonly log: {
    readonly path: string;
    readonly bytes: Uint8Array;
    readonly blockBytes: number;
  } | null;
  /** Named by the owner; null: whoever the sidecar or the definition says. */
  readonly source: LegIndex | null;
  /** Legs that hold nothing: see `blankLegs`. */
  readonly blank: readonly LegIndex[];
  /** The owner means it, even if that leg missed writes. */
  readonly confirmed: boolean;
}

export function planActivation(input: PlanInput): ActivationPlan {
  const { spec, sidecar, log } = input;
  const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const primary = sourceOf(input);
  const distrusted = sidecar !== null && !sidecar.logTrusted;
  const moved = (sidecar !== null && primary !== sidecar.primary) || input.blank.includes(primary);
  const forgotten = hasForgotten(input);
  // A leg that was not the primary may miss anything: then no bit says anything about it.
  const syncIntent = distrusted || moved || forgotten ? 'sync' : intentOf(spec, sidecar);
  const area = log === null ? null : areaOf(spec, sidecar, log, syncIntent);
  const blank = input.blank.filter((leg) => leg !== primary);
  const { basis, ...known } = estimate(geometry, area, syncIntent);
  const { copyRegions, copyBytes } = blank.length > 0 ? everything(geometry) : known;
  return {
    geometry,
    primary,
    sourcePath: spec.legs[primary]?.path ?? '',
    session: (sidecar?.session ?? 0) + 1,
    copyRegions,
    copyBytes,
    reason:
      blankReason(spec, blank) ??
      reasonFor(basis, { distrusted, moved, forgotten, unclean: sidecar?.open ?? false }),
    area,
    syncIntent,
    blank,
  };
}

/** One line for people: how much will be copied, from where, and why; or what is read from where. */
export function describePlan(
  { spec }: PlanInput,
  plan: ActivationPlan,
  readOnly = spec.readOnly,
): string {
  const { regionCount } = plan.geometry;
  const name = readOnly ? `${spec.name}: read-only` : spec.name;
  if (plan.copyRegions === 0) {
    const rest = readOnly ? '' : '; nothing to copy';
    return `${name}: all ${regionCount} regions are in sync (${plan.reason})${rest}`;
  }
  const amount = `${plan.copyRegions} of ${regionCount} regions (${formatBytes(plan.copyBytes)})`;
  const verb = readOnly ? 'are read' : 'will be copied';
  return `${name}: ${amount} ${verb} from ${plan.sourcePath}${readOnly ? ' only' : ''}: ${plan.reason}`;
}

/**
 * The mirror has run, and there is no sidecar: nobody knows any more whether its log is to be believed,
 * or which leg holds everything. Throws REGISTRY_INVALID unless the owner names the leg.
 */
function hasForgotten({ spec, sidecar, source }: PlanInput): boolean {
  if (sidecar !== null || spec.hasRun !== true) return false;
  if (source !== null) return true;
  const message = `what ${spec.name} has learnt is gone: its sidecar is missing, or another mirror's`;
  throw new MirrorError('REGISTRY_INVALID', message, { mirror: spec.name }, HINT_FORGOTTEN);
}

/**
 * An activation that was interrupted may have acted on `nosync` and found a leg to be another one: then
 * the log says what is equal, and the owner no longer does.
 */
function intentOf({ syncIntent }: MirrorSpec, sidecar: Sidecar | null): SyncIntent {
  const isRefuted = sidecar?.legs.some(({ missesSince }) => missesSince !== null) ?? false;
  return syncIntent === 'nosync' && isRefuted ? null : syncIntent;
}

function blankReason({ legs }: MirrorSpec, [leg]: readonly LegIndex[]): string | null {
  if (leg === undefined) return null;
  return `leg ${legs[leg]?.path} ${blankWords(legs[leg])}, so it holds nothing`;
}

function blankWords(leg: LegSpec | undefined): string {
  return leg?.stage === 'joining' ? 'is new' : 'is not the file or device that it was';
}

function sourceOf(input: PlanInput): LegIndex {
  const { spec, sidecar, source, confirmed, blank } = input;
  const known = sidecar?.primary ?? spec.source;
  if (blank.includes(source ?? known) && (source === null || !confirmed)) {
    throw blankSource(spec, source ?? known);
  }
  if (source === null || source === known) return known;
  const missesSince = sidecar?.legs[source]?.missesSince ?? null;
  if (missesSince !== null && !confirmed) {
    const path = spec.legs[source]?.path ?? '';
    throw new MirrorError(
      'CONFIRMATION_NEEDED',
      `leg ${path} has missed writes since session ${missesSince}: as the source it would overwrite them everywhere`,
      { leg: source, path, missesSince },
      'add --yes if that is what you want, or leave --source out',
    );
  }
  return source;
}

function blankSource({ legs }: MirrorSpec, leg: LegIndex): MirrorError {
  const path = legs[leg]?.path ?? '';
  return new MirrorError(
    'CONFIRMATION_NEEDED',
    `leg ${path} is the source, but ${blankWords(legs[leg])}`,
    { leg, path },
    `put the right one back, or name the leg to copy from: --source LEG (with --yes if it is ${path})`,
  );
}

function areaOf(
  spec: MirrorSpec,
  sidecar: Sidecar | null,
  { path, bytes, blockBytes }: NonNullable<PlanInput['log']>,
  syncIntent: SyncIntent,
): Omit<LogArea, 'geometry'> {
  return {
    path,
    bytes,
    blockBytes: byteCount(blockBytes),
    syncIntent,
    logIntent: spec.logIntent,
    remembered: sidecar,
  };
}

function everything(geometry: RegionGeometry): { copyRegions: number; copyBytes: number } {
  return { copyRegions: geometry.regionCount, copyBytes: geometry.sizeBytes };
}

type Basis = LogBelief['basis'] | 'core';

function estimate(
  geometry: RegionGeometry,
  area: Omit<LogArea, 'geometry'> | null,
  syncIntent: SyncIntent,
): { copyRegions: number; copyBytes: number; basis: Basis } {
  const all = everything(geometry);
  if (area === null) {
    return syncIntent === 'nosync'
      ? { copyRegions: 0, copyBytes: 0, basis: 'nosync' }
      : { ...all, basis: syncIntent ?? 'core' };
  }
  const resumed = DiskLog.resume({ ...area, geometry });
  if (!resumed.ok) throw resumed.error;
  const { log, found } = resumed.value;
  const copyRegions = geometry.regionCount - log.cleanCount();
  const last = regionIndex(geometry.regionCount - 1);
  const shortBy = log.isClean(last) ? 0 : geometry.regionBytes - geometry.lengthOf(last);
  const copyBytes = copyRegions * geometry.regionBytes - shortBy;
  return { copyRegions, copyBytes, basis: found.basis };
}

/** Why a log is not simply believed. */
interface Doubts {
  readonly distrusted: boolean;
  readonly moved: boolean;
  readonly forgotten: boolean;
  readonly unclean: boolean;
}

function reasonFor(basis: Basis, { distrusted, moved, forgotten, unclean }: Doubts): string {
  if (forgotten) return 'what the mirror had learnt is gone';
  if (moved) return 'another leg was named as the source';
  if (distrusted) return 'the log could not be written in the last session';
  switch (basis) {
    case 'core':
      return 'a core log forgets at every stop';
    case 'empty':
    case 'init':
      return 'the log is new';
    case 'sync':
      return 'a full copy was asked for';
    case 'nosync':
      return 'the legs were declared equal';
    case 'lvm-new':
      return 'LVM initialised the log, no kernel has used it yet';
    case 'log':
      return unclean ? 'the mirror was not shut down; the log says so' : 'the log says so';
  }
}
