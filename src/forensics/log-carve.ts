/**
 * Finds dirty logs in bytes of unknown origin. A log begins at a sector with the magic `72 52 69 4d`;
 * how likely it is one follows from everything around:
 *
 *   0.40  the magic at a sector's start, and a version that exists
 *   0.20  a count of regions that is one (or LVM's "all there are"), and room for their bits
 *   0.15  padding bits are 0                  what a kernel leaves
 *   0.15  bytes 16 to 1023 are all alike      what was there before, usually one byte over and over
 *   0.10  the slack is all alike, likewise
 *
 * Only the first two are needed; text that quotes the magic has neither.
 */
import {
  CLEAN_BITS_OFFSET,
  decodeLogHeader,
  HEADER_BYTES,
  isVersionKnown,
  LOG_MAGIC,
} from '../dirty-log/disk-format.ts';
import { bitsetBytes } from '../dirty-log/region-bitset.ts';
import type { ByteCount } from '../geometry/units.ts';
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { ExaminedLog, MirrorFacts } from './log-excerpt.ts';
import { examine } from './log-excerpt.ts';
import { paddingSetAt } from './plausibility-findings.ts';

export const LOG_CARVE_SCHEMA = 'mirrorctl.log-carve/1';

/** Below this it is more likely something else. */
export const SCORE_MIN = 0.5;

/** Offsets in `bytes`, which begin at a sector, where a log may begin. */
export function signaturesIn(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= bytes.length; at += SECTOR_BYTES) {
    if (view.getUint32(at, true) === LOG_MAGIC && isVersionKnown(view.getUint32(at + 4, true))) {
      found.push(at);
    }
  }
  return found;
}

export interface CarvedLog {
  readonly log: ExaminedLog;
  /** From 0 to 1, two digits. */
  readonly score: number;
}

/** Judges what begins with `bytes`; `roomBytes` is how much there is from there to the end. */
export function judgeLog(
  path: string,
  bytes: Uint8Array,
  roomBytes: number,
  blockBytes: ByteCount,
  facts: MirrorFacts,
): CarvedLog {
  const log = examine({ path, bytes, roomBytes, blockBytes }, facts);
  return { log, score: Math.round(100 * scoreOf(log)) / 100 };
}

function scoreOf(log: ExaminedLog): number {
  const { bytes, magicOk } = log;
  if (bytes.length < HEADER_BYTES || !isVersionKnown(decodeLogHeader(bytes).version)) return 0;
  const unused = areAlike(bytes.subarray(HEADER_BYTES, CLEAN_BITS_OFFSET));
  return (magicOk ? 0.4 : 0) + (unused ? 0.15 : 0) + countScore(log);
}

/** What only a count that can be one says anything about. */
function countScore({ state, ownRegionCount, bitsWanted, ...log }: ExaminedLog): number {
  const isNew = state === 'lvm-new';
  if (!isNew && (state !== 'normal' || ownRegionCount === 0)) return 0;
  const fits = (log.imageBytes ?? CLEAN_BITS_OFFSET) <= (log.roomBytes ?? 0);
  const padding = !isNew && bitsWanted !== null && paddingSetAt(log.bytes, bitsWanted) !== null;
  const bitsEnd = CLEAN_BITS_OFFSET + (bitsWanted === null ? 0 : bitsetBytes(bitsWanted));
  const slack = log.bytes.subarray(bitsEnd, log.imageBytes ?? bitsEnd);
  return (fits ? 0.2 : 0) + (padding ? 0 : 0.15) + (areAlike(slack) ? 0.1 : 0);
}

function areAlike(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === bytes[0]);
}
