/**
 * The bytes of a log that its header and its bits do not tell: unused bytes, slack, padding bits that
 * should be 0, and whatever damage left. With them a log can be made again from a report.
 *
 *   as read  =  plain log (header, bits, zeroes everywhere else)  overlaid with  other bytes
 *
 * Other bytes come as stretches; one that repeats a single byte is told by that byte.
 */
import { CLEAN_BITS_OFFSET, cleanBitsIn } from '../dirty-log/disk-format.ts';
import { bitsetBytes } from '../dirty-log/region-bitset.ts';
import type { RegionCount } from '../geometry/units.ts';
import { bytesOfHex, hexOf } from './hex.ts';

/** `count` neighbouring regions from `first` on. */
export interface RegionSpan {
  readonly first: number;
  readonly count: number;
}

export interface OtherBytes {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Repeated until `lengthBytes` are filled. */
  readonly hex: string;
}

export interface PlainLog {
  /** Of the whole area, in bytes. */
  readonly length: number;
  readonly headerHex: string;
  /** How many regions have bits in it. */
  readonly shown: RegionCount;
  readonly dirtyRuns: readonly RegionSpan[];
}

export function plainLog({ length, headerHex, shown, dirtyRuns }: PlainLog): Uint8Array {
  const image = new Uint8Array(Math.max(length, CLEAN_BITS_OFFSET + bitsetBytes(shown)));
  image.set(bytesOfHex(headerHex) ?? []);
  const bits = cleanBitsIn(image, shown);
  bits.fill(0, shown, true);
  for (const { first, count } of dirtyRuns) bits.fill(first, first + count, false);
  return image.subarray(0, length);
}

/** Stretches closer than this are told as one: a place costs as much as some bytes. */
const GAP_BYTES_MAX = 16;

/** Where `bytes` and `plain`, equally long, differ, and what `bytes` has there. */
export function otherBytesIn(bytes: Uint8Array, plain: Uint8Array): OtherBytes[] {
  const found: OtherBytes[] = [];
  for (let first = nextDifference(bytes, plain, 0); first !== null; ) {
    let end = first + 1;
    let next = nextDifference(bytes, plain, end);
    while (next !== null && next - end < GAP_BYTES_MAX) {
      end = next + 1;
      next = nextDifference(bytes, plain, end);
    }
    found.push(stretch(bytes.subarray(first, end), first));
    first = next;
  }
  return found;
}

/** Puts `others` back where they were. */
export function overlay(image: Uint8Array, others: readonly OtherBytes[]): void {
  for (const { offsetBytes, lengthBytes, hex } of others) {
    const pattern = bytesOfHex(hex) ?? new Uint8Array();
    for (let index = 0; index < lengthBytes; index += 1) {
      image[offsetBytes + index] = pattern[index % pattern.length] ?? 0;
    }
  }
}

function nextDifference(bytes: Uint8Array, plain: Uint8Array, from: number): number | null {
  for (let at = from; at < bytes.length; at += 1) if (bytes[at] !== plain[at]) return at;
  return null;
}

function stretch(bytes: Uint8Array, offsetBytes: number): OtherBytes {
  const isUniform = bytes.every((byte) => byte === bytes[0]);
  const told = isUniform ? bytes.subarray(0, 1) : bytes;
  return { offsetBytes, lengthBytes: bytes.length, hex: hexOf(told) };
}
