/**
 * Plans the smallest change to a log that makes it right, as far as that can be known. Nothing is
 * written here: the plan holds the bytes as they should be, and says step by step why.
 *
 *   found                                  step
 *   ─────────────────────────────────────  ───────────────────────────────────────────
 *   no magic, unknown version, no count    a new header, every region dirty   (only when told to)
 *   another count than the mirror's        the mirror's count; regions beyond the old one dirty
 *   padding bits set                       padding cleared
 *   clean, but legs differ or unreadable   dirty
 *   dirty, but legs equal                  clean                              (only when told to)
 *
 * Invariant: apart from the last row no bit turns from 0 to 1. Too much dirt costs a copy; too little
 * loses data. Bytes 16 to 1023 and the slack stay as they are.
 */

import {
  cleanBitsIn,
  encodeLogHeader,
  LOG_MAGIC,
  LOG_VERSION,
  logImageBytes,
} from '../dirty-log/disk-format.ts';
import type { RegionBitset } from '../dirty-log/region-bitset.ts';
import { invariant } from '../errors/invariant.ts';
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import { formatRegions } from '../geometry/size-words.ts';
import type { RegionCount, RegionIndex } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';
import type { Verdict, VerdictRun } from './leg-comparison.ts';
import type { ExaminedLog } from './log-excerpt.ts';
import type { RegionSpan } from './log-remainder.ts';
import { paddingSetAt } from './plausibility-findings.ts';
import { formatRanges } from './region-ranges.ts';

export interface RepairOrder {
  /** What comparing the legs said; null: they were not compared. */
  readonly runs: readonly VerdictRun[] | null;
  /** Set regions clean whose legs are equal; the runs are of a complete comparison. */
  readonly setClean: boolean;
  /** Begin a new log over what is there. */
  readonly init: boolean;
}

export interface RepairPlan {
  readonly steps: readonly string[];
  /** As many bytes as were read. */
  readonly bytes: Uint8Array;
}

export type RepairRefusal = MirrorError<
  'LOG_TRUNCATED' | 'LOG_MAGIC_MISSING' | 'LOG_VERSION_UNSUPPORTED' | 'GEOMETRY_INVALID'
>;

export function planRepair(
  log: ExaminedLog,
  order: RepairOrder,
): Result<RepairPlan, RepairRefusal> {
  const begun = beginning(log, order);
  if (!begun.ok) return begun;
  const { steps, bytes, regions } = begun.value;
  const bits = cleanBitsIn(bytes, regions);
  const bitSteps = order.runs === null ? [] : bitStepsFor(order.runs, bits, order.setClean);
  if (!order.setClean) checkOnlyTowardsDirty(log, bits);
  return accept({ steps: [...steps, ...bitSteps], bytes });
}

interface Begun {
  readonly steps: readonly string[];
  readonly bytes: Uint8Array;
  readonly regions: RegionCount;
}

/** A header that can be believed, and bits for all regions of the mirror. */
function beginning(log: ExaminedLog, { init }: RepairOrder): Result<Begun, RepairRefusal> {
  const usable = isUsable(log);
  const regions = log.mirrorRegionCount ?? (usable ? log.ownRegionCount : null);
  if (regions === null) return reject(unknownMirror(log.path));
  const wanted = logImageBytes(regions, log.blockBytes);
  if (log.bytes.length < wanted) return reject(tooShort(log, wanted));
  if (init) return accept(newLog(log, regions));
  return usable ? accept(withCount(log, regions)) : reject(unusable(log));
}

function isUsable({ state, ownRegionCount }: ExaminedLog): boolean {
  return state === 'lvm-new' || (state === 'normal' && ownRegionCount !== 0);
}

function newLog(log: ExaminedLog, regions: RegionCount): Begun {
  const bytes = log.bytes.slice();
  writeHeader(bytes, regions);
  cleanBitsIn(bytes, regions).fill(0, regions, false);
  return { steps: [`begin a new log: ${formatRegions(regions)}, all dirty`], bytes, regions };
}

function withCount(
  { bytes: before, ownRegionCount: own }: ExaminedLog,
  regions: RegionCount,
): Begun {
  const bytes = before.slice();
  if (own === null) return { steps: [], bytes, regions };
  if (own === regions) return { steps: paddingSteps(before, regions), bytes, regions };
  const kept = Math.min(own, regions);
  writeHeader(bytes, regions);
  cleanBitsIn(bytes, regions).fill(kept, regions, false);
  const grown = regions > kept ? `, and regions ${kept}-${regions - 1} dirty` : '';
  const step = `write ${regions} regions into the header, where it says ${own}${grown}`;
  return { steps: [step], bytes, regions };
}

