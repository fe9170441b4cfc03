/**
 * What is known before any judgement: the bytes from a log's first one on, where they come from, and
 * the mirror they are said to belong to. Nothing in this room changes them.
 *
 *   as read       header      state      regions shown
 *   ───────────── ─────────── ────────── ────────────────────────────────────────────
 *   under 16 B    none        foreign    none
 *   no magic      as found    foreign    the mirror's, if known: bits nobody vouches for
 *   version ≠1,2  as found    foreign    its own count
 *   count 2^64-1  as found    lvm-new    the mirror's, if known
 *   count >2^32-1 as found    foreign    the mirror's, if known
 *   otherwise     as found    normal     its own count
 *
 * Bits past the end of what was read are not shown: a count alone reserves no memory.
 */
import type { LogHeader } from '../dirty-log/disk-format.ts';
import {
  CLEAN_BITS_OFFSET,
  decodeLogHeader,
  HEADER_BYTES,
  isVersionKnown,
  LOG_MAGIC,
  LVM_NEW_REGION_COUNT,
  logImageBytes,
  plausibleRegionCount,
} from '../dirty-log/disk-format.ts';
import type { LogArea } from '../dirty-log/log-resume.ts';
import { bitsetBytes, RegionBitset } from '../dirty-log/region-bitset.ts';
import type { ByteCount, RegionCount } from '../geometry/units.ts';
import { byteCount, regionCount } from '../geometry/units.ts';

export interface LogExcerpt {
  /** For messages and reports. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** How much room there is from the log's first byte on; null: unknown, as in a pipe. */
  readonly roomBytes: number | null;
  /** Logical block size of the device the log lies on. */
  readonly blockBytes: ByteCount;
}

/** What somebody says about the mirror; each part may be unknown. */
export interface MirrorFacts {
  readonly sizeBytes: ByteCount | null;
  readonly regionSizeBytes: ByteCount | null;
  /** Who says so, in words: "the definition of m0", "--region-size". */
  readonly source: string | null;
  /** What the next activation would be told besides the log. */
  readonly intents: Pick<LogArea, 'syncIntent' | 'logIntent' | 'remembered'>;
  /** An activation would write nothing. */
  readonly readOnly: boolean;
  /** What the mirror remembers of its last session; null: nothing. */
  readonly memory: MirrorMemory | null;
}

export interface MirrorMemory {
  /** It was not deactivated in order, or is active. */
  readonly open: boolean;
  /** False: the log could not be written at some point. */
  readonly logTrusted: boolean;
  /** Legs that lack writes which others have, ascending. */
  readonly legsThatMiss: readonly number[];
}

export const NO_FACTS: MirrorFacts = {
  sizeBytes: null,
  regionSizeBytes: null,
  source: null,
  intents: { syncIntent: null, logIntent: null, remembered: null },
  readOnly: false,
  memory: null,
};

export type HeaderState = 'normal' | 'lvm-new' | 'foreign';

export interface ExaminedLog extends LogExcerpt {
  /** Null: shorter than a header. */
  readonly header: LogHeader | null;
  readonly magicOk: boolean;
  readonly state: HeaderState;
  /** The regions the header speaks of; null where it names no number that could be one. */
  readonly ownRegionCount: RegionCount | null;
  /** The mirror's regions, where its size and region size are known. */
  readonly mirrorRegionCount: RegionCount | null;
  /** A copy of the bits, `bitsWanted` of them or as many as were read; null: nobody says how many. */
  readonly cleanBits: RegionBitset | null;
  readonly bitsWanted: RegionCount | null;
  readonly imageBytes: ByteCount | null;
}

/** How many bytes from a log's first one on it takes to say everything about it. */
export function excerptBytes(
  start: Uint8Array,
  blockBytes: ByteCount,
  facts: MirrorFacts,
): ByteCount {
  const header = start.length < HEADER_BYTES ? null : decodeLogHeader(start);
  const own = header?.magic === LOG_MAGIC ? plausibleRegionCount(header.regionCount) : null;
  const most = Math.max(own ?? 0, mirrorRegionsOf(facts) ?? 0);
  return byteCount(Math.max(EXCERPT_BYTES_MIN, logImageBytes(regionCount(most), blockBytes)));
}

/** Holds the signatures of everything else that might lie here instead. */
const EXCERPT_BYTES_MIN = 128 * 1024;

export function examine(excerpt: LogExcerpt, facts: MirrorFacts): ExaminedLog {
  const { bytes, blockBytes } = excerpt;
  const header = bytes.length < HEADER_BYTES ? null : decodeLogHeader(bytes);
  const magicOk = header?.magic === LOG_MAGIC;
  const isLvmNew = magicOk && header?.regionCount === LVM_NEW_REGION_COUNT;
  const ownRegionCount =
    header !== null && magicOk ? plausibleRegionCount(header.regionCount) : null;
  const known = magicOk && header !== null && isVersionKnown(header.version);
  const mirrorRegionCount = mirrorRegionsOf(facts);
  const bitsWanted = ownRegionCount ?? mirrorRegionCount;
  return {
    ...excerpt,
    header,
    magicOk,
    state: headerState(known, isLvmNew, ownRegionCount),
    ownRegionCount,
    mirrorRegionCount,
    bitsWanted,
    cleanBits: bitsWanted === null ? null : bitsRead(bytes, bitsWanted),
    imageBytes: bitsWanted === null ? null : logImageBytes(bitsWanted, blockBytes),
  };
}

function headerState(known: boolean, isLvmNew: boolean, own: RegionCount | null): HeaderState {
  if (!known) return 'foreign';
  if (isLvmNew) return 'lvm-new';
  return own === null ? 'foreign' : 'normal';
}

function mirrorRegionsOf({ sizeBytes, regionSizeBytes }: MirrorFacts): RegionCount | null {
  if (sizeBytes === null || regionSizeBytes === null) return null;
  return regionCount(Math.ceil(sizeBytes / regionSizeBytes));
}

function bitsRead(bytes: Uint8Array, wanted: RegionCount): RegionBitset {
  const present = Math.max(0, bytes.length - CLEAN_BITS_OFFSET);
  const count = regionCount(Math.min(wanted, present * 8));
  const copy = new Uint8Array(bitsetBytes(count));
  copy.set(bytes.subarray(CLEAN_BITS_OFFSET, CLEAN_BITS_OFFSET + Math.min(copy.length, present)));
  return new RegionBitset(count, copy);
}
