/**
 * How the legs' bytes differ in a stretch of the mirror, sector by sector.
 *
 * A discard that a kernel passed down is not tracked by its log, and may leave one leg's sectors zero
 * and the other's as they were. So a stretch is *one-sided* when in every sector that differs some
 * leg is all zero: a discard looks like that, and so does a leg that was never written.
 */
import { SECTOR_BYTES } from '../geometry/units.ts';

export interface LegDifference {
  /** Byte of the mirror where the first one is. */
  readonly firstByte: number;
  /** Legs that are unlike leg 0 somewhere, ascending. */
  readonly legs: readonly number[];
  readonly sectors: number;
  readonly oneSided: boolean;
}

/** `contents` are equally long, leg by leg; `offset` is where they begin in the mirror. */
export function differenceIn(
  contents: readonly Uint8Array[],
  offset: number,
): LegDifference | null {
  const length = contents[0]?.length ?? 0;
  let found: LegDifference | null = null;
  for (let at = 0; at < length; at += SECTOR_BYTES) {
    const end = Math.min(at + SECTOR_BYTES, length);
    const sector = sectorDifference(contents, at, end, offset);
    if (sector !== null) found = joined(found, sector);
  }
  return found;
}

/** `later` comes after `earlier`. */
export function joined(earlier: LegDifference | null, later: LegDifference): LegDifference {
  if (earlier === null) return later;
  return {
    firstByte: earlier.firstByte,
    legs: [...new Set([...earlier.legs, ...later.legs])].sort((one, other) => one - other),
    sectors: earlier.sectors + later.sectors,
    oneSided: earlier.oneSided && later.oneSided,
  };
}

function sectorDifference(
  contents: readonly Uint8Array[],
  at: number,
  end: number,
  offset: number,
): LegDifference | null {
  const [first = new Uint8Array(), ...others] = contents;
  let firstByte = end;
  const legs: number[] = [];
  others.forEach((other, index) => {
    const byte = firstDifference(first, other, at, end);
    if (byte < end) legs.push(index + 1);
    firstByte = Math.min(firstByte, byte);
  });
  if (legs.length === 0) return null;
  const oneSided = contents.some((bytes) => isZero(bytes, at, end));
  return { firstByte: offset + firstByte, legs, sectors: 1, oneSided };
}

function firstDifference(one: Uint8Array, other: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && one[at] === other[at]) at += 1;
  return at;
}

function isZero(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== 0) return false;
  return true;
}
