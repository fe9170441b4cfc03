/**
 * Breaks a log on purpose, for training and tests, and says what was done: the truth that a check is
 * to be measured by. The same log, kind and seed give the same damage.
 *
 *   claim-clean   dirty regions become clean: what a lost write of the log would look like
 *   forget-clean  clean regions become dirty: harmless, costs copies
 *   magic, version, count, count-near, swapped    the header no longer says what it said
 *   truncated     the end is missing
 *   zeroed, garbage      one sector of 512 bytes is gone
 *   padding       bits past the last region are set
 *   shifted       everything lies one sector later
 *   aged          the log of a moment when every region was clean
 */
import { CLEAN_BITS_OFFSET, cleanBitsIn, HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { bitsetBytes } from '../dirty-log/region-bitset.ts';
import { invariant } from '../errors/invariant.ts';
import { regionIndex, SECTOR_BYTES } from '../geometry/units.ts';
import type { ExaminedLog } from './log-excerpt.ts';

export const DAMAGE_KINDS = [
  'claim-clean',
  'forget-clean',
  'magic',
  'version',
  'count',
  'count-near',
  'swapped',
  'truncated',
  'zeroed',
  'garbage',
  'padding',
  'shifted',
  'aged',
] as const;
export type DamageKind = (typeof DAMAGE_KINDS)[number];

export interface DamagedLog {
  readonly kind: DamageKind;
  readonly bytes: Uint8Array;
  /** What was done, in words. */
  readonly done: string;
  /** Regions that were dirty and now look clean, where the header can still be believed. */
  readonly falselyClean: readonly number[];
}

/** Whole numbers from 0 to below `limit`. */
type Dice = (limit: number) => number;

/** `log` is intact, with at least one region, and its image was read whole. */
export function damageLog(log: ExaminedLog, kind: DamageKind, seed: number): DamagedLog {
  invariant(log.state === 'normal', 'only a log can be damaged');
  const bytes = log.bytes.slice();
  const done = DAMAGE[kind](bytes, log, diceFrom(seed));
  const end = kind === 'truncated' ? cutAt(log, diceFrom(seed)) : bytes.length;
  const damaged = bytes.slice(0, end);
  return { kind, bytes: damaged, done, falselyClean: falselyCleanIn(log, damaged) };
}

type Damage = (bytes: Uint8Array, log: ExaminedLog, dice: Dice) => string;

const DAMAGE: Readonly<Record<DamageKind, Damage>> = {
  'claim-clean': (bytes, log, dice) => flipSome(bytes, log, dice, true),
  'forget-clean': (bytes, log, dice) => flipSome(bytes, log, dice, false),
  magic: (bytes, _, dice) => flipBit(bytes, dice(32), 'the magic'),
  version: (bytes, _, dice) => {
    bytes.set([3 + dice(250), dice(256), dice(256), dice(256)], 4);
    return 'another version';
  },
  count: (bytes, _, dice) => {
    bytes.set([1 + dice(255), dice(256), dice(256), dice(256), 1 + dice(255), dice(256)], 8);
    return 'a count of regions that no log can have';
  },
  'count-near': (bytes, log, dice) => {
    const count = regionsOf(log);
    const other = count > 1 && dice(2) === 0 ? count - 1 : count + 1;
    new DataView(bytes.buffer).setBigUint64(8, BigInt(other), true);
    return `${other} regions in the header instead of ${count}`;
  },
  swapped: (bytes) => {
    for (const [from, to] of [
      [0, 4],
      [4, 8],
      [8, 16],
    ] as const) {
      bytes.subarray(from, to).reverse();
    }
    return 'a header in the other byte order';
  },
  truncated: (_, log, dice) => `cut off after ${cutAt(log, dice)} bytes`,
  zeroed: (bytes, log, dice) => {
    const sector = dice(imageSectors(log));
    bytes.fill(0, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
    return `zeroes in sector ${sector}`;
  },
  garbage: (bytes, log, dice) => {
    const sector = dice(imageSectors(log));
    const start = sector * SECTOR_BYTES;
    for (let at = start; at < start + SECTOR_BYTES; at += 1) bytes[at] = dice(256);
    return `garbage in sector ${sector}`;
  },
  padding: (bytes, log, dice) => {
    const count = regionsOf(log);
    const padding = 8 * bitsetBytes(log.bitsWanted ?? regionsOf(log)) - count;
    if (padding === 0) return 'nothing: these regions need no padding';
    return flipBit(bytes, 8 * CLEAN_BITS_OFFSET + count + dice(padding), 'a padding bit');
  },
  shifted: (bytes) => {
    bytes.copyWithin(SECTOR_BYTES, 0);
    bytes.fill(0, 0, SECTOR_BYTES);
    return 'everything one sector later';
  },
  aged: (bytes, log) => {
    const count = log.bitsWanted ?? regionsOf(log);
    cleanBitsIn(bytes, count).fill(0, count, true);
    return 'every region clean, as in an older copy';
  },
};

function regionsOf({ ownRegionCount }: ExaminedLog) {
  invariant(ownRegionCount !== null, 'an intact log knows its regions');
  return ownRegionCount;
}

function imageSectors({ imageBytes }: ExaminedLog): number {
  return (imageBytes ?? SECTOR_BYTES) / SECTOR_BYTES;
}

function cutAt({ imageBytes }: ExaminedLog, dice: Dice): number {
  return dice(imageBytes ?? HEADER_BYTES);
}

function flipBit(bytes: Uint8Array, bit: number, what: string): string {
  bytes[Math.floor(bit / 8)] = (bytes[Math.floor(bit / 8)] ?? 0) ^ (1 << (bit % 8));
  return `one bit of ${what} flipped`;
}

const FLIPPED_MAX = 5;

/** Turns up to `FLIPPED_MAX` regions clean, or dirty; fewer where there are not so many others. */
function flipSome(bytes: Uint8Array, log: ExaminedLog, dice: Dice, clean: boolean): string {
  const bits = cleanBitsIn(bytes, regionsOf(log));
  const flipped: number[] = [];
  for (let count = 1 + dice(FLIPPED_MAX); count > 0; count -= 1) {
    const from = dice(bits.regionCount);
    const next = (at: number) => (clean ? bits.nextClear(at) : bits.nextSet(at));
    const region = next(from) ?? next(0);
    if (region === null) break;
    bits.fill(region, region + 1, clean);
    flipped.push(region);
  }
  const how = clean ? 'clean although it was dirty' : 'dirty although it was clean';
  return flipped.length === 0 ? 'nothing: no region to turn' : `${how}: ${flipped.join(', ')}`;
}

/** Compares bit by bit, as far as there are bits, whatever the header says now. */
function falselyCleanIn({ cleanBits }: ExaminedLog, damaged: Uint8Array): number[] {
  if (cleanBits === null) return [];
  const found: number[] = [];
  for (let at = cleanBits.nextClear(0); at !== null; at = cleanBits.nextClear(at + 1)) {
    const byte = damaged[CLEAN_BITS_OFFSET + Math.floor(at / 8)] ?? 0;
    if ((byte & (1 << (at % 8))) !== 0) found.push(regionIndex(at));
  }
  return found;
}

/** xorshift32 over the seed (George Marsaglia, 2003); never stuck at zero. */
function diceFrom(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
