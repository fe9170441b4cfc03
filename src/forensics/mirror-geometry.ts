/**
 * The geometry of a mirror of which only some parts are known: its length, its region size, how many
 * regions its log speaks of, and how much room its smallest leg has.
 *
 *   length   region size   taken
 *   ──────   ───────────   ────────────────────────────────────────────────────────────
 *   known    known         both
 *   known    –             the region size that cuts this length into the log's count
 *   –        known         as much as the log's regions cover, and no more than there is room
 *   –        –             all the room, and the region size that cuts it so
 */
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { formatBytes } from '../geometry/size-words.ts';
import type { ByteCount, RegionCount } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import type { ExaminedLog, MirrorFacts } from './log-excerpt.ts';
import { regionSizesFor } from './region-size.ts';

/** Throws GEOMETRY_INVALID where the parts contradict each other or do not suffice. */
export function geometryFrom(
  { ownRegionCount }: ExaminedLog,
  { sizeBytes, regionSizeBytes }: MirrorFacts,
  roomBytes: ByteCount,
): RegionGeometry {
  if (regionSizeBytes !== null) {
    const covered = ownRegionCount === null ? roomBytes : ownRegionCount * regionSizeBytes;
    const size = sizeBytes ?? byteCount(Math.min(roomBytes, covered));
    return RegionGeometry.of(size, regionSizeBytes);
  }
  const size = sizeBytes ?? roomBytes;
  if (ownRegionCount === null) throw unknownRegionSize(size);
  const [only, ...more] = regionSizesFor(ownRegionCount, size, false);
  if (only === undefined || more.length > 0) throw noRegionSize(size, ownRegionCount);
  return RegionGeometry.of(size, only);
}

const HINT = 'give --size and --region-size, or --table';

function unknownRegionSize(size: ByteCount): MirrorError {
  const message = `nobody says how a mirror of ${formatBytes(size)} is cut into regions`;
  return new MirrorError('GEOMETRY_INVALID', message, { sizeBytes: size }, HINT);
}

function noRegionSize(size: ByteCount, count: RegionCount): MirrorError {
  const possible = regionSizesFor(count, size, true).map(formatBytes);
  const message = `no region size cuts ${size} bytes into the log’s ${count} regions`;
  const smaller =
    possible.length === 0 ? '' : `; in a smaller mirror it may be ${possible.join(', ')}`;
  return new MirrorError('GEOMETRY_INVALID', `${message}${smaller}`, { sizeBytes: size }, HINT);
}
