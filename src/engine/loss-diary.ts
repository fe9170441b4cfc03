/**
 * When which legs lost which regions, for whoever asks why a region is out of sync. The newest
 * `LOSSES_MAX` are remembered; regions lost one after another by the same legs are one entry, as when a
 * leg goes out of service.
 */
import type { RegionIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';

export interface Loss {
  readonly first: RegionIndex;
  readonly last: RegionIndex;
  readonly legs: LegMask;
  /** In ticks. */
  readonly at: number;
}

const LOSSES_MAX = 4096;

export class LossDiary {
  #losses: Loss[] = [];

  note(region: RegionIndex, legs: LegMask, at: number): void {
    const latest = this.#losses.at(-1);
    if (latest !== undefined && latest.legs === legs && latest.at === at) {
      if (region >= latest.first && region <= latest.last) return;
      if (region === latest.last + 1) {
        this.#losses[this.#losses.length - 1] = { ...latest, last: region };
        return;
      }
    }
    this.#losses.push({ first: region, last: region, legs, at });
    if (this.#losses.length > 2 * LOSSES_MAX) this.#losses = this.#losses.slice(-LOSSES_MAX);
  }

  /** The latest loss of `region`; null: there was none, or it is forgotten. */
  latest(region: RegionIndex): Loss | null {
    return this.#losses.findLast(({ first, last }) => first <= region && region <= last) ?? null;
  }
}
