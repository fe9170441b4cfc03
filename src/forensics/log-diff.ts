/**
 * What changed from one log to another: header fields, bits as runs with their direction, and whether
 * bytes elsewhere differ. The shape of `log diff --json` (mirrorctl.log-diff/1).
 *
 *   turned-dirty   clean before, dirty now         added     only the second log has the region
 *   turned-clean   dirty before, clean now         removed   only the first log has it
 */
import { HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { RegionBitset } from '../dirty-log/region-bitset.ts';
import type { RegionCount } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';
import { hexOf } from './hex.ts';
import type { ExaminedLog } from './log-excerpt.ts';
import type { RegionSpan } from './log-remainder.ts';
import { otherBytesIn, plainLog } from './log-remainder.ts';

export const LOG_DIFF_SCHEMA = 'mirrorctl.log-diff/1';

export const BIT_CHANGES = ['turned-dirty', 'turned-clean', 'added', 'removed'] as const;
export type BitChange = (typeof BIT_CHANGES)[number];

export interface HeaderChange {
  readonly field: 'magic' | 'version' | 'regionCount';
  readonly from: string | null;
  readonly to: string | null;
}

export interface ChangedRun extends RegionSpan {
  readonly change: BitChange;
}

export interface LogDiff {
  readonly schema: typeof LOG_DIFF_SCHEMA;
  readonly from: string;
  readonly to: string;
  readonly same: boolean;
  readonly header: readonly HeaderChange[];
  readonly runs: readonly ChangedRun[];
  /** Bytes that neither header nor bits tell, such as slack. */
  readonly otherBytesDiffer: boolean;
}

export function diffLogs(from: ExaminedLog, to: ExaminedLog): LogDiff {
  const header = headerChanges(from, to);
  const runs = changedRuns(from.cleanBits ?? NO_BITS, to.cleanBits ?? NO_BITS);
  const otherBytesDiffer = restOf(from) !== restOf(to);
  return {
    schema: LOG_DIFF_SCHEMA,
    from: from.path,
    to: to.path,
    same: header.length === 0 && runs.length === 0 && !otherBytesDiffer,
    header,
    runs,
    otherBytesDiffer,
  };
}

const NO_BITS = new RegionBitset(regionCount(0));

function headerChanges(from: ExaminedLog, to: ExaminedLog): HeaderChange[] {
  const fields = {
    magic: (log: ExaminedLog) => hexOf(log.bytes.subarray(0, 4)),
    version: (log: ExaminedLog) => log.header?.version.toString() ?? null,
    regionCount: (log: ExaminedLog) => log.header?.regionCount.toString() ?? null,
  } as const;
  return (['magic', 'version', 'regionCount'] as const)
    .map((field) => ({ field, from: fields[field](from), to: fields[field](to) }))
    .filter((change) => change.from !== change.to);
}

function changedRuns(before: RegionBitset, after: RegionBitset): ChangedRun[] {
  const common = regionCount(Math.min(before.regionCount, after.regionCount));
  const unlike = unlikeBits(before, after, common);
  const runs = [...unlike.runs()]
    .filter(({ set }) => set)
    .flatMap(({ first, count }) => directedRuns(after, first, first + count));
  const surplus = (bits: RegionBitset, change: BitChange): ChangedRun[] =>
    bits.regionCount === common
      ? []
      : [{ first: common, count: bits.regionCount - common, change }];
  return [...runs, ...surplus(before, 'removed'), ...surplus(after, 'added')];
}

function unlikeBits(before: RegionBitset, after: RegionBitset, common: RegionCount): RegionBitset {
  const unlike = new RegionBitset(common);
  const bytes = unlike.bytes.map((_, at) => (before.bytes[at] ?? 0) ^ (after.bytes[at] ?? 0));
  return new RegionBitset(common, bytes);
}

/** Regions from `first` to before `end`, split where the bits of `after` change. */
function directedRuns(after: RegionBitset, first: number, end: number): ChangedRun[] {
  const runs: ChangedRun[] = [];
  for (let at = first; at < end; ) {
    const isClean = after.nextSet(at) === at;
    const next = Math.min(end, (isClean ? after.nextClear(at) : after.nextSet(at)) ?? end);
    runs.push({ first: at, count: next - at, change: isClean ? 'turned-clean' : 'turned-dirty' });
    at = next;
  }
  return runs;
}

/** Everything but header and bits, up to the end of the image; as text, to be compared. */
function restOf({ bytes, cleanBits, imageBytes }: ExaminedLog): string {
  const bits = cleanBits ?? NO_BITS;
  const dirtyRuns = [...bits.runs()].filter(({ set }) => !set);
  const area = bytes.subarray(0, imageBytes ?? bytes.length);
  const headerHex = hexOf(area.subarray(0, HEADER_BYTES));
  const plain = plainLog({ length: area.length, headerHex, shown: bits.regionCount, dirtyRuns });
  return JSON.stringify(otherBytesIn(area, plain));
}

/** Directions first, since that is what one asks of two logs of one mirror. */
export function describeDiff(diff: LogDiff): string[] {
  if (diff.same) return [`${diff.from} and ${diff.to} say the same`];
  return [
    `from ${diff.from} to ${diff.to}:`,
    ...diff.header.map(
      ({ field, from, to }) => `  ${field}: ${from ?? 'none'} is now ${to ?? 'none'}`,
    ),
    ...BIT_CHANGES.flatMap((change) => changeLines(diff, change)),
    ...(diff.otherBytesDiffer ? ['  other bytes differ (log explain shows them)'] : []),
  ];
}

const RUNS_A_LINE = 8;

function changeLines({ runs }: LogDiff, change: BitChange): string[] {
  const changed = runs.filter((run) => run.change === change);
  if (changed.length === 0) return [];
  const total = changed.reduce((sum, { count }) => sum + count, 0);
  const spans = changed.map(({ first, count }) =>
    count === 1 ? `${first}` : `${first}-${first + count - 1}`,
  );
  const lines: string[] = [];
  for (let at = 0; at < spans.length; at += RUNS_A_LINE) {
    lines.push(`    ${spans.slice(at, at + RUNS_A_LINE).join(', ')}`);
  }
  return [
    `  ${change.replace('-', ' ')}: ${total} ${total === 1 ? 'region' : 'regions'}`,
    ...lines,
  ];
}
