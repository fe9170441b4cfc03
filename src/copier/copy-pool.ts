/**
 * Recovery copies on threads of their own, so that the engine's thread never waits for one.
 *
 *   copy() ─▶ the worker with the fewest copies ahead ─▶ done(outcome)     exactly once per copy
 *
 * Orders are handed out at once and queue up in front of the worker, so that it goes from one to the
 * next without asking; the engine bounds how many there are (its recoveries in flight). Each is
 * carried out by one worker from start to end, so a region is never copied by two.
 *
 * A worker that dies takes no copy with it: each of its copies ends with ECANCELED as its
 * `readError`, and the other workers go on.
 */
import { Worker } from 'node:worker_threads';
import { invariant } from '../errors/invariant.ts';
import type {
  CopyJob,
  CopyLeg,
  CopyOutcome,
  CopyReport,
  CopyWorkerStart,
  ToCopyWorker,
} from './copy-messages.ts';

export type CopyDone = (outcome: CopyOutcome) => void;

/** Node runs the sources as they are, where this file is one; else the compiled worker lies beside. */
const ENTRY = import.meta.url.endsWith('.ts')
  ? new URL('./copy-worker.ts', import.meta.url)
  : new URL('./copy-worker.js', import.meta.url);

interface Copier {
  readonly worker: Worker;
  readonly ahead: Map<number, { readonly job: CopyJob; readonly done: CopyDone }>;
  /** Resolved when the thread has ended. */
  readonly gone: Promise<void>;
}

export class CopyPool {
  #copiers: readonly Copier[];
  #nextId = 0;
  #closed: Promise<void> | null = null;

  /** The devices stay open until the pool is closed. */
  constructor(legs: readonly CopyLeg[], workers: number) {
    invariant(workers > 0, 'somebody must copy');
    const start: CopyWorkerStart = {
      legs: legs.map(({ device, offsetBytes }) => ({ device, offsetBytes })),
    };
    this.#copiers = Array.from({ length: workers }, () => this.#hire(start));
  }

  /** `done` is called later, never from within. */
  copy(job: CopyJob, done: CopyDone): void {
    invariant(this.#closed === null, 'the copy pool is closed');
    const copier = this.#copiers.reduce<Copier | null>(
      (least, one) => (least === null || one.ahead.size < least.ahead.size ? one : least),
      null,
    );
    if (copier === null) {
      queueMicrotask(() => done(canceled(job, 'no copy worker is left')));
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    copier.ahead.set(id, { job, done });
    tell(copier.worker, { id, job });
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
    worker.on('message', ({ id, outcome }: CopyReport) => {
      const order = ahead.get(id);
      invariant(order !== undefined, `copy ${id} was reported, but is not under way`);
      ahead.delete(id);
      order.done(outcome);
    });
    worker.on('error', (error) => {
      cause = `the copy worker failed: ${error instanceof Error ? error.message : error}`;
    });
    const gone = new Promise<void>((resolve) => {
      worker.once('exit', () => {
        this.#copiers = this.#copiers.filter((copier) => copier.worker !== worker);
        for (const { job, done } of ahead.values()) done(canceled(job, cause));
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

function canceled(job: CopyJob, message: string): CopyOutcome {
  return {
    readError: { code: 'ECANCELED', message },
    writeErrors: job.targets.map(() => null),
    bytesCopied: 0,
    bytesSkippedAsHoles: 0,
  };
}
