/**
 * Recovery copies and the check's comparisons on threads of their own, so that the engine's thread
 * never waits for one.
 *
 *   copy(), compare() ─▶ the worker with the fewest orders ahead ─▶ done(outcome)     exactly once each
 *                        the first, if they are few
 *
 * Orders are handed out at once and queue up in front of the worker, so that it goes from one to the
 * next without asking; the engine bounds how many there are (its recoveries in flight). Each is
 * carried out by one worker from start to end, so a region is never copied by two.
 *
 * A worker that dies takes no order with it: each ends with ECANCELED, a copy as its `readError`, a
 * comparison for every leg, and the other workers go on.
 *
 * A call that does not come back within the time limit is known by its leg (call-pulse.ts): the worker
 * is dismissed, another one takes its place and its orders, and those that need that leg end, or go on
 * without it. Until the call is over, which ends the worker, the leg must not be used: `hangs` is told.
 *
 *   worker   ├─ order 1 ─┤├─ order 2, a call on leg 1 ───────────────… over ─▶ ends, leg 1 is free
 *   another                                         ├─ order 3 ─┤├─ …
 */
import { Worker } from 'node:worker_threads';
import { broken, invariant } from '../errors/invariant.ts';
import type { LegIndex } from '../geometry/units.ts';
import { CallPulse } from './call-pulse.ts';
import type {
  CompareJob,
  CompareOutcome,
  CopyJob,
  CopyLeg,
  CopyManner,
  CopyOutcome,
  CopyWorkerStart,
  FromCopyWorker,
  ToCopyWorker,
  WorkOrder,
  WorkReport,
} from './copy-messages.ts';
import { USUAL_MANNER } from './copy-messages.ts';

export type CopyDone = (outcome: CopyOutcome) => void;
export type CompareDone = (outcome: CompareOutcome) => void;

type Task =
  | { readonly kind: 'copy'; readonly job: CopyJob; readonly done: CopyDone }
  | { readonly kind: 'compare'; readonly job: CompareJob; readonly done: CompareDone };

/** One worker alone carries them out: whoever asks for so few wants to leave processors to others. */
const FEW_ORDERS = 2;

/** Node runs the sources as they are, where this file is one; else the compiled worker lies beside. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('./copy-worker.ts', import.meta.url)
  : new URL('./copy-worker.js', import.meta.url);

/** Asked for nothing without one. */
export interface HangWatch {
  readonly limitMs: number;
  /** `leg` does not answer; what it returns is called when it has. */
  hangs(leg: LegIndex): () => void;
}

interface Copier {
  readonly worker: Worker;
  readonly pulse: CallPulse;
  readonly ahead: Map<number, Task>;
  /** Orders among those ahead that the worker has not been told yet. */
  unsaid: WorkOrder[];
  /** The call that it was in when somebody looked, and when that was first so. */
  seen: { readonly call: number; readonly since: number } | null;
  /** Called when it is gone, if it was dismissed. */
  over: (() => void) | null;
  /** Resolved when the thread has ended. */
  readonly gone: Promise<void>;
}

export class CopyPool {
  readonly #start: Omit<CopyWorkerStart, 'pulse'>;
  readonly #hangs: HangWatch | null;
  #copiers: readonly Copier[];
  #nextId = 0;
  #gathers = false;
  #closed: Promise<void> | null = null;

