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
import { invariant } from '../errors/invariant.ts';
import { union } from '../region/leg-content.ts';
import type { MirrorMemory } from './effect.ts';
import type { MirrorState } from './mirror-state.ts';

/** What to do once the memory is durable, or cannot be made so. */
export type MemoryWaiter = (kept: boolean) => void;

export class MemoryKeeper {
  readonly #state: MirrorState;
  #logTrusted = true;
  /** Null: a write of it failed, so nobody knows what is there. */
  #kept: MirrorMemory | null;
  #saving: MirrorMemory | null = null;
  #waiting: MemoryWaiter[] = [];
  /** Those whom the write under way serves. */
  #served: MemoryWaiter[] = [];
  #improve = false;

  /** The shell has made `current()` durable before the first request. */
  constructor(state: MirrorState) {
    this.#state = state;
    this.#kept = this.current();
  }

  current(): MirrorMemory {
    const { legs, content } = this.#state;
    const missing = union(content.missedLegs, legs.unsettled);
    return { primary: legs.primary, missing, logTrusted: this.#logTrusted };
  }

  get isIdle(): boolean {
    return this.#saving === null && this.#waiting.length === 0;
  }

  /** A crash now would forget nothing. */
  get tellsAll(): boolean {
    return this.#saving === null && this.#kept !== null && tellsAll(this.#kept, this.current());
  }

  /** Whether the next process may believe what the log says. */
  trustLog(trusted: boolean): void {
    this.#logTrusted = trusted;
  }

  /** True: what is on disk may say less damage than there is; `waiter` hears when that has ended. */
  holds(waiter: MemoryWaiter): boolean {
    if (this.tellsAll) return false;
    this.#waiting.push(waiter);
    return true;
  }

  /** Things may have become better; write that down when it is true. */
  improve(): void {
    this.#improve = true;
  }

  /** At the end of a step: begins a write if one is owed. */
  kick(): void {
    if (this.#saving !== null) return;
    const isBetter = this.#improve && !same(this.current(), this.#kept);
    this.#improve = false;
    if (this.#waiting.length === 0 && !isBetter) return;
    this.#saving = this.current();
    this.#served = this.#waiting;
    this.#waiting = [];
    this.#state.emit({ kind: 'keepMemory', memory: this.#saving });
  }

  ended(ok: boolean): void {
    invariant(this.#saving !== null, 'no memory is being kept');
    this.#kept = ok ? this.#saving : null;
    this.#saving = null;
    const served = this.#served;
    this.#served = [];
    // It became worse while this was written: once more, for them too.
    if (ok && !this.tellsAll) this.#waiting.unshift(...served);
    else for (const waiter of served) waiter(ok);
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

function same(one: MirrorMemory, other: MirrorMemory | null): boolean {
  return (
    one.primary === other?.primary &&
    one.missing === other.missing &&
    one.logTrusted === other.logTrusted
  );
}
