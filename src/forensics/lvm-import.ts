/**
 * From a mirror in LVM's metadata to legs and a log that can be had from the physical volumes at hand.
 *
 * A leg here is one stretch of one file or device, so an image that LVM put together from several
 * stretches cannot be mapped; the reason names them. A mirrored log is taken from all of its copies
 * that are at hand, and a region is clean only if all of them say so.
 */
import { cleanBitsIn, decodeLogHeader, logImageBytes } from '../dirty-log/disk-format.ts';
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { formatBytes } from '../geometry/size-words.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { LvmMirror, LvmPiece } from './lvm-layout.ts';
import { mirrorsIn } from './lvm-layout.ts';
import type { LvmVolumeGroup } from './lvm-metadata.ts';

/** A byte of a file or device that is at hand. */
export interface LvmPlace {
  readonly path: string;
  readonly offsetBytes: number;
}

export interface LvmImport {
  readonly mirror: LvmMirror;
  readonly geometry: RegionGeometry;
  readonly legs: readonly LvmPlace[];
  /** Every copy of the log that is at hand; empty: a core log. */
  readonly logs: readonly LvmPlace[];
}

type Unmappable = MirrorError<'LVM_UNMAPPABLE'>;

/** `wanted` is the name of a logical volume, or null: the only mirror there is. */
export function chooseLvmMirror(
  group: LvmVolumeGroup,
  wanted: string | null,
): Result<LvmMirror, Unmappable> {
  const mirrors = mirrorsIn(group);
  const names = mirrors.map(({ lv }) => lv).join(', ');
  const known = names === '' ? 'no mirror of type "mirror"' : `the mirrors ${names}`;
  if (wanted !== null) {
    const found = mirrors.find(({ lv }) => lv === wanted);
    const message = `volume group ${group.name} has no mirror ${wanted}; it has ${known}`;
    return found === undefined ? reject(unmappable(message)) : accept(found);
  }
  const [only, ...more] = mirrors;
  if (only !== undefined && more.length === 0) return accept(only);
  const hint = more.length === 0 ? '' : 'say which one: --lv NAME';
  return reject(unmappable(`volume group ${group.name} has ${known}`, hint));
}

/** `paths`: where the physical volumes are, by their name in the metadata. */
export function planLvmImport(
  group: LvmVolumeGroup,
  mirror: LvmMirror,
  paths: ReadonlyMap<string, string>,
): Result<LvmImport, Unmappable> {
  const legs: LvmPlace[] = [];
  for (const { lv, pieces } of mirror.legs) {
    const place = placeOf(group, lv, pieces, paths);
    if (!place.ok) return place;
    legs.push(place.value);
  }
  const logs: LvmPlace[] = [];
  const faults: Unmappable[] = [];
  for (const pieces of mirror.log?.copies ?? []) {
    const place = placeOf(group, mirror.log?.lv ?? '', pieces, paths);
    if (place.ok) logs.push(place.value);
    else faults.push(place.error);
  }
  const [fault] = faults;
  if (logs.length === 0 && fault !== undefined) return reject(fault);
  const size = byteCount(mirror.sizeBytes);
  const geometry = RegionGeometry.of(size, byteCount(mirror.regionSizeBytes));
  return accept({ mirror, geometry, legs, logs });
}

function placeOf(
  group: LvmVolumeGroup,
  lv: string,
  pieces: readonly LvmPiece[] | null,
  paths: ReadonlyMap<string, string>,
): Result<LvmPlace, Unmappable> {
  if (pieces === null) {
    return reject(unmappable(`${lv} is not made of plain stretches of physical volumes`));
  }
  const [piece, ...more] = pieces;
  if (piece === undefined || more.length > 0) {
    const list = pieces.map(
      (one) => `${one.pv} from ${one.offsetBytes}, ${formatBytes(one.lengthBytes)}`,
    );
    const hint = `bring it together on one device first, for example with dd, in this order`;
    return reject(unmappable(`${lv} lies in ${pieces.length} stretches: ${list.join('; ')}`, hint));
  }
  const path = paths.get(piece.pv);
  if (path !== undefined) return accept({ path, offsetBytes: piece.offsetBytes });
  const pv = group.physicalVolumes.find(({ name }) => name === piece.pv);
  const device = pv?.device ? `, which was ${pv.device}` : '';
  const message = `${lv} lies on physical volume ${piece.pv} (${pv?.id})${device}`;
  return reject(unmappable(message, 'give that one, too'));
}

function unmappable(message: string, hint = ''): Unmappable {
  return new MirrorError('LVM_UNMAPPABLE', message, {}, hint);
}

/** As many bytes as a log of that mirror takes in a file. */
export function importedLogBytes({ geometry }: LvmImport): number {
  return logImageBytes(geometry.regionCount, byteCount(SECTOR_BYTES));
}

/** One log of several copies; a bit is 1 only if it is 1 in all. Their headers must agree. */
export function mergedLog(
  { geometry }: LvmImport,
  copies: readonly Uint8Array[],
): Result<Uint8Array, Unmappable> {
  const [first = new Uint8Array(), ...others] = copies;
  const merged = first.slice();
  const bits = cleanBitsIn(merged, geometry.regionCount);
  for (const copy of others) {
    const { magic, version, regionCount } = decodeLogHeader(copy);
    const header = decodeLogHeader(merged);
    const agree =
      magic === header.magic && version === header.version && regionCount === header.regionCount;
    if (!agree) {
      const hint = 'look at each: mirrorctl log carve PV --lvm';
      return reject(unmappable('the copies of the log do not have the same header', hint));
    }
    const other = cleanBitsIn(copy.slice(), geometry.regionCount);
    bits.bytes.forEach((byte, at) => {
      bits.bytes[at] = byte & (other.bytes[at] ?? 0);
    });
  }
  return accept(merged);
}
