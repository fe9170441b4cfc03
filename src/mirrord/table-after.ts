/** The table of a mirror after a change, out of the one before and the devices that were opened for it. */
import { fstatSync, statSync } from 'node:fs';
import { legIdentity } from '../devices/leg-identity.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { viewBytes, viewOf } from '../metrics/engine-counters.ts';
import { legsBefore } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { ActiveTable } from './active-state.ts';

/** `fresh`: devices that were opened for it, by their place in `after`. */
export function tableAfter(
  { spec: before, devices, missing }: ActiveTable,
  after: MirrorSpec,
  fresh: ReadonlyMap<number, OpenDevice>,
): ActiveTable {
  const known = legsBefore(before, after);
  const { regionCount } = RegionGeometry.of(after.sizeBytes, after.regionSizeBytes);
  const log = devices[before.legs.length];
  const kept = [...known, ...(log === undefined ? [] : [before.legs.length])];
  const gone = known.flatMap((old, leg) => {
    const why = old === null ? undefined : missing.get(old);
    return why === undefined ? [] : [[leg, why] as const];
  });
  return {
    spec: after,
    devices: kept.map((old, place) => fresh.get(place) ?? (devices[old as number] as OpenDevice)),
    missing: new Map(gone),
    view: viewOf(new SharedArrayBuffer(viewBytes(regionCount)), regionCount),
  };
}

/** Null for a leg that is missing. */
export function identityOf({ devices, missing }: ActiveTable, leg: number): string | null {
  const device = missing.has(leg) ? undefined : devices[leg];
  return device === undefined ? null : legIdentity(fstatSync(device.fd, { bigint: true }));
}

/** Its name leads elsewhere by now, as when a file system was mounted again. */
export function isOtherFile(device: OpenDevice | undefined): boolean {
  if (device === undefined) return false;
  const named = statSync(device.path, { throwIfNoEntry: false });
  const opened = fstatSync(device.fd);
  return named !== undefined && (named.ino !== opened.ino || named.dev !== opened.dev);
}
