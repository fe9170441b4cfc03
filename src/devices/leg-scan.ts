/**
 * Reads the same range of several legs and tells where their bytes differ, stretch by stretch.
 *
 *   legs    ████████░░░░░░░░████████████        ░ holes on every leg: equal without reading
 *   yields  equal   equal   differing (with the contents) …
 *
 * The next stretch is read while the caller looks at this one. What is read ends at multiples of
 * `STRETCH_BYTES` from the start of the mirror; where a stretch begins is up to ranges and holes.
 *
 * A leg that cannot be read somewhere does not stop the others from being compared elsewhere: the
 * stretch says which leg failed and how.
 */
import fs from 'node:fs';
import { holeLength } from './allocation-runs.ts';

export const STRETCH_BYTES = 1024 * 1024;

export interface ScannedLeg {
  readonly fd: number;
  readonly offsetBytes: number;
}

export interface Stretch {
  readonly offset: number;
  readonly length: number;
  /** What each leg has there, good until the next stretch is asked for; null: equal, or not read. */
  readonly contents: readonly Uint8Array[] | null;
  readonly failure: { readonly leg: number; readonly message: string } | null;
}

/** Bytes of the mirror, half-open. */
export interface ScanRange {
  readonly start: number;
  readonly end: number;
}

/** `ranges` are not empty; they ascend if the caller wants ascending stretches. */
export async function* scanLegs(
  legs: readonly ScannedLeg[],
  ranges: Iterable<ScanRange>,
): AsyncGenerator<Stretch> {
  const buffers = [buffersFor(legs), buffersFor(legs)] as const;
  const places = ranges[Symbol.iterator]();
  let turn = 0;
  let range = nextRange(places);
  let next = range === null ? null : readStretch(legs, range.start, range.end, buffers[0]);
  while (range !== null && next !== null) {
    const stretch = await next;
    const reached = stretch.offset + stretch.length;
    range = reached < range.end ? { start: reached, end: range.end } : nextRange(places);
    turn = 1 - turn;
    const free = buffers[turn === 0 ? 0 : 1];
    next = range === null ? null : readStretch(legs, range.start, range.end, free);
    yield stretch;
  }
}

function nextRange(places: Iterator<ScanRange>): ScanRange | null {
  const place = places.next();
  return place.done === true ? null : place.value;
}

function buffersFor(legs: readonly ScannedLeg[]): readonly Buffer[] {
  return legs.map(() => Buffer.allocUnsafeSlow(STRETCH_BYTES));
}

async function readStretch(
  legs: readonly ScannedLeg[],
  offset: number,
  end: number,
  buffers: readonly Buffer[],
): Promise<Stretch> {
  const length = Math.min(STRETCH_BYTES - (offset % STRETCH_BYTES), end - offset);
  const equal = { offset, contents: null, failure: null };
  const hole = holeOnAll(legs, offset, end);
  if (hole >= length) return { ...equal, length: hole };
  const contents = buffers.map((buffer) => buffer.subarray(0, length));
  const failures = await Promise.all(
    legs.map((leg, index) => fill(leg, offset, contents[index] ?? EMPTY)),
  );
  const leg = failures.findIndex((failure) => failure !== null);
  if (leg >= 0) return { ...equal, length, failure: { leg, message: failures[leg] ?? '' } };
  const [first = EMPTY, ...others] = contents;
  const isEqual = others.every((other) => first.equals(other));
  return { ...equal, length, contents: isEqual ? null : contents };
}

const EMPTY = Buffer.alloc(0);

/** How far every leg has a hole from `offset` on; 0 where one has data. */
function holeOnAll(legs: readonly ScannedLeg[], offset: number, end: number): number {
  let common = end - offset;
  for (const { fd, offsetBytes } of legs) {
    common = holeLength(fd, offsetBytes + offset, common);
    if (common === 0) return 0;
  }
  return common;
}

/** Null when every byte was read, else why not. */
async function fill(leg: ScannedLeg, offset: number, into: Buffer): Promise<string | null> {
  let got = 0;
  while (got < into.length) {
    const read = await readSome(leg.fd, into.subarray(got), leg.offsetBytes + offset + got);
    if (typeof read === 'string') return read;
    if (read === 0) return 'the leg ends there';
    got += read;
  }
  return null;
}

function readSome(fd: number, into: Buffer, position: number): Promise<number | string> {
  return new Promise((resolve) => {
    fs.read(fd, into, 0, into.length, position, (cause, count) => {
      resolve(cause === null ? count : cause.message);
    });
  });
}
