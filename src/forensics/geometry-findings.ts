/**
 * Whether a log fits the mirror it is said to belong to: as many regions, a region size that can be,
 * enough room. Where nobody says anything about the mirror, that is said instead.
 */
import { logImageBytes } from '../dirty-log/disk-format.ts';
import { formatBytes } from '../geometry/size-words.ts';
import type { RegionCount } from '../geometry/units.ts';
import type { Finding } from './finding.ts';
import { aboutLog, evidenceAt } from './finding.ts';
import type { ExaminedLog, MirrorFacts } from './log-excerpt.ts';
import { regionSizesFor } from './region-size.ts';
import { kernelOutlook } from './resume-outlook.ts';

export function geometryFindings(log: ExaminedLog, facts: MirrorFacts): Finding[] {
  const { mirrorRegionCount, ownRegionCount } = log;
  if (mirrorRegionCount !== null) {
    return [
      ...roomFindings(log, mirrorRegionCount),
      ...(ownRegionCount === null ? [] : countFindings(log, ownRegionCount, mirrorRegionCount)),
    ];
  }
  if (facts.sizeBytes === null) return [unknownGeometry()];
  return ownRegionCount === null ? [] : inferredFindings(log, ownRegionCount, facts);
}

function unknownGeometry(): Finding {
  const message =
    'nobody says what mirror the log belongs to, so its geometry was not checked (--table, --size)';
  return aboutLog('GEOMETRY_UNKNOWN', 'info', message);
}

function roomFindings({ roomBytes, blockBytes }: ExaminedLog, regions: RegionCount): Finding[] {
  const wanted = logImageBytes(regions, blockBytes);
  if (roomBytes === null || roomBytes >= wanted) return [];
  const message = `a log of ${regions} regions takes ${wanted} bytes, there is room for ${roomBytes}`;
  return [
    aboutLog('LOG_TOO_SMALL', 'critical', message, { kernel: 'refuses the table: log too small' }),
  ];
}

function countFindings(log: ExaminedLog, own: RegionCount, wanted: RegionCount): Finding[] {
  if (own === wanted) return [];
  const change = own < wanted ? 'grew, or had larger regions' : 'shrank, or had smaller regions';
  const message = `the log speaks of ${own} regions, the mirror has ${wanted}: it ${change}, or the log is another mirror’s`;
  const evidence = evidenceAt(log.bytes, 8, 8);
  const kernel = `keeps the first ${Math.min(own, wanted)} bits and ${kernelOutlook(log, wanted).words}`;
  return [aboutLog('LOG_GEOMETRY_MISMATCH', 'critical', message, { evidence, kernel })];
}

function inferredFindings(
  log: ExaminedLog,
  own: RegionCount,
  { sizeBytes }: MirrorFacts,
): Finding[] {
  const candidates = sizeBytes === null ? [] : regionSizesFor(own, sizeBytes, false);
  const evidence = evidenceAt(log.bytes, 8, 8);
  if (candidates.length === 0) {
    const message = `no region size cuts ${sizeBytes} bytes into ${own} regions: the log is another mirror’s`;
    return [aboutLog('LOG_GEOMETRY_MISMATCH', 'critical', message, { evidence })];
  }
  const message = `the region size must be ${candidates.map(formatBytes).join(' or ')}`;
  return [aboutLog('REGION_SIZE_INFERRED', 'info', message, { evidence })];
}
