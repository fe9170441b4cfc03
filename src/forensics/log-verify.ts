/**
 * Whether a log can be what it claims to be, level by level; each level includes those before it.
 *
 *   header        is this a dirty log, of a version and with a count that exist?
 *   geometry      does it fit the mirror it is said to belong to?
 *   plausibility  is everything around the bits as a kernel, LVM or we would have left it?
 *   legs          do the bits say what comparing the legs' data says?
 *
 * A check that finds nothing proves nothing beyond its level: bits can be wrong in ways only the
 * legs' data can show. `log verify --json` is a `LogVerification` (mirrorctl.log-verify/1).
 */
import {
  HEADER_BYTES,
  isVersionKnown,
  LOG_VERSION,
  LVM_NEW_REGION_COUNT,
  logImageBytes,
} from '../dirty-log/disk-format.ts';
import type { Finding } from './finding.ts';
import { aboutLog, evidenceAt } from './finding.ts';
import { foreignContent } from './foreign-content.ts';
import { geometryFindings } from './geometry-findings.ts';
import type { LegComparison } from './leg-comparison.ts';
import { legFindings } from './leg-findings.ts';
import type { ExaminedLog, LogExcerpt, MirrorFacts } from './log-excerpt.ts';
import { examine } from './log-excerpt.ts';
import { memoryFindings } from './memory-findings.ts';
import { plausibilityFindings } from './plausibility-findings.ts';
import { kernelOutlook } from './resume-outlook.ts';

export const LOG_VERIFY_SCHEMA = 'mirrorctl.log-verify/1';
export const VERIFY_LEVELS = ['header', 'geometry', 'plausibility', 'legs'] as const;
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];

export interface LogVerification {
  readonly schema: typeof LOG_VERIFY_SCHEMA;
  readonly path: string;
  readonly level: VerifyLevel;
  readonly findings: readonly Finding[];
  /** Regions whose data was compared; null: none was to be. */
  readonly comparedRegions: number | null;
  readonly regionCount: number | null;
}

/** `comparison`: what the legs said, for the level `legs`; null for those before it. */
export function verifyLog(
  excerpt: LogExcerpt,
  facts: MirrorFacts,
  level: VerifyLevel,
  comparison: LegComparison | null,
): LogVerification {
  const log = examine(excerpt, facts);
  const depth = VERIFY_LEVELS.indexOf(level);
  return {
    schema: LOG_VERIFY_SCHEMA,
    path: excerpt.path,
    level,
    findings: [
      ...headerFindings(log),
      ...(depth >= 1 ? geometryFindings(log, facts) : []),
      ...(depth >= 2 ? [...plausibilityFindings(log), ...memoryFindings(facts)] : []),
      ...(comparison === null ? [] : legFindings(comparison.runs, comparison.geometry)),
    ],
    comparedRegions: comparison?.comparedRegions ?? null,
    regionCount: comparison?.geometry.regionCount ?? log.bitsWanted,
  };
}

function headerFindings(log: ExaminedLog): Finding[] {
  const { header, magicOk, bytes } = log;
  if (header === null) return [tooShort(log)];
  if (!magicOk) return [noMagic(log)];
  if (!isVersionKnown(header.version)) {
    const message = `version ${header.version} is unknown: nobody can say what the bits mean`;
    return [aboutLog('LOG_VERSION_UNSUPPORTED', 'critical', message, atHeader(log, 4, 4))];
  }
  return [
    ...(header.version === LOG_VERSION ? [] : [oldVersion(log)]),
    ...countFindings(log, header.regionCount),
    ...(log.imageBytes !== null && bytes.length < log.imageBytes ? [cutOff(log)] : []),
  ];
}

/** What can be seen in the header, and what a kernel would do about it. */
function atHeader(log: ExaminedLog, offset: number, length: number) {
  const regions = log.mirrorRegionCount ?? log.ownRegionCount;
  const kernel = kernelOutlook(log, regions).words;
  return { evidence: evidenceAt(log.bytes, offset, length), kernel };
}

function tooShort(log: ExaminedLog): Finding {
  const message = `${log.bytes.length} bytes are too short for a log, whose header alone has ${HEADER_BYTES}`;
  return aboutLog('LOG_TRUNCATED', 'critical', message, atHeader(log, 0, HEADER_BYTES));
}

function noMagic(log: ExaminedLog): Finding {
  if (log.bytes.every((byte) => byte === 0)) {
    const message = 'all zeroes: a place for a log, where none was ever started';
    return aboutLog('LOG_EMPTY', 'info', message, atHeader(log, 0, HEADER_BYTES));
  }
  const looksLike = foreignContent(log.bytes);
  const guess = looksLike === null ? '' : `; it looks like ${looksLike.what}`;
  const message = `this is not a dirty log${guess}`;
  const { offset, length } = looksLike ?? { offset: 0, length: HEADER_BYTES };
  return aboutLog('LOG_MAGIC_MISSING', 'critical', message, atHeader(log, offset, length));
}

function oldVersion(log: ExaminedLog): Finding {
  const message = 'version 1, of old kernels: on a little-endian host the same as 2';
  return aboutLog('LOG_VERSION_1', 'info', message, atHeader(log, 4, 4));
}

function countFindings(log: ExaminedLog, count: bigint): Finding[] {
  const place = atHeader(log, 8, 8);
  if (count === LVM_NEW_REGION_COUNT) {
    const message = 'made by LVM and never resumed: the header says "as many regions as there are"';
    return [aboutLog('LOG_LVM_NEW', 'info', message, place)];
  }
  if (log.ownRegionCount === null) {
    const message = `${count} regions are more than any log can have: the header is damaged`;
    return [aboutLog('LOG_REGION_COUNT_UNSAFE', 'critical', message, place)];
  }
  if (log.ownRegionCount === 0) {
    const message = 'the header speaks of no regions at all, which nobody writes';
    return [aboutLog('LOG_REGION_COUNT_ZERO', 'critical', message, place)];
  }
  return [];
}

function cutOff(log: ExaminedLog): Finding {
  const { bytes, bitsWanted, blockBytes, cleanBits } = log;
  const wanted = bitsWanted === null ? 0 : logImageBytes(bitsWanted, blockBytes);
  const missing = (bitsWanted ?? 0) - (cleanBits?.regionCount ?? 0);
  const bits = missing === 0 ? 'every bit is there' : `the bits of ${missing} regions are missing`;
  const message = `the log ends after ${bytes.length} of ${wanted} bytes; ${bits}`;
  const evidence = evidenceAt(bytes, Math.max(0, bytes.length - 16), 16);
  return aboutLog('LOG_TRUNCATED', 'critical', message, { evidence });
}
