/**
 * What a check came to, for people:
 *
 *   m0: 128 of 128 regions (64 MiB) compared in 0:00:01: the legs differ in 2 regions
 *   REGION   OFFSET  LENGTH  a.img         b.img
 *        5  2621440     512  3fe1a2b4c5d6  9c0d11aa22bb  to be copied from b.img
 *
 * The columns of the legs are the beginnings of the SHA-256 of these bytes: alike, and the bytes are.
 */
import path from 'node:path';
import type { CheckFinding, CheckReport, CheckStatus } from '../control-protocol/check-report.ts';
import { differingCount } from '../control-protocol/check-report.ts';
import { formatBytes, formatDuration, formatRate, formatRegions } from '../geometry/size-words.ts';
import { printable } from './failure-report.ts';
import { sharePercent } from './progress-words.ts';
import { tableLines } from './text-layout.ts';

const HASH_DIGITS = 12;

export function describeCheck(name: string, report: CheckReport): string[] {
  return [`${name}: ${verdictOf(report)}`, ...findingLines(report), ...remarks(name, report)];
}

/** One line of `status`: when, how far, what was found. */
export function checkSummary(check: CheckStatus): string {
  const { state, updatedAt, firstRegion, nextRegion, endRegion, bytesPerSecond, etaSeconds } =
    check;
  const found = foundWords(check.differentRegions, check.unreadableRegions);
  const when = updatedAt.replace(/\.\d+Z$/, 'Z');
  if (state === 'finished') return `finished ${when}, ${found}`;
  const share = sharePercent(nextRegion - firstRegion, endRegion - firstRegion);
  return [
    state === 'running' && bytesPerSecond !== null ? share : `${state} at ${share} (${when})`,
    ...(bytesPerSecond === null ? [] : [formatRate(bytesPerSecond)]),
    ...(etaSeconds === null ? [] : [`${formatDuration(etaSeconds)} to go`]),
    `${found} so far`,
  ].join(', ');
}

function verdictOf(report: CheckReport): string {
  const { tally, first, next, end, regionSizeBytes, startedAt, updatedAt, state } = report;
  const amount = `${tally.compared} of ${end - first} regions (${formatBytes(tally.compared * regionSizeBytes)})`;
  const seconds = (Date.parse(updatedAt) - Date.parse(startedAt)) / 1000;
  const took = `compared in ${formatDuration(Math.max(0, seconds))}`;
  const reached = state === 'finished' ? '' : `, ${state} at region ${next}`;
  return `${amount} ${took}${reached}: ${foundWords(tally.different, tally.unreadable)}`;
}

function foundWords(different: number, unreadable: number): string {
  const differ =
    different === 0 ? 'no difference' : `the legs differ in ${formatRegions(different)}`;
  return unreadable === 0 ? differ : `${differ}, ${formatRegions(unreadable)} could not be read`;
}

function findingLines({ findings, legs, repairFrom }: CheckReport): string[] {
  if (findings.length === 0) return [];
  const head = ['REGION', 'OFFSET', 'LENGTH', ...legs.map((leg) => printable(path.basename(leg)))];
  const source = path.basename(legs[repairFrom ?? 0] ?? '');
  const rows = findings.map((finding) => rowOf(finding, legs.length, source));
  const numbers = ['right', 'right', 'right'] as const;
  const alignments = [...numbers, ...legs.map(() => 'left' as const), 'left' as const];
  return tableLines([[...head, ''], ...rows], alignments);
}

function rowOf(finding: CheckFinding, legCount: number, source: string): string[] {
  const { region, offset, length, hashes, repaired } = finding;
  const cells = Array.from({ length: legCount }, (_, leg) => {
    return hashes.find((hash) => hash.leg === leg)?.sha256.slice(0, HASH_DIGITS) ?? '-';
  });
  const fate = repaired ? `copied from ${source}` : '';
  return [String(region), String(offset), String(length), ...cells, fate];
}

function remarks(name: string, report: CheckReport): string[] {
  const { tally, findings } = report;
  const unlisted = differingCount(report) - findings.filter(({ repaired }) => !repaired).length;
  return [
    ...(tally.skipped > 0
      ? [
          `not compared: ${formatRegions(tally.skipped)} on one leg only, or waiting for recovery or the log`,
        ]
      : []),
    ...(unlisted > 0
      ? [`known to differ besides, without details: ${formatRegions(unlisted)}`]
      : []),
    ...(differingCount(report) > 0
      ? [`nothing was changed; mirrorctl check ${name} --repair --from LEG copies from LEG`]
      : []),
  ];
}
