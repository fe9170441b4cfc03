/** A log verification for people: worst first, one finding a paragraph, never the word "good". */
import type { Finding, Severity } from './finding.ts';
import type { LogVerification } from './log-verify.ts';

const WORST_FIRST: readonly Severity[] = ['critical', 'warning', 'info'];

export function describeVerification(verification: LogVerification): string[] {
  const { path, level, findings } = verification;
  const sorted = WORST_FIRST.flatMap((severity) =>
    findings.filter((finding) => finding.severity === severity),
  );
  const serious = findings.filter(({ severity }) => severity !== 'info').length;
  const verdict =
    serious === 0
      ? 'no finding at this level, which proves nothing beyond it'
      : `${serious} ${serious === 1 ? 'finding' : 'findings'}`;
  const last = `${path}: checked up to ${level}${comparedWords(verification)}: ${verdict}`;
  return [...sorted.flatMap(describeFinding), last];
}

function comparedWords({ comparedRegions, regionCount }: LogVerification): string {
  return comparedRegions === null ? '' : ` (${comparedRegions} of ${regionCount} regions compared)`;
}

function describeFinding(finding: Finding): string[] {
  const { id, severity, confidence, evidence, kernel } = finding;
  const sure = confidence === 'certain' ? '' : ` (${confidence})`;
  return [
    `${severity.padEnd('critical'.length)}  ${id}${sure}: ${placeOf(finding)}${finding.message}`,
    ...(evidence === null ? [] : [detail(`at byte ${evidence.offsetBytes}: ${evidence.hex}`)]),
    ...(kernel === null ? [] : [detail(`a kernel ${kernel}`)]),
  ];
}

function detail(text: string): string {
  return `${' '.repeat('critical'.length)}  ${text}`;
}

function placeOf({ region, regionCount, bytes }: Finding): string {
  if (region === null) return '';
  const regions =
    regionCount === 1 ? `region ${region}` : `regions ${region}-${region + regionCount - 1}`;
  return `${regions}${bytes === null ? '' : ` (bytes ${bytes[0]} to ${bytes[1]})`}: `;
}
