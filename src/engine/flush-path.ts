/**
 * Flushing the legs: for clients, for the sweep, and before the end.
 *
 *   round 1  ├── leg 0 ──┤
 *            ├──── leg 1 ────┤ ─▶ everybody who joined before it began is answered
 *   round 2                    ├── …          all who came meanwhile share this one
 *
 * A round covers every write that had ended before it began; that is why nobody can join a round under
 * way. Client flushes of one connection cover all connections for the same reason (NBD's multi-conn).
 *
 * A leg whose flush fails may have lost anything written to it since its last good flush. Those are
 * the regions that have an entry in the region hash (an entry ends only after a good flush), so the
 * leg loses exactly them. The kernel instead gives up every clean bit and leaves the regions' in-sync
 * bits alone, so that a later write goes to one leg while the status says all is well.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { allLegs, has, legsOf, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import type { IoOutcome } from './input.ts';
import type { MirrorState } from './mirror-state.ts';

/** `degraded`: some leg did not make it, and that must be durable before success is reported. */
export type FlushAnswer = 'ok' | 'degraded' | 'failed';
export type FlushWaiter = (answer: FlushAnswer) => void;

export class FlushPath {
  readonly #state: MirrorState;
  #round: FlushWaiter[] | null = null;
  #next: FlushWaiter[] = [];
  #legsLeft: LegMask = NO_LEGS;
  #failed: LegMask = NO_LEGS;

  constructor(state: MirrorState) {
    this.#state = state;
  }

  get isIdle(): boolean {
    return this.#round === null && this.#next.length === 0;
  }

  join(waiter: FlushWaiter): void {
    this.#next.push(waiter);
    if (this.#round === null) this.#begin();
  }

  legEnded(leg: LegIndex, outcome: IoOutcome): void {
    this.#legsLeft = without(this.#legsLeft, maskOf(leg));
    if (outcome !== 'ok') this.#failed = union(this.#failed, maskOf(leg));
    if (this.#legsLeft !== NO_LEGS) return;
    const waiters = this.#round ?? [];
    const answer = this.#failed === NO_LEGS ? 'ok' : this.#settle(this.#failed);
    this.#round = null;
    if (this.#next.length > 0) this.#begin();
    for (const waiter of waiters) waiter(answer);
  }

  #begin(): void {
    this.#round = this.#next;
    this.#next = [];
    this.#failed = NO_LEGS;
    this.#legsLeft = allLegs(this.#state.legs.legCount);
    for (const leg of legsOf(this.#legsLeft)) this.#state.emit({ kind: 'flushLeg', leg });
  }

  #settle(failed: LegMask): FlushAnswer {
    const { legs, hash } = this.#state;
    for (const leg of legsOf(failed)) this.#state.legFailed(leg, 'flush');
    const primaryKept = !has(failed, legs.primary) || this.#state.movePrimary(failed);
    // Nobody is known to have it all: the primary is believed as it is, and success is not reported.
    const lost = primaryKept ? failed : without(failed, maskOf(legs.primary));
    const written: RegionIndex[] = [...hash.unrested()];
    for (const region of written) this.#state.lose(region, lost);
    return primaryKept ? 'degraded' : 'failed';
  }
}
