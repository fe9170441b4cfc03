/**
 * Where the parts of LVM's mirrors lie: which logical volume owns a byte of a physical volume, and on
 * which bytes of which physical volumes a mirror's legs and its log are.
 *
 * A log may itself be a mirror ("mirrored log"): then each of its images holds the same log.
 */
import type { LvmLogicalVolume, LvmSegment, LvmVolumeGroup } from './lvm-metadata.ts';

/** A stretch of a physical volume. */
export interface LvmPiece {
  readonly pv: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

export interface LvmMirror {
  /** The logical volume that people use. */
  readonly lv: string;
  readonly sizeBytes: number;
  readonly regionSizeBytes: number;
  /** LVM was told that the legs are equal, and never copied them. */
  readonly notSynced: boolean;
  readonly legs: readonly { readonly lv: string; readonly pieces: readonly LvmPiece[] | null }[];
  /** Null: a core log. `copies`: where it lies; more than one if it is mirrored. */
  readonly log: {
    readonly lv: string;
    readonly copies: readonly (readonly LvmPiece[] | null)[];
  } | null;
}

type MirrorSegment = Extract<LvmSegment, { type: 'mirror' }>;

/** Mirrors of whole logical volumes; those that are logs of others are not listed. */
export function mirrorsIn(group: LvmVolumeGroup): LvmMirror[] {
  const mirrors = group.logicalVolumes.flatMap((lv) => {
    const [segment, ...more] = lv.segments;
    return segment?.type === 'mirror' && more.length === 0 ? [mirrorOf(group, lv, segment)] : [];
  });
  const logs = new Set(mirrors.map(({ log }) => log?.lv));
  return mirrors.filter(({ lv }) => !logs.has(lv));
}

function mirrorOf(group: LvmVolumeGroup, lv: LvmLogicalVolume, segment: MirrorSegment): LvmMirror {
  const { log } = segment;
  return {
    lv: lv.name,
    sizeBytes: segment.lengthBytes,
    regionSizeBytes: segment.regionSizeBytes,
    notSynced: lv.status.includes('NOTSYNCED'),
    legs: segment.images.map((image) => ({ lv: image, pieces: piecesOf(group, image) })),
    log: log === null ? null : { lv: log, copies: logCopies(group, log) },
  };
}

function logCopies(group: LvmVolumeGroup, log: string): (readonly LvmPiece[] | null)[] {
  const [segment] = find(group, log)?.segments ?? [];
  const holders = segment?.type === 'mirror' ? segment.images : [log];
  return holders.map((holder) => piecesOf(group, holder));
}

/** In the order of the volume's bytes; null where it is not made of plain stretches. */
export function piecesOf(group: LvmVolumeGroup, name: string): readonly LvmPiece[] | null {
  const lv = find(group, name);
  if (lv === undefined || lv.segments.length === 0) return null;
  const pieces: LvmPiece[] = [];
  let reached = 0;
  for (const segment of [...lv.segments].sort((one, other) => one.startBytes - other.startBytes)) {
    if (segment.type !== 'linear' || segment.startBytes !== reached) return null;
    const { pv, offsetBytes, lengthBytes } = segment;
    const last = pieces.at(-1);
    const continues = last?.pv === pv && last.offsetBytes + last.lengthBytes === offsetBytes;
    if (last !== undefined && continues) {
      pieces[pieces.length - 1] = { ...last, lengthBytes: last.lengthBytes + lengthBytes };
    } else {
      pieces.push({ pv, offsetBytes, lengthBytes });
    }
    reached += lengthBytes;
  }
  return pieces;
}

/** The volume that byte `offset` of a physical volume belongs to, and which of its bytes it is. */
export function ownerOf(
  group: LvmVolumeGroup,
  pv: string,
  offset: number,
): { readonly lv: string; readonly atBytes: number } | null {
  for (const lv of group.logicalVolumes) {
    for (const segment of lv.segments) {
      if (segment.type !== 'linear' || segment.pv !== pv) continue;
      const within = offset - segment.offsetBytes;
      if (within < 0 || within >= segment.lengthBytes) continue;
      return { lv: lv.name, atBytes: segment.startBytes + within };
    }
  }
  return null;
}

/** The mirror whose log `lv` is, or holds as an image of a mirrored log. */
export function mirrorOfLog(group: LvmVolumeGroup, lv: string): LvmMirror | null {
  return (
    mirrorsIn(group).find(({ log }) => {
      if (log === null) return false;
      const [segment] = find(group, log.lv)?.segments ?? [];
      return log.lv === lv || (segment?.type === 'mirror' && segment.images.includes(lv));
    }) ?? null
  );
}

function find(group: LvmVolumeGroup, name: string): LvmLogicalVolume | undefined {
  return group.logicalVolumes.find((lv) => lv.name === name);
}
