/**
 * What a dirty log says, as a report: the shape of `log dump --json` (mirrorctl.log/1). A field is
 * never renamed or given a new meaning, only added. Unknown is null, never 0.
 *
 * The report holds the whole log: header, bits as runs, and every other byte that is not what a fresh
 * log of that header and those bits would have there (`otherBytes`). So the log can be made from it
 * again, a damaged one too.
 */
import { HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { byteCount, regionCount } from '../geometry/units.ts';
import { hexOf } from './hex.ts';
import type { ExaminedLog, HeaderState, LogExcerpt, MirrorFacts } from './log-excerpt.ts';
import { examine } from './log-excerpt.ts';
import type { OtherBytes, RegionSpan } from './log-remainder.ts';
import { otherBytesIn, plainLog } from './log-remainder.ts';
import { regionSizesFor } from './region-size.ts';
import { kernelOutlook, ownOutlook } from './resume-outlook.ts';

export const LOG_DUMP_SCHEMA = 'mirrorctl.log/1';

export interface LogDump {
  readonly schema: typeof LOG_DUMP_SCHEMA;
  readonly path: string;
  readonly magicOk: boolean;
  readonly version: number | null;
  /** The regions whose bits are shown: the header's, or where it names none, the mirror's. */
  readonly regionCount: number | null;
  readonly headerState: HeaderState;
  readonly regionSizeBytes: number | null;
  /** Worked out from the mirror's length, which the log does not record either. */
  readonly regionSizeInferred: boolean;
  readonly imageBytes: number | null;
  readonly cleanRegions: number | null;
  readonly dirtyRegions: number | null;
  readonly dirtyRuns: readonly RegionSpan[];
  readonly kernelOnResume: string;

  readonly mirrorctlOnResume: string;
  /** The first 16 bytes, or fewer. */
  readonly headerHex: string;
  /** As the header has it, all 64 bits. */
  readonly regionCountFound: string | null;
  /** Regions whose bits lie past the end of what could be read. */
  readonly missingRegions: number;
  readonly mirrorSizeBytes: number | null;
  /** Who says what the mirror's size and region size are; null: nobody. */
  readonly factsFrom: string | null;
  /** Every region size that fits; more than one where only a bound of the length is known. */
  readonly regionSizeCandidates: readonly number[];
  readonly blockBytes: number;
  /** How many bytes were read: what can be restored. */
  readonly excerptBytes: number;
  readonly otherBytes: readonly OtherBytes[];
}

export function dumpLog(excerpt: LogExcerpt, facts: MirrorFacts): LogDump {
  const log = examine(excerpt, facts);
  const sizes = sizesOf(log, facts);
  const regions = log.mirrorRegionCount ?? log.ownRegionCount;
  const regionBytes = byteCount(sizes.regionSizeBytes ?? NO_REGION_SIZE);
  return {
    schema: LOG_DUMP_SCHEMA,
    path: excerpt.path,
    magicOk: log.magicOk,
    version: log.magicOk ? (log.header?.version ?? null) : null,
    regionCount: log.bitsWanted,
    headerState: log.state,
    imageBytes: log.imageBytes,
    ...sizes,
    ...bitsOf(log),
    kernelOnResume: kernelOutlook(log, regions).words,
    mirrorctlOnResume: ownOutlook(log, regions, regionBytes, facts).words,
    regionCountFound: log.header?.regionCount.toString() ?? null,
    blockBytes: excerpt.blockBytes,
    excerptBytes: excerpt.bytes.length,
  };
}

/** A region size is only compared with what a sidecar remembers, and there is none. */
const NO_REGION_SIZE = 0;

function sizesOf(
  { ownRegionCount }: ExaminedLog,
  { sizeBytes, regionSizeBytes, source }: MirrorFacts,
) {
  const askable = sizeBytes !== null && ownRegionCount !== null;
  const candidates = askable ? regionSizesFor(ownRegionCount, sizeBytes, false) : [];
  const only = candidates.length === 1 ? (candidates[0] ?? null) : null;
  return {
    regionSizeBytes: regionSizeBytes ?? only,
    regionSizeInferred: regionSizeBytes === null && only !== null,
    mirrorSizeBytes: sizeBytes,
    factsFrom: source,
    regionSizeCandidates: candidates,
  };
}

function bitsOf({ bytes, cleanBits, bitsWanted }: ExaminedLog) {
  const shown = cleanBits?.regionCount ?? regionCount(0);
  const clean = cleanBits?.count() ?? null;
  const runs = cleanBits === null ? [] : [...cleanBits.runs()].filter(({ set }) => !set);
  const dirtyRuns = runs.map(({ first, count }) => ({ first, count }));
  const headerHex = hexOf(bytes.subarray(0, HEADER_BYTES));
  const plain = plainLog({ length: bytes.length, headerHex, shown, dirtyRuns });
  return {
    cleanRegions: clean,
    dirtyRegions: clean === null ? null : shown - clean,
    dirtyRuns,
    missingRegions: (bitsWanted ?? 0) - shown,
    headerHex,
    otherBytes: otherBytesIn(bytes, plain),
  };
}
