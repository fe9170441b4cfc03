/**
 * Every byte of a log, named: what it is, what it holds, who reads it. The shape of `log explain --json`
 * (mirrorctl.log-explain/1). Ranges cover what was read from its first byte to its last, without gaps.
 */

import { CLEAN_BITS_OFFSET, HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { bitsetBytes } from '../dirty-log/region-bitset.ts';
import { formatRegions } from '../geometry/size-words.ts';
import { byteCount } from '../geometry/units.ts';
import { foreignContent } from './foreign-content.ts';
import { hexOf } from './hex.ts';
import type { ExaminedLog, MirrorFacts } from './log-excerpt.ts';
import { kernelOutlook, ownOutlook } from './resume-outlook.ts';

export const LOG_EXPLAIN_SCHEMA = 'mirrorctl.log-explain/1';

export interface NamedRange {
  readonly first: number;
  /** Not included. */
  readonly end: number;
  readonly name: string;
  readonly says: string;
  /** The first bytes, at most sixteen. */
  readonly hex: string;
}

export interface LogExplanation {
  readonly schema: typeof LOG_EXPLAIN_SCHEMA;
  readonly path: string;
  readonly ranges: readonly NamedRange[];
  readonly kernel: string;
  readonly mirrorctl: string;
}

interface Part {
  /** Where it ends; it begins where the one before ended. */
  readonly end: number;
  readonly name: string;
  readonly says: (bytes: Uint8Array) => string;
}

export function explainLog(log: ExaminedLog, facts: MirrorFacts): LogExplanation {
  const regions = log.mirrorRegionCount ?? log.ownRegionCount;
  const regionBytes = byteCount(facts.regionSizeBytes ?? 0);
  return {
    schema: LOG_EXPLAIN_SCHEMA,
    path: log.path,
    ranges: rangesOf(log.bytes, log.magicOk ? logParts(log) : foreignParts(log)),
    kernel: kernelOutlook(log, regions).words,
    mirrorctl: ownOutlook(log, regions, regionBytes, facts).words,
  };
}

/** Parts that would begin past the end of what was read are left out, the last one is cut. */
function rangesOf(bytes: Uint8Array, parts: readonly Part[]): NamedRange[] {
  const ranges: NamedRange[] = [];
  let first = 0;
  for (const { end: wanted, name, says } of parts) {
    const end = Math.min(wanted, bytes.length);
    if (end <= first) continue;
    const content = bytes.subarray(first, end);
    const cut =
      end < wanted && Number.isFinite(wanted) ? `cut off after ${end - first} bytes: ` : '';
    const hex = hexOf(content.subarray(0, 16));
    ranges.push({ first, end, name, says: `${cut}${says(content)}`, hex });
    first = end;
  }
  return ranges;
}

function foreignParts({ bytes }: ExaminedLog): Part[] {
  const looksLike = foreignContent(bytes)?.what ?? 'nothing that is known here';
  return [
    { end: Infinity, name: 'foreign', says: () => `no dirty log; it looks like ${looksLike}` },
  ];
}

function logParts(log: ExaminedLog): Part[] {
  const header: Part[] = [
    { end: 4, name: 'magic', says: () => 'a dirty log: 0x4d695272, little-endian' },
    { end: 8, name: 'version', says: () => versionWords(log) },
    { end: HEADER_BYTES, name: 'region count', says: () => countWords(log) },
    {
      end: CLEAN_BITS_OFFSET,
      name: 'unused',
      says: (bytes) => `nobody reads it, everybody keeps it; ${fillWords(bytes)}`,
    },
  ];
  const { bitsWanted, imageBytes } = log;
  if (bitsWanted === null || imageBytes === null) {
    return [
      ...header,
      {
        end: Infinity,
        name: 'bits',
        says: (bytes) => `one a region, as many as there are; ${fillWords(bytes)}`,
      },
    ];
  }
  const wholeBytes = CLEAN_BITS_OFFSET + Math.ceil(bitsWanted / 8);
  const bitsEnd = CLEAN_BITS_OFFSET + bitsetBytes(bitsWanted);
  return [
    ...header,
    { end: wholeBytes, name: 'clean bits', says: () => bitWords(log) },
    {
      end: bitsEnd,
      name: 'padding',
      says: (bytes) => `up to whole 64-bit words, zeroed at every resume; ${fillWords(bytes)}`,
    },
    {
      end: imageBytes,
      name: 'slack',
      says: (bytes) =>
        `up to a whole block of ${log.blockBytes} bytes, kept as found; ${fillWords(bytes)}`,
    },
    { end: Infinity, name: 'after the log', says: (bytes) => `never touched; ${fillWords(bytes)}` },
  ];
}

function versionWords({ header }: ExaminedLog): string {
  const version = header?.version ?? 0;
  if (version === 2) return 'version 2, the current one';
  if (version === 1) return 'version 1, of old kernels: read as 2 on little-endian hosts';
  return `version ${version}, which nobody knows`;
}

function countWords({ header, state, ownRegionCount }: ExaminedLog): string {
  if (state === 'lvm-new')
    return 'all ones: LVM wrote it, no kernel has resumed it; every bit holds';
  if (ownRegionCount === null) return `${header?.regionCount} regions, more than a log can have`;
  return `${formatRegions(ownRegionCount)}, as many as the mirror had at the last resume`;
}

function bitWords({ cleanBits }: ExaminedLog): string {
  if (cleanBits === null) return 'unknown';
  const clean = cleanBits.count();
  const dirty = cleanBits.regionCount - clean;
  return `lowest bit first, 1 is clean: ${clean} clean, ${dirty} dirty`;
}

function fillWords(bytes: Uint8Array): string {
  const [first = 0] = bytes;
  if (!bytes.every((byte) => byte === first)) return 'holds other content';
  return first === 0 ? 'all zero' : `all 0x${first.toString(16).padStart(2, '0')}`;
}

export function describeExplanation({ path, ranges, kernel, mirrorctl }: LogExplanation): string[] {
  const rows = ranges.map(({ first, end, name, says, hex }) => {
    const more = end - first > 16 ? ' …' : '';
    const shown = (hex.match(/../g) ?? []).join(' ');
    return [
      `${String(first).padStart(8)} to ${end}`.padEnd(20) + name,
      `${' '.repeat(10)}${shown}${more}`,
      `${' '.repeat(10)}${says}`,
    ];
  });
  return [
    path,
    ...rows.flat(),
    `a kernel that is given this log ${kernel}`,
    `mirrorctl, when it activates the mirror, ${mirrorctl}`,
  ];
}
