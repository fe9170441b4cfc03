/**
 * What an owner may change about a mirror after it was made, and what its definition is afterwards.
 *
 *   add      a b      ─▶ a b c          c holds nothing yet
 *   remove   a b c    ─▶ a c
 *   replace  a b c    ─▶ a b n c        b leaves, and serves until n, right after it, holds everything;
 *                     ─▶ a n c          so n takes b's place, and the order of the others is kept
 *                                       (a leg that does not serve any more leaves at once)
 *
 * Invariant: some leg that holds everything stays, and the primary is one of those that stay. Who
 * holds everything is known to an engine, or offline to the sidecar; here is only what follows.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount, LegIndex } from '../geometry/units.ts';
import { LEG_COUNT_MAX, LEG_COUNT_MIN, legIndex } from '../geometry/units.ts';
import type { LegPlace, LegSpec, MirrorSpec, ReadPolicy } from './mirror-spec.ts';
import { isSameLeg } from './mirror-spec.ts';

export type MirrorChange =
  | { readonly change: 'addLeg'; readonly leg: LegPlace }
  | { readonly change: 'removeLeg'; readonly leg: LegPlace }
  | { readonly change: 'replaceLeg'; readonly leg: LegPlace; readonly by: LegPlace }
  | { readonly change: 'setPrimary'; readonly leg: LegPlace }
  | { readonly change: 'setReads'; readonly readPolicy: ReadPolicy }
  | { readonly change: 'resize'; readonly sizeBytes: ByteCount }
  /** Nothing of the definition changes; the log is written anew. */
  | { readonly change: 'reattachLog' };

/** What is known of the legs, as indices in the definition. */
export interface LegKnowledge {
  readonly primary: LegIndex;
  /** Legs that can be read and written. */
  readonly serving: readonly LegIndex[];
  /** Those of them that hold everything. */
  readonly complete: readonly LegIndex[];
}

/**
 * `source` of what comes out is the primary from then on. Throws USAGE, LEG_NOT_FOUND,
 * LEG_GIVEN_TWICE, LEG_NEEDED, MIRROR_BUSY or GEOMETRY_INVALID.
 */
export function changeSpec(
  spec: MirrorSpec,
  change: MirrorChange,
  known: LegKnowledge,
): MirrorSpec {
  const legs = changeLegs(spec, change, known.serving);
  const heir = heirOf(spec, change, legs, known);
  const { sizeBytes, readPolicy } = { ...spec, ...settingsOf(change) };
  RegionGeometry.of(sizeBytes, spec.regionSizeBytes);
  const kept = change.change === 'setReads' ? readPolicy : policyFor(spec, legs);
  return { ...spec, legs, sizeBytes, readPolicy: kept, source: heir };
}

/** For each leg of `after`, which leg of `before` it is; null: a new one. */
export function legsBefore(
  before: Pick<MirrorSpec, 'legs'>,
  after: Pick<MirrorSpec, 'legs'>,
): readonly (LegIndex | null)[] {
  return after.legs.map((leg) => {
    const index = before.legs.findIndex((known) => isSameLeg(known, leg));
    return index < 0 ? null : legIndex(index);
  });
}

/** The definition once it is on record what the legs that are joining miss. */
export function withoutJoining(spec: MirrorSpec): MirrorSpec {
  const legs = spec.legs.map((leg) => (leg.stage === 'joining' ? atRest(leg) : leg));
  return { ...spec, legs };
}

/** A leg that can go, since the one after it, `heir`, holds everything; null: there is none. */
export function replacedLeg(
  { legs }: Pick<MirrorSpec, 'legs'>,
  complete: readonly LegIndex[],
): LegSpec | null {
  return (
    legs.find((leg, index) => {
      return leg.stage === 'leaving' && complete.includes((index + 1) as LegIndex);
    }) ?? null
  );
}

function changeLegs(
  spec: MirrorSpec,
  change: MirrorChange,
  serving: readonly LegIndex[],
): readonly LegSpec[] {
  switch (change.change) {
    case 'addLeg':
      return [...spec.legs, newcomer(spec, change.leg)];
    case 'removeLeg':
      return removed(spec, legAt(spec, change.leg));
    case 'replaceLeg':
      return replaced(spec, legAt(spec, change.leg), newcomer(spec, change.by), serving);
    default:
      return spec.legs;
  }
}

function settingsOf(change: MirrorChange): Partial<MirrorSpec> {
  if (change.change === 'resize') return { sizeBytes: change.sizeBytes };
  return change.change === 'setReads' ? { readPolicy: change.readPolicy } : {};
}

function newcomer({ name, legs }: MirrorSpec, { path, offsetBytes }: LegPlace): LegSpec {
  const leg: LegSpec = { path, offsetBytes, stage: 'joining' };
  if (!legs.some((known) => isSameLeg(known, leg))) return leg;
  const hint = `mirrorctl status ${name} lists the legs`;
  throw new MirrorError('LEG_GIVEN_TWICE', `${path} is a leg of ${name} already`, { path }, hint);
}

