/**
 * What must outlive a crash beyond the log (which leg is right, whether the log can be believed), and
 * who waits for it to be durable.
 *
 * A write that missed a leg is acknowledged only when a restart would know of it: `holds` says whether
 * the acknowledgement must wait. What was kept may claim *more* damage than there is, never less, so
 * good news (a leg caught up) is written when convenient and nobody waits for it.
 *
 * One write at a time; who comes while one is under way waits for the next.
 */
import { legsOf, maskOf, NO_LEGS, union } from '../region/leg-content.ts';
import type { MirrorMemory } from './effect.ts';
import type { MirrorState } from './mirror-state.ts';

/** What to do once the memory is durable, or cannot be made so. */
export type MemoryWaiter = (kept: boolean) => void;

export class MemoryKeeper {
  readonly #state: MirrorState;
  #logTrusted: boolean;
  #kept: MirrorMemory;
  #saving: MirrorMemory | null = null;
  #waitingForThis: MemoryWaiter[] = [];
  #waitingForNext: MemoryWaiter[] = [];
  #improve = false;

  /** The shell has made `current()` durable before the first request. */
  constructor(state: MirrorState, logTrusted: boolean) {
    this.#state = state;
    this.#logTrusted = logTrusted;
    this.#kept = this.current();
  }

  current(): MirrorMemory {
    const { legs, content } = this.#state;
    const missing = legsOf(content.all)
      .filter((leg) => content.missedCount(leg) > 0)
      .reduce((mask, leg) => union(mask, maskOf(leg)), NO_LEGS);
    return { primary: legs.primary, missing, logTrusted: this.#logTrusted };
  }

  get isIdle(): boolean {
    return this.#saving === null && this.#waitingForNext.length === 0;
  }

  distrustLog(): void {
    this.#logTrusted = false;
  }

  /** True: what is on disk says less damage than there is; `waiter` is called when that has ended. */
  holds(waiter: MemoryWaiter): boolean {
    if (this.#saving === null && tellsAll(this.#kept, this.current())) return false;
    this.#waitingForNext.push(waiter);
    return true;
  }

  /** Things may have become better; write that down when it is true. */
  improve(): void {
    this.#improve = true;
  }

  /** At the end of a step: begins a write if one is owed. */
  kick(): void {
    if (this.#saving !== null) return;
    const current = this.current();
    const better = this.#improve && !same(current, this.#kept);
    this.#improve = false;
    if (this.#waitingForNext.length === 0 && !better) return;
    this.#saving = current;
    this.#waitingForThis = this.#waitingForNext;
    this.#waitingForNext = [];
    this.#state.emit({ kind: 'keepMemory', memory: current });
  }

  ended(ok: boolean): void {
    if (ok && this.#saving !== null) this.#kept = this.#saving;
    this.#saving = null;
    const waiters = this.#waitingForThis;
    this.#waitingForThis = [];
    for (const waiter of waiters) waiter(ok);
  }
}

/** Whoever reads `kept` after a crash expects at least the damage that `current` knows of. */
function tellsAll(kept: MirrorMemory, current: MirrorMemory): boolean {
  return (
    kept.primary === current.primary &&
    (current.missing & ~kept.missing) === 0 &&
    (current.logTrusted || !kept.logTrusted)
  );
}

function same(one: MirrorMemory, other: MirrorMemory): boolean {
  return (
    one.primary === other.primary &&
    one.missing === other.missing &&
    one.logTrusted === other.logTrusted
  );
}
