/**
 * What the last check of a mirror's legs came to: STATE_DIR/NAME.check, the JSON of a `CheckReport`.
 * Written by whoever checks, holding the mirror's lock. One that is damaged, or of another mirror, tells
 * nothing; of one from before the mirror was changed counts what is known still. The next check
 * replaces it.
 */
import type { CheckReport } from '../control-protocol/check-report.ts';
import { checkReport } from '../control-protocol/check-report.ts';
import { reportAfter } from '../control-protocol/check-report-after.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { replaceFile } from './atomic-file.ts';
import { readJsonFile } from './json-file.ts';
import type { Places } from './places.ts';
import { checkPath } from './places.ts';

/** Null: nothing is known about this mirror. */
export function readCheck(places: Places, spec: MirrorSpec): CheckReport | null {
  try {
    const found = readJsonFile(checkPath(places, spec.name), checkReport);
    return found === null ? null : aboutMirror(found, spec);
  } catch (error) {
    if (error instanceof MirrorError) return null;
    throw error;
  }
}

/** On disk when it returns. Throws STATE_WRITE_FAILED. */
export function writeCheck(places: Places, name: string, report: CheckReport): void {
  replaceFile(checkPath(places, name), `${JSON.stringify(report)}\n`);
}

function aboutMirror(
  report: CheckReport,
  { uuid, legs, sizeBytes, regionSizeBytes }: MirrorSpec,
): CheckReport | null {
  if (report.uuid !== uuid || report.regionSizeBytes !== regionSizeBytes) return null;
  const { regionCount } = RegionGeometry.of(sizeBytes, regionSizeBytes);
  const paths = legs.map(({ path }) => path);
  const isOfLegs = JSON.stringify(paths) === JSON.stringify(report.legs);
  if (isOfLegs && report.regionCount === regionCount) return report;
  return reportAfter(report, { legs: paths, regionCount });
}
