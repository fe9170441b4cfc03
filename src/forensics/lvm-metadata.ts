/**
 * A volume group as its metadata text describes it, as far as mirrors are concerned: physical volumes,
 * logical volumes, their segments. What is not understood is kept as a segment of another type, so
 * that whoever needs it can say why it cannot be mapped.
 *
 * Sizes in the text are sectors and extents; here they are bytes.
 */
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { LvmSection, LvmValue } from './lvm-text.ts';
import { parseLvmText } from './lvm-text.ts';

export interface LvmPhysicalVolume {
  readonly name: string;
  readonly id: string;
  /** Where LVM last saw it; a hint only. */
  readonly device: string;
  /** First byte of the first extent. */
  readonly startBytes: number;
  readonly extentCount: number;
}

export type LvmSegment = {
  /** In bytes of the logical volume. */
  readonly startBytes: number;
  readonly lengthBytes: number;
} & (
  | { readonly type: 'linear'; readonly pv: string; readonly offsetBytes: number }
  | {
      readonly type: 'mirror';
      /** Null: a core log. */
      readonly log: string | null;
      readonly regionSizeBytes: number;
      /** Logical volumes, leg 0 first. */
      readonly images: readonly string[];
    }
  | { readonly type: 'other'; readonly kind: string }
);

export interface LvmLogicalVolume {
  readonly name: string;
  readonly id: string;
  /** LVM's words: NOTSYNCED, VISIBLE, … */
  readonly status: readonly string[];
  readonly segments: readonly LvmSegment[];
}

export interface LvmVolumeGroup {
  readonly name: string;
  readonly id: string;
  readonly seqno: number;
  readonly extentBytes: number;
  readonly physicalVolumes: readonly LvmPhysicalVolume[];
  readonly logicalVolumes: readonly LvmLogicalVolume[];
}

/** What the text does not say although it should. */
export class LvmMetadataFault extends Error {
  override readonly name = 'LvmMetadataFault';
}

/** Throws LvmTextFault or LvmMetadataFault. */
export function volumeGroupIn(text: string): LvmVolumeGroup {
  const [name, group] =
    Object.entries(parseLvmText(text)).find(([, value]) => isSection(value)) ?? [];
  if (name === undefined || group === undefined || !isSection(group)) {
    throw new LvmMetadataFault('there is no volume group in it');
  }
  const extentBytes = numberAt(group, 'extent_size') * SECTOR_BYTES;
  const physicalVolumes = sectionsAt(group, 'physical_volumes').map(([pv, section]) => ({
    name: pv,
    id: textAt(section, 'id'),
    device: optionalTextAt(section, 'device') ?? '',
    startBytes: numberAt(section, 'pe_start') * SECTOR_BYTES,
    extentCount: numberAt(section, 'pe_count'),
  }));
  const starts = new Map(physicalVolumes.map((pv) => [pv.name, pv.startBytes]));
  return {
    name,
    id: textAt(group, 'id'),
    seqno: numberAt(group, 'seqno'),
    extentBytes,
    physicalVolumes,
    logicalVolumes: sectionsAt(group, 'logical_volumes').map(([lv, section]) => ({
      name: lv,
      id: textAt(section, 'id'),
      status: [...textsAt(section, 'status'), ...textsAt(section, 'flags')],
      segments: Object.entries(section)
        .filter(([key, value]) => /^segment\d+$/.test(key) && isSection(value))
        .map(([, value]) => segmentIn(value as LvmSection, extentBytes, starts)),
    })),
  };
}

function segmentIn(
  section: LvmSection,
  extentBytes: number,
  starts: ReadonlyMap<string, number>,
): LvmSegment {
  const place = {
    startBytes: numberAt(section, 'start_extent') * extentBytes,
    lengthBytes: numberAt(section, 'extent_count') * extentBytes,
  };
  const kind = textAt(section, 'type');
  if (kind === 'striped' && numberAt(section, 'stripe_count') === 1) {
    const [pv = '', extent = 0] = pairsAt(section, 'stripes')[0] ?? [];
    const start = starts.get(pv);
    if (start === undefined) throw new LvmMetadataFault(`there is no physical volume ${pv}`);
    return { ...place, type: 'linear', pv, offsetBytes: start + extent * extentBytes };
  }
  if (kind === 'mirror') {
    return {
      ...place,
      type: 'mirror',
      log: optionalTextAt(section, 'mirror_log'),
      regionSizeBytes: numberAt(section, 'region_size') * SECTOR_BYTES,
      images: pairsAt(section, 'mirrors').map(([image]) => image),
    };
  }
  return { ...place, type: 'other', kind };
}

function isSection(value: LvmValue | undefined): value is LvmSection {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sectionsAt(section: LvmSection, key: string): [string, LvmSection][] {
  const value = section[key];
  if (value === undefined) return [];
  if (!isSection(value)) throw new LvmMetadataFault(`${key} is no section`);
  return Object.entries(value).filter((entry): entry is [string, LvmSection] =>
    isSection(entry[1]),
  );
}

/** Sizes and counts: never negative, and exact. */
function numberAt(section: LvmSection, key: string): number {
  const value = section[key];
  if (typeof value === 'number' && value >= 0 && value <= COUNT_MAX) return value;
  throw new LvmMetadataFault(`${key} is no size`);
}

/** In sectors or extents, far beyond any device, and safe to multiply by an extent's size. */
const COUNT_MAX = 2 ** 40;

function textAt(section: LvmSection, key: string): string {
  const value = section[key];
  if (typeof value === 'string') return value;
  throw new LvmMetadataFault(`${key} is no text`);
}

function optionalTextAt(section: LvmSection, key: string): string | null {
  return section[key] === undefined ? null : textAt(section, key);
}

function textsAt(section: LvmSection, key: string): string[] {
  const value = section[key];
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is string => typeof item === 'string');
}

/** `["pv0", 0, "pv1", 12]` as pairs. */
function pairsAt(section: LvmSection, key: string): [string, number][] {
  const value = section[key];
  if (!Array.isArray(value)) throw new LvmMetadataFault(`${key} is no list`);
  const pairs: [string, number][] = [];
  for (let at = 0; at + 1 < value.length; at += 2) {
    const [name, extent] = [value[at], value[at + 1]];
    if (typeof name !== 'string' || typeof extent !== 'number' || extent < 0) {
      throw new LvmMetadataFault(`${key} does not pair names with extents`);
    }
    pairs.push([name, extent]);
  }
  return pairs;
}
