/**
 * What a check has found stays known when legs come and go, or the mirror gets another size: the legs
 * that are left may differ still. The check itself is over: the new legs were no part of it.
 */
import type { CheckFinding, CheckReport, LegHash } from './check-report.ts';

export interface CheckedMirror {
  /** The legs' paths. */
  readonly legs: readonly string[];
  readonly regionCount: number;
}

/** `report` as one of the mirror as it is now; its regions are as large as they were. */
export function reportAfter(
  report: CheckReport,
  { legs, regionCount }: CheckedMirror,
): CheckReport {
  const placeOf = (leg: number) => legs.indexOf(report.legs[leg] ?? '');
  const source = report.repairFrom === null ? -1 : placeOf(report.repairFrom);
  const end = Math.min(report.end, regionCount);
  const next = Math.min(report.next, end);
  return {
    ...report,
    ...{ legs, regionCount, end, next, first: Math.min(report.first, next, end - 1) },
    state: report.state === 'finished' ? 'finished' : 'stopped',
    repairFrom: source < 0 ? null : source,
    findings: report.findings.flatMap((finding) => findingAfter(finding, placeOf, regionCount)),
    differing: runsBefore(regionCount, report.differing),
  };
}

/** None: fewer than two of its legs are left, or its region is gone. */
function findingAfter(
  finding: CheckFinding,
  placeOf: (leg: number) => number,
  regionCount: number,
): CheckFinding[] {
  const hashes: LegHash[] = finding.hashes
    .map(({ leg, sha256 }) => ({ leg: placeOf(leg), sha256 }))
    .filter(({ leg }) => leg >= 0);
  return finding.region < regionCount && hashes.length > 1 ? [{ ...finding, hashes }] : [];
}

function runsBefore(regionCount: number, runs: readonly number[]): number[] {
  const kept: number[] = [];
  for (let place = 0; place < runs.length; place += 2) {
    const [first = 0, length = 0] = runs.slice(place, place + 2);
    if (first < regionCount) kept.push(first, Math.min(length, regionCount - first));
  }
  return kept;
}
