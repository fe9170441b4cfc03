/** Reads an image from one end to the other in search of logs, and asks LVM's metadata whose they are. */
import type { EvidenceFile } from '../devices/evidence-file.ts';
import type { CarvedOwner } from '../forensics/carve-report.ts';
import type { CarvedLog } from '../forensics/log-carve.ts';
import { judgeLog, SCORE_MIN, signaturesIn } from '../forensics/log-carve.ts';
import type { MirrorFacts } from '../forensics/log-excerpt.ts';
import { excerptBytes, NO_FACTS } from '../forensics/log-excerpt.ts';
import type { MetadataCopy } from '../forensics/lvm-label.ts';
import { findLvmLabel, LABEL_BYTES, metadataCopiesIn } from '../forensics/lvm-label.ts';
import { mirrorOfLog, ownerOf } from '../forensics/lvm-layout.ts';
import type { LvmPhysicalVolume, LvmVolumeGroup } from '../forensics/lvm-metadata.ts';
import { LvmMetadataFault, volumeGroupIn } from '../forensics/lvm-metadata.ts';
import { LvmTextFault } from '../forensics/lvm-text.ts';
import { byteCount } from '../geometry/units.ts';
import { BytePace } from './byte-pace.ts';
import type { Outside } from './outside.ts';
import type { Progress } from './progress.ts';

export interface LvmEvidence {
  readonly pvId: string;
  readonly copies: readonly MetadataCopy[];
  /** Null where no copy can be read. */
  readonly group: LvmVolumeGroup | null;
  /** False: the one that LVM would use cannot be read, or nothing says which it is. */
  readonly isCurrent: boolean;
  /** This image among the group's physical volumes. */
  readonly pv: LvmPhysicalVolume | null;
}

/** Areas are 1 MiB unless someone wanted more; a damaged label may claim anything. */
const AREA_BYTES_MAX = 256 * 1024 * 1024;

/** Null where the image is no physical volume. */
export function readLvm(file: EvidenceFile): LvmEvidence | null {
  const label = findLvmLabel(file.read(0, LABEL_BYTES));
  if (label === null) return null;
  const copies = label.metadataAreas.flatMap(({ offset, length }) =>
    offset >= file.sizeBytes
      ? []
      : metadataCopiesIn(file.read(offset, Math.min(length, AREA_BYTES_MAX)), offset),
  );
  const { group, isCurrent } = newestGroup(copies);
  const pv = group?.physicalVolumes.find(({ id }) => id === label.pvId) ?? null;
  return { pvId: label.pvId, copies, group, isCurrent, pv };
}

/** The current one; where that is damaged, the newest that is not. */
function newestGroup(copies: readonly MetadataCopy[]): Pick<LvmEvidence, 'group' | 'isCurrent'> {
  const byTrust = [...copies].sort(
    (one, other) => Number(other.current) - Number(one.current) || other.seqno - one.seqno,
  );
  for (const { text, current } of byTrust) {
    try {
      return { group: volumeGroupIn(text), isCurrent: current };
    } catch (error) {
      // The next older one may be whole.
      if (!(error instanceof LvmTextFault || error instanceof LvmMetadataFault)) throw error;
    }
  }
  return { group: null, isCurrent: false };
}

export interface CarvedPlace extends CarvedLog {
  readonly offsetBytes: number;
  readonly owner: CarvedOwner | null;
}

const CHUNK_BYTES = 8 * 1024 * 1024;

/** Every log that scores enough, by place. Ends with what the interruption says. */
export async function* carve(
  outside: Outside,
  file: EvidenceFile,
  lvm: LvmEvidence | null,
  extentsOnly: boolean,
  progress: Progress,
): AsyncGenerator<CarvedPlace> {
  const interruption = outside.interruption();
  /** A signal is only noticed while we wait. */
  const breathe = async () => {
    await outside.sleep(0);
    if (interruption.aborted) throw interruption.reason;
  };
  const pace = new BytePace(file.sizeBytes, 0, outside.now().getTime());
  let reached = 0;
  try {
    for (const { at, length } of looks(file, lvm, extentsOnly)) {
      for (const offset of signaturesIn(file.read(at, length))) {
        await breathe();
        const place = judge(file, lvm, at + offset);
        if (place.score >= SCORE_MIN) yield place;
      }
      progress.show(pace.passed(at + length - reached, outside.now().getTime()));
      reached = at + length;
      await breathe();
    }
  } finally {
    progress.end();
  }
}

const SECTOR = 512;

/** Everything, or with `extentsOnly` the first sector of each of LVM's extents. */
function* looks(file: EvidenceFile, lvm: LvmEvidence | null, extentsOnly: boolean) {
  const { group, pv } = lvm ?? { group: null, pv: null };
  if (!extentsOnly || group === null || pv === null) {
    for (let at = 0; at < file.sizeBytes; at += CHUNK_BYTES) yield { at, length: CHUNK_BYTES };
    return;
  }
  for (let extent = 0; extent < pv.extentCount; extent += 1) {
    yield { at: pv.startBytes + extent * group.extentBytes, length: SECTOR };
  }
}

function judge(file: EvidenceFile, lvm: LvmEvidence | null, offsetBytes: number): CarvedPlace {
  const owner = carvedOwner(lvm, offsetBytes);
  const facts = factsOf(owner);
  const start = file.read(offsetBytes, SECTOR);
  const bytes = file.read(offsetBytes, excerptBytes(start, file.blockBytes, facts));
  const roomBytes = file.sizeBytes - offsetBytes;
  const carved = judgeLog(file.path, bytes, roomBytes, file.blockBytes, facts);
  return { ...carved, offsetBytes, owner };
}

function carvedOwner(lvm: LvmEvidence | null, offsetBytes: number): CarvedOwner | null {
  const { group, pv } = lvm ?? { group: null, pv: null };
  if (group === null || pv === null) return null;
  const owner = ownerOf(group, pv.name, offsetBytes);
  if (owner === null) return null;
  const mirror = owner.atBytes === 0 ? mirrorOfLog(group, owner.lv) : null;
  return { vg: group.name, ...owner, mirror };
}

function factsOf(owner: CarvedOwner | null): MirrorFacts {
  if (owner?.mirror == null) return NO_FACTS;
  const { sizeBytes, regionSizeBytes } = owner.mirror;
  return {
    ...NO_FACTS,
    sizeBytes: byteCount(sizeBytes),
    regionSizeBytes: byteCount(regionSizeBytes),
    source: 'LVM’s metadata',
  };
}