  /** The devices stay open until the pool is closed. */
  constructor(
    legs: readonly CopyLeg[],
    workers: number,
    manner: CopyManner = USUAL_MANNER,
    hangs: HangWatch | null = null,
  ) {
    invariant(workers > 0, 'somebody must copy');
    this.#start = {
      legs: legs.map(({ device, offsetBytes, direct }) => ({ device, offsetBytes, direct })),
      manner,
    };
    this.#hangs = hangs;
    this.#copiers = Array.from({ length: workers }, () => this.#hire());
  }

  /** `elapsed` in milliseconds, from anywhere: looks whether a call takes too long. */
  tick(elapsed: number): void {
    const { limitMs } = this.#hangs ?? { limitMs: Number.POSITIVE_INFINITY };
    for (const copier of this.#copiers) {
      const now = copier.ahead.size === 0 ? null : copier.pulse.now();
      if (now === null) copier.seen = null;
      else if (now.call !== copier.seen?.call) copier.seen = { call: now.call, since: elapsed };
      else if (elapsed - copier.seen.since >= limitMs && copier.pulse.dismiss(now.leg)) {
        this.#replace(copier, now.leg);
      }
    }
  }

  /** `done` is called later, never from within. */
  copy(job: CopyJob, done: CopyDone): void {
    this.#handOut({ kind: 'copy', job, done });
  }

  /** As `copy`. */
  compare(job: CompareJob, done: CompareDone): void {
    this.#handOut({ kind: 'compare', job, done });
  }

  #handOut(task: Task): void {
    invariant(this.#closed === null, 'the copy pool is closed');
    const copier = this.#copiers.reduce<Copier | null>((chosen, one) => {
      if (chosen === null) return one;
      const isBusy = chosen.ahead.size >= FEW_ORDERS;
      return isBusy && one.ahead.size < chosen.ahead.size ? one : chosen;
    }, null);
    if (copier === null) {
      queueMicrotask(() => cancel(task, 'no copy worker is left'));
      return;
    }
    this.#hand(copier, task);
  }

  #hand(copier: Copier, task: Task): void {
    const id = this.#nextId;
    this.#nextId += 1;
    copier.ahead.set(id, task);
    const { kind, job } = task;
    copier.unsaid.push({ id, kind, job } as WorkOrder);
    if (!this.#gathers) send(copier);
  }

  /** What ends often leads to new orders: they go out together. */
  #take(ahead: Copier['ahead'], reports: FromCopyWorker): void {
    this.#gathers = true;
    for (const report of reports) {
      const task = ahead.get(report.id);
      invariant(task !== undefined, `order ${report.id} was reported, but is not under way`);
      ahead.delete(report.id);
      end(task, report);
    }
    this.#gathers = false;
    for (const copier of this.#copiers) send(copier);
  }

  /** `copier` has been dismissed in a call on `leg`. */
  #replace(copier: Copier, leg: LegIndex): void {
    const tasks = [...copier.ahead.values()];
    copier.ahead.clear();
    copier.worker.removeAllListeners('message').unref();
    const another = this.#hire();
    this.#copiers = this.#copiers.map((one) => (one === copier ? another : one));
    // Whoever hears of the leg, or that a task has ended, may ask for more.
    copier.over = this.#hangs?.hangs(leg) ?? null;
    for (const task of tasks) {
      const left = withoutLeg(task, leg);
      if (left !== null) this.#hand(another, left);
    }
  }

  /** Ends when the copies handed in so far have ended and the threads are gone. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const copiers = this.#copiers;
    for (const { worker } of copiers) worker.postMessage('finish' satisfies ToCopyWorker);
    await Promise.all(copiers.map(({ gone }) => gone));
  }

  #hire(): Copier {
    const pulse = new CallPulse();
    const workerData: CopyWorkerStart = { ...this.#start, pulse: pulse.memory };
    const worker = new Worker(ENTRY, { name: 'mirrorctl-copier', workerData });
    const ahead: Copier['ahead'] = new Map();
    let cause = 'the copy worker ended';
    worker.on('message', (reports: FromCopyWorker) => this.#take(ahead, reports));
    worker.on('error', (error) => {
      cause = `the copy worker failed: ${error instanceof Error ? error.message : error}`;
    });
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#copiers = this.#copiers.filter((copier) => copier.worker !== worker);
        for (const task of ahead.values()) cancel(task, cause);
        ahead.clear();
        copier.over?.();
        resolve();
      });
    });
    const copier: Copier = { worker, pulse, ahead, gone, unsaid: [], seen: null, over: null };
    return copier;
  }
}

function send(copier: Copier): void {
  if (copier.unsaid.length === 0) return;
  copier.worker.postMessage(copier.unsaid satisfies ToCopyWorker);
  copier.unsaid = [];
}

function end(task: Task, report: WorkReport): void {
  if (task.kind === 'copy' && report.kind === 'copy') task.done(report.outcome);
  else if (task.kind === 'compare' && report.kind === 'compare') task.done(report.outcome);
  else broken(`a ${task.kind} was reported as a ${report.kind}`);
}

/**
 * Ends `task` because `leg` does not answer, or returns what can still be done of it. A copy that ends so
 * may have reached its other targets or not: whoever heard that the leg hangs counts on neither.
 */
function withoutLeg(task: Task, leg: LegIndex): Task | null {
  if (!legsIn(task).includes(leg)) return task;
  const error = { code: 'ETIMEDOUT', message: `leg ${leg} does not answer` };
  if (task.kind === 'copy') {
    const { source, targets } = task.job;
    const writeErrors = targets.map((target) => (target === leg ? error : null));
    const readError = source === leg ? error : null;
    task.done({ readError, writeErrors, bytesCopied: 0, bytesSkippedAsHoles: 0 });
    return null;
  }
  const legs = task.job.legs.filter((one) => one !== leg);
  const done: CompareDone = ({ unreadable, difference }) =>
    task.done({ unreadable: [...unreadable, { leg, error }], difference });
  if (legs.length > 1) return { kind: 'compare', job: { ...task.job, legs }, done };
  done({ unreadable: [], difference: null });
  return null;
}

function legsIn({ kind, job }: Task): readonly LegIndex[] {
  return kind === 'copy' ? [job.source, ...job.targets] : job.legs;
}

function cancel(task: Task, message: string): void {
  const error = { code: 'ECANCELED', message };
  if (task.kind === 'compare') {
    const unreadable = task.job.legs.map((leg) => ({ leg, error }));
    task.done({ unreadable, difference: null });
    return;
  }
  const writeErrors = task.job.targets.map(() => null);
  task.done({ readError: error, writeErrors, bytesCopied: 0, bytesSkippedAsHoles: 0 });
}
