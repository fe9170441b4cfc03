/**
 * The scenario of a mirror that is too large to be simulated sector by sector: its regions are as long
 * as the real ones, but few sectors stand for all of theirs, and of very many regions there are only the
 * first and the last.
 *
 *   real    │ 2 MiB │ 2 MiB │ 2 MiB │ …  524286 more … │ 2 MiB │ 1 MiB │
 *   model   │ ▪▪▪▪  │ ▪▪▪▪  │ ▪▪▪▪  │ …  as many as fit │ ▪▪▪▪  │ ▪▪    │
 */
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { RegionIndex } from '../geometry/units.ts';
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { Scenario } from './scenario.ts';

/** Fewer if a region does not have so many. */
const SECTORS_PER_REGION = 4;
/** What can go wrong with more goes wrong with so many. */
export const MODEL_REGIONS_MAX = 32;

type ScaleModel = Pick<
  Scenario,
  'sectorBytes' | 'sectorsPerRegion' | 'sectorCount' | 'blockSectors'
> & {
  /** How many regions the model has. */
  readonly regions: number;
};

export function scaleModel(geometry: RegionGeometry): ScaleModel {
  const { regionCount, regionBytes } = geometry;
  const regions = Math.min(regionCount, MODEL_REGIONS_MAX);
  const sectorsPerRegion = Math.min(SECTORS_PER_REGION, regionBytes / SECTOR_BYTES);
  const sectorBytes = regionBytes / sectorsPerRegion;
  const lastBytes = geometry.lengthOf((regionCount - 1) as RegionIndex);
  const sectorCount = (regions - 1) * sectorsPerRegion + Math.ceil(lastBytes / sectorBytes);
  return { regions, sectorBytes, sectorsPerRegion, sectorCount, blockSectors: 1 };
}
