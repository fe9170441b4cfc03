/**
 * Compares the legs' bytes in a range, on this thread, and says how they differ:
 *
 *   leg 0   ████████████████████████
 *   leg 1   ████▒▒██████▒███████████        from the first sector that differs to the last:
 *               ├────────┤                  offset, length, and what each leg has there as a hash
 *
 * The page cache is asked to forget the range first, so that it is the device that answers: a cached
 * page tells nothing about what has become of the bytes under it. Holes on every leg are equal
 * without reading.
 *
 * The caller sees to it that nobody writes the range meanwhile. A leg that cannot be read is left out.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { ENXIO, seekData } from '../devices/file-calls.ts';
import type { IoError } from '../devices/leg-io.ts';
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import { SECTOR_BYTES } from '../geometry/units.ts';
import type { CallWatch } from './call-pulse.ts';
import { unwatched } from './call-pulse.ts';
import type { CompareJob, CompareOutcome, CopyLeg, LegFailure } from './copy-messages.ts';
import type { WatchedLeg } from './leg-reading.ts';
import { forget, readFully, watchedLegs } from './leg-reading.ts';

const CHUNK_BYTES = 256 * 1024;

interface ComparedLeg {
  readonly leg: LegIndex;
  readonly at: WatchedLeg;
  readonly buffer: Buffer;
}

/** Bytes of the mirror, half-open. */
interface Span {
  readonly start: number;
  readonly end: number;
}

export class LegComparer {
  readonly #legs: readonly WatchedLeg[];
  readonly #buffers: Buffer[] = [];

  /** Whatever is called on a leg goes through `watch`, which may throw to end it all. */
  constructor(legs: readonly CopyLeg[], watch: CallWatch = unwatched) {
    this.#legs = watchedLegs(legs, watch, ({ device }) => device.fd);
  }

  compare({ legs: indices, offset, length }: CompareJob): CompareOutcome {
    const legs = indices.map((leg, place) => this.#open(leg, place));
    const span = { start: offset, end: offset + length };
    for (const { at } of legs) forget(at, offset, length);
    const unreadable: LegFailure[] = [];
    const readable = new Set(legs);
    const leaveOut = (one: ComparedLeg, error: IoError) => {
      readable.delete(one);
      unreadable.push({ leg: one.leg, error });
    };
    const differing = differingSpan(readable, span, leaveOut);
    if (differing === null) return { unreadable, difference: null };
    const hashes = [...readable].flatMap((one) => {
      const sha256 = hashOf(one, differing);
      if (typeof sha256 === 'string') return [{ leg: one.leg, sha256 }];
      leaveOut(one, sha256);
      return [];
    });
    const isEqual = new Set(hashes.map(({ sha256 }) => sha256)).size < 2;
    const { start, end } = differing;
    const difference = isEqual ? null : { offset: start, length: end - start, hashes };
    return { unreadable, difference };
  }

  #open(leg: LegIndex, place: number): ComparedLeg {
    const at = this.#legs[leg];
    invariant(at !== undefined, `no leg ${leg}`);
    const buffer = this.#buffers[place] ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#buffers[place] = buffer;
    return { leg, at, buffer };
  }
}

/** `leaveOut` takes a leg out of `legs`. What the others have in the span is compared all the same. */
function differingSpan(
  legs: ReadonlySet<ComparedLeg>,
  { start, end }: Span,
  leaveOut: (leg: ComparedLeg, error: IoError) => void,
): Span | null {
  let found = null as Span | null;
  for (let at = start; at < end && legs.size > 1; ) {
    const hole = holeOnAll(legs, at, end);
    if (hole > 0) {
      at += hole;
      continue;
    }
    const length = Math.min(CHUNK_BYTES, end - at);
    for (const one of legs) {
      const error = readFully(one.at, one.buffer.subarray(0, length), at);
      if (error !== null) leaveOut(one, error);
    }
    const contents = [...legs].map(({ buffer }) => buffer.subarray(0, length));
    const here = differingSectors(contents);
    if (here !== null) found = { start: found?.start ?? at + here.start, end: at + here.end };
    at += length;
  }
  return found;
}

/** How far every leg has a hole from `at` on; 0 where one has data. */
function holeOnAll(legs: Iterable<ComparedLeg>, at: number, end: number): number {
  let common = end;
  for (const { call, offsetBytes } of [...legs].map((one) => one.at)) {
    const data = call((fd) => seekData(fd, offsetBytes + at));
    // What lies behind the end of a file looks like a hole, but is nothing at all.
    const holeEnd = data === ENXIO ? call((fd) => fs.fstatSync(fd).size) : data;
    common = Math.min(common, holeEnd - offsetBytes);
  }
  return Math.max(0, common - at);
}

/** From the first sector in which `contents` differ to the last, from their start; null: they do not. */
function differingSectors(contents: readonly Buffer[]): Span | null {
  const [first, ...others] = contents;
  if (first === undefined || others.every((other) => first.equals(other))) return null;
  const differs = (at: number) => {
    const end = Math.min(at + SECTOR_BYTES, first.length);
    return others.some((other) => first.compare(other, at, end, at, end) !== 0);
  };
  let start = 0;
  while (!differs(start)) start += SECTOR_BYTES;
  let last = Math.floor((first.length - 1) / SECTOR_BYTES) * SECTOR_BYTES;
  while (!differs(last)) last -= SECTOR_BYTES;
  return { start, end: Math.min(last + SECTOR_BYTES, first.length) };
}

function hashOf({ at: leg, buffer }: ComparedLeg, { start, end }: Span): string | IoError {
  const hash = createHash('sha256');
  for (let at = start; at < end; ) {
    const chunk = buffer.subarray(0, Math.min(CHUNK_BYTES, end - at));
    const error = readFully(leg, chunk, at);
    if (error !== null) return error;
    hash.update(chunk);
    at += chunk.length;
  }
  return hash.digest('hex');
}