function legAt({ name, legs }: MirrorSpec, leg: LegPlace): LegSpec {
  const found = legs.find((known) => isSameLeg(known, leg));
  if (found !== undefined) return found;
  const { path } = leg;
  const hint = `mirrorctl status ${name} lists the legs`;
  throw new MirrorError('LEG_NOT_FOUND', `${name} has no leg ${path}`, { path }, hint);
}

/** The leg before a newcomer that goes again has no heir any more, so it stays. */
function removed({ name, legs }: MirrorSpec, gone: LegSpec): readonly LegSpec[] {
  const left = legs.flatMap((leg, index) => {
    if (leg === gone) return [];
    return leg.stage === 'leaving' && legs[index + 1] === gone ? [atRest(leg)] : [leg];
  });
  if (left.length >= LEG_COUNT_MIN) return left;
  const message = `${name} has ${legs.length} legs, and needs ${LEG_COUNT_MIN}`;
  const hint = `mirrorctl leg replace ${name} ${gone.path} NEW, or leg add first`;
  throw new MirrorError('LEG_NEEDED', message, { path: gone.path }, hint);
}

function replaced(
  { name, legs }: MirrorSpec,
  old: LegSpec,
  fresh: LegSpec,
  serving: readonly LegIndex[],
): readonly LegSpec[] {
  const isServing = serving.some((leg) => legs[leg] === old);
  if (!isServing) return legs.map((leg) => (leg === old ? fresh : leg));
  if (old.stage === 'leaving') {
    const heir = legs[legs.indexOf(old) + 1]?.path;
    const message = `leg ${old.path} is being replaced by ${heir} already`;
    const hint = `mirrorctl leg remove ${name} ${heir} calls that off`;
    throw new MirrorError('MIRROR_BUSY', message, { path: old.path }, hint);
  }
  const { path, offsetBytes } = old;
  const leaving: LegSpec = { path, offsetBytes, stage: 'leaving' };
  return legs.flatMap((leg) => (leg === old ? [leaving, fresh] : [leg]));
}

function heirOf(
  { name, legs: before }: MirrorSpec,
  change: MirrorChange,
  legs: readonly LegSpec[],
  { primary, complete }: LegKnowledge,
): LegIndex {
  if (legs.length > LEG_COUNT_MAX) throw tooMany(name);
  const staying = complete.flatMap((leg) => {
    const index = legs.findIndex((known) => isSameLeg(known, before[leg] as LegSpec));
    return index < 0 ? [] : [legIndex(index)];
  });
  if (change.change === 'setPrimary') return promoted(name, legs, change.leg, staying);
  const stays = legs.findIndex((known) => isSameLeg(known, before[primary] as LegSpec));
  const [heir] = staying;
  if (heir === undefined && legs !== before) throw lastCopy(name, before, legs);
  return stays >= 0 ? legIndex(stays) : (heir as LegIndex);
}

function promoted(
  name: string,
  legs: readonly LegSpec[],
  wanted: LegPlace,
  staying: readonly LegIndex[],
): LegIndex {
  const index = legs.findIndex((known) => isSameLeg(known, wanted));
  const found = staying.find((leg) => leg === index);
  if (found !== undefined) return found;
  const { path } = wanted;
  const message = `leg ${path} does not hold everything, so it cannot be the primary`;
  const hint = `wait until it does: mirrorctl wait ${name} --until in-sync`;
  throw new MirrorError('LEG_NEEDED', message, { path }, hint);
}

/** A policy that prefers a leg follows it, or falls back to the usual one when it goes. */
function policyFor(
  { legs: before, readPolicy }: MirrorSpec,
  after: readonly LegSpec[],
): ReadPolicy {
  if (!readPolicy.startsWith('leg:')) return readPolicy;
  const preferred = before[Number(readPolicy.slice('leg:'.length))];
  const index = after.findIndex((leg) => preferred !== undefined && isSameLeg(leg, preferred));
  return index < 0 ? 'queue' : `leg:${index}`;
}

function atRest({ path, offsetBytes }: LegSpec): LegSpec {
  return { path, offsetBytes };
}

function tooMany(name: string): MirrorError {
  const message = `a mirror has ${LEG_COUNT_MIN} to ${LEG_COUNT_MAX} legs, and ${name} would have more`;
  const hint =
    'remove a leg first; to replace one that is out of service takes no additional place';
  return new MirrorError('USAGE', message, { mirror: name }, hint);
}

function lastCopy(
  name: string,
  before: readonly LegSpec[],
  after: readonly LegSpec[],
): MirrorError {
  const gone = before.find((leg) => !after.some((known) => isSameLeg(known, leg)));
  const path = gone?.path ?? '';
  const message = `no leg but ${path} is known to hold everything`;
  const hint = `wait until another one does: mirrorctl wait ${name} --until in-sync`;
  return new MirrorError('LEG_NEEDED', message, { path }, hint);
}
