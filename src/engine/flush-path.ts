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
 * A leg whose flush fails may have lost anything written to it since its last good flush, and may show
 * it at once. Those are the regions that the region hash remembers (it forgets them only after a
 * good flush), so the leg loses exactly them, at once. If it is the primary and nobody can take its
 * part, it is believed as it is: then the others lose them, and a client is told that its flush failed,
 * the next one if none was waiting. The kernel instead gives up every clean bit and leaves the regions'
 * in-sync bits alone, so that a later write goes to one leg while the status says all is well.
 *
 * A leg out of service is not flushed. If it is the primary, flushes fail until it is back.
 */
import { invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, legsOf, maskOf, NO_LEGS, without } from '../region/leg-content.ts';
import type { IoOutcome } from './input.ts';
import type { MirrorState } from './mirror-state.ts';

/**
 * `degraded`: some leg did not make it, but all is safe on the others. `failed`: what was acknowledged
 * may be lost.
 */
export type FlushAnswer = 'ok' | 'degraded' | 'failed';

interface FlushWaiter {
  readonly answer: (answer: FlushAnswer) => void;
  /** Passes a failure on to a client. */
  readonly tells: boolean;
}

export class FlushPath {
  readonly #state: MirrorState;
  #round: FlushWaiter[] | null = null;
  #next: FlushWaiter[] = [];
  #legsLeft: LegMask = NO_LEGS;
  #answer: FlushAnswer = 'ok';

  constructor(state: MirrorState) {
    this.#state = state;
  }

  get isIdle(): boolean {
    return this.#round === null && this.#next.length === 0;
  }

  join(answer: FlushWaiter['answer']): void {
    this.#join({ answer, tells: false });
  }

  joinForClient(answer: FlushWaiter['answer']): void {
    this.#join({ answer, tells: true });
  }

  legEnded(leg: LegIndex, outcome: IoOutcome): void {
    invariant(has(this.#legsLeft, leg), `leg ${leg} is not being flushed`);
    this.#legsLeft = without(this.#legsLeft, maskOf(leg));
    if (outcome === 'ok') this.#state.legs.flushed(leg);
    else if (!this.#survives(leg)) this.#tellOfLoss();
    else if (this.#answer === 'ok') this.#answer = 'degraded';
    if (this.#legsLeft === NO_LEGS) this.#endRound();
  }

  #join(waiter: FlushWaiter): void {
    this.#next.push(waiter);
    if (this.#round === null) this.#begin();
  }

  #begin(): void {
    this.#round = this.#next;
    this.#next = [];
    this.#answer = 'ok';
    const { legs, content } = this.#state;
    this.#legsLeft = content.inService;
    if (!has(this.#legsLeft, legs.primary)) this.#answer = 'failed';
    legs.flushBegins();
    if (this.#legsLeft === NO_LEGS) this.#endRound();
    else for (const leg of legsOf(this.#legsLeft)) this.#state.emit({ kind: 'flushLeg', leg });
  }

  #endRound(): void {
    const waiters = this.#round ?? [];
    const answer = this.#answer;
    this.#round = null;
    if (this.#next.length > 0) this.#begin();
    const failsClients = this.#state.lossIsUntold;
    if (waiters.some(({ tells }) => tells)) this.#state.lossIsUntold = false;
    for (const { tells, answer: tell } of waiters) tell(tells && failsClients ? 'failed' : answer);
  }

  #tellOfLoss(): void {
    this.#answer = 'failed';
    this.#state.lossIsUntold = true;
  }

  /** The flush of `leg` failed. True: nothing that was acknowledged is lost by that. */
  #survives(leg: LegIndex): boolean {
    const { legs, content } = this.#state;
    this.#state.legFailed(leg, 'flush');
    legs.lose(leg);
    const survives = leg !== legs.primary || this.#state.movePrimary(maskOf(leg));
    this.#state.loseUnflushed(survives ? maskOf(leg) : without(content.all, maskOf(leg)));
    return survives;
  }
}
