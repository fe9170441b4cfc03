/**
 * What carving found: the shape of `log carve --json` (mirrorctl.log-carve/1), and the same for people.
 * Where LVM's metadata lies in the same image, it says whose log each one is.
 */
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import type { CarvedLog } from './log-carve.ts';
import { LOG_CARVE_SCHEMA } from './log-carve.ts';
import type { MetadataCopy } from './lvm-label.ts';
import type { LvmMirror } from './lvm-layout.ts';
import type { LvmVolumeGroup } from './lvm-metadata.ts';

export interface CarvedOwner {
  readonly vg: string;
  /** The logical volume that the log lies in. */
  readonly lv: string;
  /** Bytes from that volume's start: 0 for a log that is in use. */
  readonly atBytes: number;
  /** The mirror it is the log of; null: it is nobody's log. */
  readonly mirror: LvmMirror | null;
}

export interface FoundLog {
  readonly offsetBytes: number;
  readonly score: number;
  readonly headerState: string;
  readonly version: number | null;
  readonly regionCount: number | null;
  readonly imageBytes: number | null;
  readonly cleanRegions: number | null;
  readonly dirtyRegions: number | null;
  readonly regionSizeBytes: number | null;
  readonly owner: CarvedOwner | null;
  /** Where it was extracted to. */
  readonly extractedTo: string | null;
}

export interface CarveReport {
  readonly schema: typeof LOG_CARVE_SCHEMA;
  readonly path: string;
  readonly scannedBytes: number;
  readonly volumeGroup: { readonly name: string; readonly seqno: number } | null;
  /** Every version of LVM's metadata that is still there. */
  readonly metadataCopies: readonly Omit<MetadataCopy, 'text'>[];
  readonly found: readonly FoundLog[];
}

export function foundLog(
  { log, score }: CarvedLog,
  offsetBytes: number,
  owner: CarvedOwner | null,
  extractedTo: string | null,
): FoundLog {
  const clean = log.cleanBits?.count() ?? null;
  const shown = log.cleanBits?.regionCount ?? 0;
  return {
    offsetBytes,
    score,
    headerState: log.state,
    version: log.header?.version ?? null,
    regionCount: log.bitsWanted,
    imageBytes: log.imageBytes,
    cleanRegions: clean,
    dirtyRegions: clean === null ? null : shown - clean,
    regionSizeBytes: owner?.mirror?.regionSizeBytes ?? null,
    owner,
    extractedTo,
  };
}

export function carveReport(
  path: string,
  scannedBytes: number,
  group: LvmVolumeGroup | null,
  copies: readonly MetadataCopy[],
  found: readonly FoundLog[],
): CarveReport {
  return {
    schema: LOG_CARVE_SCHEMA,
    path,
    scannedBytes,
    volumeGroup: group === null ? null : { name: group.name, seqno: group.seqno },
    metadataCopies: copies.map(({ text: _, ...copy }) => copy),
    found,
  };
}

export function describeCarving(report: CarveReport): string[] {
  const { path, found, volumeGroup, metadataCopies, scannedBytes } = report;
  const seqnos = metadataCopies.map(
    ({ seqno, current }) => `${seqno}${current ? ' (current)' : ''}`,
  );
  const lvm =
    volumeGroup === null
      ? []
      : [`volume group ${volumeGroup.name}, metadata versions ${seqnos.join(', ')}`];
  const count = found.length === 1 ? '1 log' : `${found.length} logs`;
  return [
    ...lvm,
    ...found.flatMap(describeFound),
    `${path}: ${count} in ${formatBytes(scannedBytes)}`,
  ];
}

function describeFound(found: FoundLog): string[] {
  const { offsetBytes, score, regionCount, cleanRegions, headerState, owner, extractedTo } = found;
  const regions =
    regionCount === null
      ? 'any number of regions'
      : `${formatRegions(regionCount)}, ${cleanRegions} clean`;
  const state = headerState === 'normal' ? '' : ` (${headerState})`;
  return [
    `at ${offsetBytes}, score ${score.toFixed(2)}: ${regions}${state}`,
    ...(owner === null ? [] : describeOwner(owner)),
    ...(extractedTo === null ? [] : [`  extracted to ${extractedTo}`]),
  ];
}

function describeOwner({ vg, lv, atBytes, mirror }: CarvedOwner): string[] {
  if (mirror === null) return [`  in ${vg}/${lv}, byte ${atBytes}, which is no mirror’s log`];
  const legs = mirror.legs.map(
    ({ lv: leg, pieces }) =>
      `    ${leg}: ${pieces === null ? 'not made of plain stretches' : pieces.map(({ pv, offsetBytes, lengthBytes }) => `${pv} from byte ${offsetBytes}, ${formatBytes(lengthBytes)}`).join(' + ')}`,
  );
  const region = formatBytes(mirror.regionSizeBytes);
  const notSynced = mirror.notSynced ? ', never synchronised (--nosync)' : '';
  return [
    `  the log of ${vg}/${mirror.lv}, ${formatBytes(mirror.sizeBytes)} in regions of ${region}${notSynced}; its legs:`,
    ...legs,
  ];
}
