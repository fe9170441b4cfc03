/**
 * What comparing the legs says about the log's bits, region by region, as it is gathered:
 *
 *                 legs equal          legs differ           … in one-sided sectors only
 *   bit clean     (nothing to say)    clean-different       clean-one-sided
 *   bit dirty     dirty-equal         dirty-different       dirty-different
 *   not readable  unreadable          unreadable            unreadable
 *
 * Stretches come in ascending order and together cover whole regions. Neighbouring regions with the
 * same verdict make one run, so the result is as short as what there is to say.
 */

import type { RegionBitset } from '../dirty-log/region-bitset.ts';
import { invariant } from '../errors/invariant.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteOffset, RegionIndex } from '../geometry/units.ts';
import { byteOffset } from '../geometry/units.ts';
import type { LegDifference } from './leg-difference.ts';
import { differenceIn, joined } from './leg-difference.ts';

export const VERDICTS = [
  'clean-different',
  'clean-one-sided',
  'dirty-equal',
  'dirty-different',
  'unreadable',
] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface VerdictRun {
  readonly verdict: Verdict;
  readonly first: number;
  readonly count: number;
  /** Of all its regions together; null where they are equal or could not be read. */
  readonly difference: LegDifference | null;
  /** Why it could not be read. */
  readonly failure: string | null;
}

/** A stretch of all legs; null contents: they are equal, unless the stretch could not be read. */
export interface ComparedStretch {
  readonly offset: number;
  readonly length: number;
  readonly contents: readonly Uint8Array[] | null;
  readonly failure: string | null;
}

interface OpenRegion {
  difference: LegDifference | null;
  failure: string | null;
}

export class LegComparison {
  readonly geometry: RegionGeometry;
  readonly #cleanBits: RegionBitset | null;
  readonly #runs: VerdictRun[];
  #region: OpenRegion = { difference: null, failure: null };
  #comparedRegions = 0;

  /** `cleanBits` null: no bit is believed. `runs`: what an interrupted comparison had found. */
  constructor(
    geometry: RegionGeometry,
    cleanBits: RegionBitset | null,
    runs: readonly VerdictRun[] = [],
  ) {
    this.geometry = geometry;
    this.#cleanBits = cleanBits;
    this.#runs = [...runs];
  }

  get runs(): readonly VerdictRun[] {
    return this.#runs;
  }

  /** In this run of the program. */
  get comparedRegions(): number {
    return this.#comparedRegions;
  }

  note(stretch: ComparedStretch): void {
    const end = stretch.offset + stretch.length;
    for (let at = stretch.offset; at < end; ) {
      const region = this.geometry.regionOf(byteOffset(at));
      const regionEnd = this.geometry.startOf(region) + this.geometry.lengthOf(region);
      const pieceEnd = Math.min(regionEnd, end);
      this.#notePiece(stretch, at, pieceEnd);
      if (pieceEnd === regionEnd) this.#close(region);
      at = pieceEnd;
    }
  }

  #notePiece({ offset, contents, failure }: ComparedStretch, start: number, end: number): void {
    if (failure !== null) this.#region.failure = failure;
    if (contents === null) return;
    const piece = contents.map((bytes) => bytes.subarray(start - offset, end - offset));
    const difference = differenceIn(piece, start);
    if (difference !== null) this.#region.difference = joined(this.#region.difference, difference);
  }

  #close(region: RegionIndex): void {
    const { difference, failure } = this.#region;
    this.#region = { difference: null, failure: null };
    this.#comparedRegions += 1;
    const verdict = this.#verdictOn(region, difference, failure);
    if (verdict === null) return;
    this.#append({ verdict, first: region, count: 1, difference, failure });
  }

  #verdictOn(region: RegionIndex, difference: LegDifference | null, failure: string | null) {
    if (failure !== null) return 'unreadable';
    const isClean = this.#isClean(region);
    if (difference === null) return isClean ? null : 'dirty-equal';
    if (!isClean) return 'dirty-different';
    return difference.oneSided ? 'clean-one-sided' : 'clean-different';
  }

  #isClean(region: RegionIndex): boolean {
    const bits = this.#cleanBits;
    return bits !== null && region < bits.regionCount && bits.has(region);
  }

  #append(run: VerdictRun): void {
    const last = this.#runs.at(-1);
    if (last !== undefined) invariant(run.first >= last.first + last.count, 'regions ascend');
    const extendsLast =
      last !== undefined &&
      last.verdict === run.verdict &&
      last.first + last.count === run.first &&
      last.failure === run.failure;
    if (!extendsLast) {
      this.#runs.push(run);
      return;
    }
    const difference =
      run.difference === null ? last.difference : joined(last.difference, run.difference);
    this.#runs[this.#runs.length - 1] = { ...last, count: last.count + 1, difference };
  }
}

/** Bytes of the mirror that `run` covers, half-open. */
export function bytesOfRun(
  { first, count }: Pick<VerdictRun, 'first' | 'count'>,
  geometry: RegionGeometry,
): [ByteOffset, number] {
  const last = (first + count - 1) as RegionIndex;
  return [geometry.startOf(first as RegionIndex), geometry.startOf(last) + geometry.lengthOf(last)];
}
