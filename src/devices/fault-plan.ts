/**
 * Which of the faults that were asked for is due: each operation on a leg or the log is shown here
 * before it begins. The first fault that fits is taken, and used up when it was to happen a number of
 * times only.
 */
import type { LegIndex } from '../geometry/units.ts';
import type { FaultKind, FaultVerb, InjectedFault } from './injected-fault.ts';

export interface FaultyOperation {
  readonly target: LegIndex | 'log';
  readonly verbs: readonly FaultVerb[];
  /** Half-open; null: it touches no range. */
  readonly range: { readonly start: number; readonly end: number } | null;
}

export class FaultPlan {
  #faults: readonly { readonly fault: InjectedFault; left: number }[];

  constructor(faults: readonly InjectedFault[]) {
    this.#faults = faults.map((fault) => ({ fault, left: fault.times }));
  }

  get isEmpty(): boolean {
    return this.#faults.length === 0;
  }

  /** Legs have come and gone: leg i is the one that was leg `known[i]`, null for a new one. */
  rearrange(known: readonly (LegIndex | null)[]): void {
    this.#faults = this.#faults.flatMap((planned) => {
      const { target } = planned.fault;
      if (target === 'log') return [planned];
      const leg = known.indexOf(target);
      if (leg < 0) return [];
      return [{ left: planned.left, fault: { ...planned.fault, target: leg as LegIndex } }];
    });
  }

  /** Null: the operation goes on as if nobody had asked for anything. */
  next(operation: FaultyOperation): FaultKind | null {
    const due = this.#faults.find(({ fault, left }) => left > 0 && hits(fault, operation));
    if (due === undefined) return null;
    due.left -= 1;
    return due.fault.kind;
  }
}

function hits(fault: InjectedFault, { target, verbs, range }: FaultyOperation): boolean {
  if (fault.target !== target) return false;
  if (fault.verb !== 'any' && !verbs.includes(fault.verb)) return false;
  if (fault.range === null) return true;
  return range !== null && range.start < fault.range.end && fault.range.start < range.end;
}
