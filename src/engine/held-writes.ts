/**
 * Writes that are done where they can be, and not answered: a leg failed them, and the owner wants to
 * decide what becomes of it first (`holdOnFailure`, what dm does with handle_errors).
 *
 *   a leg fails ─▶ undecided ─▶ writes to what it misses are held ─▶ the owner clears it, takes it out,
 *                                                                    replaces or removes it: answered
 *                                                                 ─▶ recovery brings it up to date: answered
 *                                                                 ─▶ the mirror is stopped: they fail
 *                                                                 ─▶ its table is exchanged: given back
 *
 * A held write lies in the mirror's log and on the legs that are left, so reads may show it already,
 * like those of any write that is under way. Its client keeps its place in the connection: when these
 * are used up, the connection is read no further. Nothing else bounds how many there are.
 */
import type { RegionIndex } from '../geometry/units.ts';
import { common, NO_LEGS } from '../region/leg-content.ts';
import type { MirrorState } from './mirror-state.ts';
import type { WriteRequest } from './write-piece.ts';

export class HeldWrites {
  readonly #state: MirrorState;
  #held: WriteRequest[] = [];
  #isClosed = false;

  constructor(state: MirrorState) {
    this.#state = state;
  }

  get count(): number {
    return this.#held.length;
  }

  /** `answer`: there is nothing to wait for. `fail`: there is, but nobody will decide any more. */
  judge(request: WriteRequest): 'answer' | 'hold' | 'fail' {
    if (!this.#awaitsDecision(request)) return 'answer';
    if (this.#isClosed) return 'fail';
    this.#held.push(request);
    return 'hold';
  }

  /** Takes out those that need not be held any longer, in the order in which they came. */
  takeDecided(): readonly WriteRequest[] {
    if (this.#held.length === 0) return [];
    const held = this.#held;
    this.#held = held.filter((request) => this.#awaitsDecision(request));
    return held.filter((request) => !this.#awaitsDecision(request));
  }

  takeAll(): readonly WriteRequest[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Takes out all, and holds none from now on. */
  close(): readonly WriteRequest[] {
    this.#isClosed = true;
    return this.takeAll();
  }

  /** A leg that nobody has decided about misses some of it. */
  #awaitsDecision({ first, last }: WriteRequest): boolean {
    const { content, undecided } = this.#state;
    if (undecided === NO_LEGS) return false;
    for (let region = first; region <= last; region = (region + 1) as RegionIndex) {
      if (common(content.missing(region), undecided) !== NO_LEGS) return true;
    }
    return false;
  }
}
