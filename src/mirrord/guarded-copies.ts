/**
 * Recovery's copies and the check's comparisons, seen by what stands in front of the legs: faults that
 * were asked for, and legs that are fenced because they do not answer. They go past the backend, on
 * threads of their own, so they are asked for here:
 *
 *   copy ─▶ source refused? ─▶ `readError`       target refused? ─▶ its `writeErrors`, the rest is copied
 *
 *   compare ─▶ legs refused are unreadable; if two or more are left, those are compared
 *
 * A hang that was asked for is a failure here; a real one is the copy pool's to notice.
 */
import type { CompareJob, CopyJob, CopyOutcome } from '../copier/copy-messages.ts';
import type { CompareDone, CopyDone } from '../copier/copy-pool.ts';
import type { FaultPlan } from '../devices/fault-plan.ts';
import type { IoError } from '../devices/leg-io.ts';
import type { LegIndex } from '../geometry/units.ts';

export interface Copies {
  /** `done` is called later, never from within. */
  copy(job: CopyJob, done: CopyDone): void;
  /** As `copy`. */
  compare(job: CompareJob, done: CompareDone): void;
}

export class GuardedCopies implements Copies {
  readonly #copies: Copies;
  readonly #faults: FaultPlan;
  readonly #fence: (leg: LegIndex) => IoError | null;

  constructor(copies: Copies, faults: FaultPlan, fence: (leg: LegIndex) => IoError | null) {
    this.#copies = copies;
    this.#faults = faults;
    this.#fence = fence;
  }

  copy(job: CopyJob, done: CopyDone): void {
    const { source, targets } = job;
    const readError = this.#refusal('read', source, job);
    if (readError !== null) {
      const writeErrors = targets.map(() => null);
      setImmediate(done, { readError, writeErrors, bytesCopied: 0, bytesSkippedAsHoles: 0 });
      return;
    }
    const refusals = targets.map((leg) => this.#refusal('write', leg, job));
    const rest = targets.filter((_, place) => refusals[place] === null);
    if (rest.length === 0) {
      const nothing = { bytesCopied: 0, bytesSkippedAsHoles: 0 };
      setImmediate(done, { readError: null, writeErrors: refusals, ...nothing });
      return;
    }
    this.#copies.copy({ ...job, targets: rest }, (outcome) =>
      done({ ...outcome, writeErrors: together(refusals, outcome) }),
    );
  }

  compare(job: CompareJob, done: CompareDone): void {
    const refused = job.legs.flatMap((leg) => {
      const error = this.#refusal('read', leg, job);
      return error === null ? [] : [{ leg, error }];
    });
    const legs = job.legs.filter((leg) => !refused.some((one) => one.leg === leg));
    if (legs.length < 2) {
      setImmediate(done, { unreadable: refused, difference: null });
      return;
    }
    this.#copies.compare({ ...job, legs }, ({ unreadable, difference }) =>
      done({ unreadable: [...refused, ...unreadable], difference }),
    );
  }

  #refusal(verb: 'read' | 'write', leg: LegIndex, { offset, length }: JobRange): IoError | null {
    const fenced = this.#fence(leg);
    if (fenced !== null) return fenced;
    const range = { start: offset, end: offset + length };
    const kind = this.#faults.next({ target: leg, verbs: [verb], range });
    if (kind === null || 'delayMs' in kind) return null;
    const code = 'error' in kind ? kind.error : 'ETIMEDOUT';
    return { code, message: `copy, ${verb} of leg ${leg}: a fault was asked for` };
  }
}

type JobRange = Pick<CompareJob, 'offset' | 'length'>;

/** `outcome` speaks of the targets that were not refused, in their order. */
function together(
  refusals: readonly (IoError | null)[],
  { writeErrors }: CopyOutcome,
): (IoError | null)[] {
  let place = 0;
  return refusals.map((refusal) => {
    if (refusal !== null) return refusal;
    place += 1;
    return writeErrors[place - 1] ?? null;
  });
}
