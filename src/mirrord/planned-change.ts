/** What a change comes to, put together for whoever asked: the legs, the copying, what would be lost. */
import type { ChangePlan, LengthenedFile } from '../control-protocol/change-plan.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { formatBytes } from '../geometry/size-words.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';

export type Copies = Pick<ChangePlan, 'copyRegions' | 'copyBytes' | 'sourcePath' | 'reason'>;

export function plannedChange(
  before: MirrorSpec,
  after: MirrorSpec,
  copies: Copies,
  lengthens: readonly LengthenedFile[],
): ChangePlan {
  const { legs, source, readPolicy, sizeBytes, regionSizeBytes } = after;
  return {
    legs: legs.map(({ path, offsetBytes, stage }) => ({ path, offsetBytes, stage: stage ?? null })),
    primary: source,
    readPolicy,
    sizeBytes,
    regionCount: RegionGeometry.of(sizeBytes, regionSizeBytes).regionCount,
    ...copies,
    lengthens,
    loss: lossOf(before, after),
  };
}

function lossOf(before: MirrorSpec, after: MirrorSpec): string | null {
  const cut = before.sizeBytes - after.sizeBytes;
  if (cut <= 0) return null;
  const end = `the last ${formatBytes(cut)} of ${before.name} (from byte ${after.sizeBytes} on)`;
  return `${end} are cut off: nobody can read them through the mirror any more, and a file system that reaches that far is broken`;
}
