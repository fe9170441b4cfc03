/**
 * What a time limit and a leg that is away do to operations, as in devices/timed-leg-io.ts:
 *
 *   asked ──time is over──▶ hung: the engine heard of a failure ──▶ over, and nobody hears of it
 *                             as long as an operation of a leg hangs, the leg is fenced
 *   leg leaves ──▶ fenced ──▶ leg returns
 *
 * A fenced leg refuses whatever is asked of it from then on; what is under way ends as it would. The
 * order matters: an operation that hangs may reach its leg at any later moment, so nothing else may
 * until it is over.
 */
import type { Input } from '../engine/input.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, maskOf, union, without } from '../region/leg-content.ts';
import type { TimedOperation } from './operation.ts';

export class Fence {
  /** By name; one place has one at most, since it refuses others meanwhile. */
  readonly hung = new Map<string, TimedOperation>();
  #away: LegMask;

  constructor(away: LegMask) {
    this.#away = away;
  }

  get away(): LegMask {
    return this.#away;
  }

  /** The legs that refuse everything. */
  get closed(): LegMask {
    let closed = this.#away;
    for (const { place } of this.hung.values()) {
      if (typeof place === 'number') closed = union(closed, maskOf(place));
    }
    return closed;
  }

  /** Its device was asked for it, so it may hang. */
  mayHang({ name, isRefused }: TimedOperation): boolean {
    return !isRefused && !this.hung.has(name);
  }

  /** What the engine hears when an operation that hung is over: nothing. */
  hears(_late: Input): Input | null {
    return null;
  }

  /** False: it was away already. */
  leave(leg: LegIndex): boolean {
    if (has(this.#away, leg)) return false;
    this.#away = union(this.#away, maskOf(leg));
    return true;
  }

  /** False: it was not away. */
  return(leg: LegIndex): boolean {
    if (!has(this.#away, leg)) return false;
    this.#away = without(this.#away, maskOf(leg));
    return true;
  }
}
