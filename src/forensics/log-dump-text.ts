/** A log dump for people: labels on the left as in `status`, dirty regions as runs. */
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import type { LogDump } from './log-dump.ts';

/** `runsMax`: more dirty runs than this are counted, not listed. */
export function describeDump(dump: LogDump, runsMax: number): string[] {
  return [
    line('log', dump.path),
    line('header', headerWords(dump)),
    line('sizes', sizeWords(dump)),
    ...bitLines(dump, runsMax),
    line('kernel', `on resume ${dump.kernelOnResume}`),
    line('mirrorctl', `on activate ${dump.mirrorctlOnResume}`),
  ];
}

const LABEL_WIDTH = 'mirrorctl'.length;

function line(label: string, text: string): string {
  return `${label.padStart(LABEL_WIDTH)}: ${text}`;
}

function headerWords({ magicOk, version, headerState, regionCountFound, headerHex }: LogDump) {
  if (!magicOk) return `not a dirty log (it begins ${headerHex || 'nowhere: the file is empty'})`;
  if (headerState === 'lvm-new') return `version ${version}, made by LVM and never resumed`;
  return `version ${version}, ${regionCountFound} regions`;
}

function sizeWords(dump: LogDump): string {
  const { imageBytes, regionSizeBytes, mirrorSizeBytes } = dump;
  const image = imageBytes === null ? 'image unknown' : `image ${formatBytes(imageBytes)}`;
  const mirror = mirrorSizeBytes === null ? '' : `, mirror ${formatBytes(mirrorSizeBytes)}`;
  if (regionSizeBytes === null) return `${image}${mirror}, region size ${unknownSizeWords(dump)}`;
  const source = dump.regionSizeInferred ? 'inferred from the mirror’s length' : dump.factsFrom;
  return `${image}${mirror}, region size ${formatBytes(regionSizeBytes)} (${source})`;
}

function unknownSizeWords({ regionSizeCandidates, mirrorSizeBytes }: LogDump): string {
  if (mirrorSizeBytes === null) return 'unknown: a log does not record it (--size, --region-size)';
  if (regionSizeCandidates.length === 0) return 'unknown: none fits this length';
  return `one of ${regionSizeCandidates.map(formatBytes).join(', ')}`;
}

function bitLines(dump: LogDump, runsMax: number): string[] {
  const { cleanRegions, dirtyRegions, missingRegions, dirtyRuns } = dump;
  if (cleanRegions === null || dirtyRegions === null) {
    return [
      line('bits', 'not shown: the header does not say how many there are (--table, --size)'),
    ];
  }
  const missing =
    missingRegions === 0 ? [] : [line('missing', `bits of ${formatRegions(missingRegions)}`)];
  const listed = dirtyRuns
    .slice(0, runsMax)
    .map((run) => line('', runWords(dump, run)).replace(':', ' '));
  const unlisted = dirtyRuns.length - listed.length;
  const more =
    unlisted > 0 ? [line('', `and ${unlisted} more runs; --json lists all`).replace(':', ' ')] : [];
  return [
    line('clean', formatRegions(cleanRegions)),
    line('dirty', `${formatRegions(dirtyRegions)}${dirtyBytesWords(dump)}`),
    ...listed,
    ...more,
    ...missing,
  ];
}

function dirtyBytesWords(dump: LogDump): string {
  if (dump.regionSizeBytes === null || dump.dirtyRegions === 0) return '';
  const bytes = dump.dirtyRuns
    .map((run) => bytesOf(dump, run))
    .reduce((sum, [first, end]) => sum + end - first, 0);
  return ` (${formatBytes(bytes)})`;
}

function runWords(dump: LogDump, run: LogDump['dirtyRuns'][number]): string {
  const { first, count } = run;
  const regions = count === 1 ? `${first}` : `${first}-${first + count - 1}`;
  if (dump.regionSizeBytes === null) return regions;
  const [start, end] = bytesOf(dump, run);
  return `${regions}  bytes ${start} to ${end}`;
}

/** Half-open; the last region may be short. */
function bytesOf(dump: LogDump, { first, count }: LogDump['dirtyRuns'][number]): [number, number] {
  const size = dump.regionSizeBytes ?? 0;
  return [first * size, Math.min((first + count) * size, dump.mirrorSizeBytes ?? Infinity)];
}
