/**
 * Which leg answers a read, out of those that hold what is asked for.
 *
 * A region that is being written is read from the primary alone, so that two reads during one write
 * cannot see new and then old bytes; only regions at rest are balanced. Among equals the primary wins:
 * a file that is read from one leg is cached once.
 *
 * Linux 6.12 mainline never balances (drivers/md/dm-raid1.c, `choose_mirror`); RHEL's kernels took
 * turns every 128 reads. `queue` is ours: the leg with the fewest reads in flight.
 */
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, legsOf } from '../region/leg-content.ts';
import type { ReadPolicy } from './mirror-spec.ts';

export class ReadChooser {
  readonly #policy: ReadPolicy;
  readonly #preferred: number;
  readonly #inFlight: number[];
  #turn = 0;

  constructor(policy: ReadPolicy, legCount: number) {
    this.#policy = policy;
    this.#preferred = policy.startsWith('leg:') ? Number(policy.slice('leg:'.length)) : -1;
    this.#inFlight = Array.from({ length: legCount }, () => 0);
  }

  began(leg: LegIndex): void {
    this.#inFlight[leg] = (this.#inFlight[leg] ?? 0) + 1;
  }

  ended(leg: LegIndex): void {
    this.#inFlight[leg] = (this.#inFlight[leg] ?? 0) - 1;
  }

  /** One of `candidates`, which is not empty. `atRest`: no write is in flight to what is read. */
  choose(candidates: LegMask, primary: LegIndex, atRest: boolean): LegIndex {
    const fallback = has(candidates, primary) ? primary : lowest(candidates);
    if (!atRest || this.#policy === 'primary') return fallback;
    if (this.#policy === 'round-robin') return this.#next(candidates);
    if (this.#policy === 'queue') return this.#shortestQueue(candidates, fallback);
    return has(candidates, this.#preferred as LegIndex) ? (this.#preferred as LegIndex) : fallback;
  }

  #next(candidates: LegMask): LegIndex {
    const legs = legsOf(candidates);
    this.#turn += 1;
    return legs[this.#turn % legs.length] ?? lowest(candidates);
  }

  #shortestQueue(candidates: LegMask, fallback: LegIndex): LegIndex {
    let best = fallback;
    for (let leg = 0; leg < this.#inFlight.length; leg += 1) {
      if (!has(candidates, leg as LegIndex)) continue;
      if ((this.#inFlight[leg] ?? 0) < (this.#inFlight[best] ?? 0)) best = leg as LegIndex;
    }
    return best;
  }
}

/** The lowest leg of a mask that is not empty. */
export function lowest(mask: LegMask): LegIndex {
  return (31 - Math.clz32(mask & -mask)) as LegIndex;
}