/** The bits are cleared by whoever looks at them as a bitset. */
function paddingSteps(bytes: Uint8Array, regions: RegionCount): string[] {
  return paddingSetAt(bytes, regions) === null ? [] : ['clear the padding bits, which are set'];
}

function writeHeader(bytes: Uint8Array, regions: RegionCount): void {
  encodeLogHeader({ magic: LOG_MAGIC, version: LOG_VERSION, regionCount: BigInt(regions) }, bytes);
}

const UNSAFE: readonly Verdict[] = ['clean-different', 'clean-one-sided', 'unreadable'];

function bitStepsFor(runs: readonly VerdictRun[], bits: RegionBitset, setClean: boolean): string[] {
  const unsafe = runs.filter(({ verdict }) => UNSAFE.includes(verdict));
  const dirtied = changeRuns(bits, unsafe, false);
  const equal = runs.filter(({ verdict }) => verdict === 'dirty-equal');
  const cleaned = setClean ? changeRuns(bits, equal, true) : [];
  return [
    ...(dirtied.length === 0
      ? []
      : [`set dirty, since their legs differ or cannot be read: regions ${formatRanges(dirtied)}`]),
    ...(cleaned.length === 0
      ? []
      : [`set clean, since their legs are equal: regions ${formatRanges(cleaned)}`]),
  ];
}

/** The runs in which a bit did change. */
function changeRuns(bits: RegionBitset, runs: readonly VerdictRun[], clean: boolean): RegionSpan[] {
  return runs.filter(({ first, count }) => {
    const end = first + count;
    const next = clean ? bits.nextClear(first) : bits.nextSet(first);
    bits.fill(first, end, clean);
    return next !== null && next < end;
  });
}

/** Bits of an unusable header count as unset: there nothing was ever believed. */
function checkOnlyTowardsDirty({ cleanBits }: ExaminedLog, after: RegionBitset): void {
  let at: RegionIndex | null = after.nextSet(0);
  while (at !== null) {
    const wasClean = cleanBits !== null && at < cleanBits.regionCount && cleanBits.has(at);
    invariant(wasClean, `a repair would set region ${at} clean`);
    at = after.nextSet(at + 1);
  }
}

/** Sets `dirty` dirty and `clean` clean, in this order; the caller has proof for `clean`. */
export function planEdit(
  log: ExaminedLog,
  dirty: readonly RegionSpan[],
  clean: readonly RegionSpan[],
): RepairPlan {
  const bytes = log.bytes.slice();
  const bits = cleanBitsIn(bytes, log.bitsWanted ?? regionCount(0));
  for (const { first, count } of dirty) bits.fill(first, first + count, false);
  for (const { first, count } of clean) bits.fill(first, first + count, true);
  const steps = [
    ...(dirty.length === 0 ? [] : [`set dirty: regions ${formatRanges(dirty)}`]),
    ...(clean.length === 0 ? [] : [`set clean: regions ${formatRanges(clean)}`]),
  ];
  return { steps, bytes };
}

/** Whether every region of `spans` was compared and found equal, as `runs` of a whole comparison say. */
export function areProvenEqual(spans: readonly RegionSpan[], runs: readonly VerdictRun[]): boolean {
  return spans.every(({ first, count }) =>
    runs.every(
      (run) =>
        run.verdict === 'dirty-equal' ||
        run.first + run.count <= first ||
        run.first >= first + count,
    ),
  );
}

function unknownMirror(path: string): RepairRefusal {
  const message = `${path} does not say how many regions there are, and nobody else does`;
  const hint = 'give --size and --region-size, or --table';
  return new MirrorError('GEOMETRY_INVALID', message, { path }, hint);
}

function tooShort({ path, bytes }: ExaminedLog, wanted: number): RepairRefusal {
  const message = `${path} ends after ${bytes.length} bytes, where a log of this mirror needs ${wanted}`;
  const hint = `if it is a file, make it longer first: truncate -s ${wanted} ${path}; new bits are dirty`;
  return new MirrorError('LOG_TRUNCATED', message, { path, wantedBytes: wanted }, hint);
}

function unusable({ path, magicOk }: ExaminedLog): RepairRefusal {
  const message = `nothing in ${path} can be believed, so there is nothing to repair`;
  const hint = 'if the log belongs here, --init-log begins a new one: every region is copied';
  const code = magicOk ? 'LOG_VERSION_UNSUPPORTED' : 'LOG_MAGIC_MISSING';
  return new MirrorError(code, message, { path }, hint);
}
