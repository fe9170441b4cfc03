/**
 * Recovery copies and the check's comparisons on threads of their own, so that the engine's thread
 * never waits for one.
 *
 *   copy(), compare() ─▶ the worker with the fewest orders ahead ─▶ done(outcome)     exactly once each
 *
 * Orders are handed out at once and queue up in front of the worker, so that it goes from one to the
 * next without asking; the engine bounds how many there are (its recoveries in flight). Each is
 * carried out by one worker from start to end, so a region is never copied by two.
 *
 * A worker that dies takes no order with it: each ends with ECANCELED, a copy as its `readError`, a
 * comparison for every leg, and the other workers go on.
 */
import { Worker } from 'node:worker_threads';
import { broken, invariant } from '../errors/invariant.ts';
import type {
  CompareJob,
  CompareOutcome,
  CopyJob,
  CopyLeg,
  CopyManner,
  CopyOutcome,
  CopyWorkerStart,
  ToCopyWorker,
  WorkOrder,
  WorkReport,
} from './copy-messages.ts';

export type CopyDone = (outcome: CopyOutcome) => void;
export type CompareDone = (outcome: CompareOutcome) => void;

type Task =
  | { readonly kind: 'copy'; readonly job: CopyJob; readonly done: CopyDone }
  | { readonly kind: 'compare'; readonly job: CompareJob; readonly done: CompareDone };

/** Node runs the sources as they are, where this file is one; else the compiled worker lies beside. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('./copy-worker.ts', import.meta.url)
  : new URL('./copy-worker.js', import.meta.url);

interface Copier {
  readonly worker: Worker;
  readonly ahead: Map<number, Task>;
  /** Resolved when the thread has ended. */
  readonly gone: Promise<void>;
}

export class CopyPool {
  #copiers: readonly Copier[];
  #nextId = 0;
  #closed: Promise<void> | null = null;

  /** The devices stay open until the pool is closed. */
  constructor(legs: readonly CopyLeg[], workers: number, manner: CopyManner = { compares: false }) {
    invariant(workers > 0, 'somebody must copy');
    const start: CopyWorkerStart = {
      legs: legs.map(({ device, offsetBytes }) => ({ device, offsetBytes })),
      manner,
    };
    this.#copiers = Array.from({ length: workers }, () => this.#hire(start));
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
    const copier = this.#copiers.reduce<Copier | null>(
      (least, one) => (least === null || one.ahead.size < least.ahead.size ? one : least),
      null,
    );
    if (copier === null) {
      queueMicrotask(() => cancel(task, 'no copy worker is left'));
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    copier.ahead.set(id, task);
    const { kind, job } = task;
    tell(copier.worker, { id, kind, job } as WorkOrder);
  }

  /** Ends when the copies handed in so far have ended and the threads are gone. */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    const copiers = this.#copiers;
    for (const { worker } of copiers) tell(worker, 'finish');
    await Promise.all(copiers.map(({ gone }) => gone));
  }

  #hire(start: CopyWorkerStart): Copier {
    const worker = new Worker(ENTRY, { name: 'mirrorctl-copier', workerData: start });
    const ahead: Copier['ahead'] = new Map();
    let cause = 'the copy worker ended';
    worker.on('message', (report: WorkReport) => {
      const task = ahead.get(report.id);
      invariant(task !== undefined, `order ${report.id} was reported, but is not under way`);
      ahead.delete(report.id);
      end(task, report);
    });
    worker.on('error', (error) => {
      cause = `the copy worker failed: ${error instanceof Error ? error.message : error}`;
    });
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#copiers = this.#copiers.filter((copier) => copier.worker !== worker);
        for (const task of ahead.values()) cancel(task, cause);
        ahead.clear();
        resolve();
      });
    });
    return { worker, ahead, gone };
  }
}

function tell(worker: Worker, message: ToCopyWorker): void {
  worker.postMessage(message);
}

function end(task: Task, report: WorkReport): void {
  if (task.kind === 'copy' && report.kind === 'copy') task.done(report.outcome);
  else if (task.kind === 'compare' && report.kind === 'compare') task.done(report.outcome);
  else broken(`a ${task.kind} was reported as a ${report.kind}`);
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
