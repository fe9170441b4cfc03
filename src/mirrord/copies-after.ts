/** How much is to be copied after a change of a mirror that serves, from where, and why. */
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { legsBefore } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { maskOfLegs } from '../region/leg-content.ts';
import type { ActiveTable } from './active-state.ts';
import type { Copies } from './planned-change.ts';

/** Who misses what is read out of shared memory, so it is how things are now. */
export function copiesAfter(
  { spec: before, view }: Pick<ActiveTable, 'spec' | 'view'>,
  after: MirrorSpec,
): Copies {
  const old = RegionGeometry.of(before.sizeBytes, before.regionSizeBytes);
  const next = RegionGeometry.of(after.sizeBytes, after.regionSizeBytes);
  const known = legsBefore(before, after);
  const newcomer = after.legs[known.indexOf(null)];
  const staying = maskOfLegs(known.filter((leg): leg is LegIndex => leg !== null));
  let copyRegions = 0;
  let copyBytes = 0;
  for (let number = 0; number < next.regionCount; number += 1) {
    const region = number as RegionIndex;
    const isWhole = old.contains(region) && old.lengthOf(region) === next.lengthOf(region);
    const isMissed = ((view.missing[region] ?? 0) & staying) !== 0;
    if (newcomer === undefined && isWhole && !isMissed) continue;
    copyRegions += 1;
    copyBytes += next.lengthOf(region);
  }
  const isLonger = after.sizeBytes > before.sizeBytes;
  const reason = copyRegions === 0 ? 'all is in sync' : reasonFor(newcomer?.path, isLonger);
  return { copyRegions, copyBytes, sourcePath: after.legs[after.source]?.path ?? '', reason };
}

function reasonFor(newcomer: string | undefined, isLonger: boolean): string {
  if (newcomer !== undefined) return `leg ${newcomer} is new, so it holds nothing`;
  return isLonger ? 'what is new is not in sync yet' : 'it was out of sync before';
}
