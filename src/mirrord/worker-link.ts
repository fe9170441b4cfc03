/**
 * The main thread's end of the line to the engine's worker: questions are paired with their answers,
 * everything else is passed on as it comes. Nobody waits for a worker that is gone.
 */
import { Worker } from 'node:worker_threads';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type {
  EngineSnapshot,
  EngineStart,
  FromWorker,
  InquiryAnswer,
  Order,
  Suspended,
  TableLoad,
  ToWorker,
  WorkerAnswer,
} from './worker-messages.ts';

export type Resumed = Extract<FromWorker, { readonly kind: 'resumed' }>;

export interface LinkEnds {
  hear(message: Exclude<FromWorker, WorkerAnswer>): void;
  /** It failed in a way that nobody expected. */
  broke(error: unknown): void;
  /** It has ended, well or not. */
  gone(): void;
}

export class WorkerLink {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<WorkerAnswer>>();
  /** A table was handed over, and is being resumed. */
  #loading: PromiseWithResolvers<Resumed> | null = null;
  #nextId = 0;
  #hasEnded = false;

  constructor(start: EngineStart, ends: LinkEnds) {
    this.#name = start.spec.name;
    this.#worker = new Worker(new URL(workerFile(), import.meta.url), {
      workerData: start,
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (message: FromWorker) => {
      if ('id' in message) this.#waiting.get(message.id)?.resolve(message);
      else if (message.kind === 'resumed' && this.#loading !== null) this.#loading.resolve(message);
      else ends.hear(message);
      if (message.kind === 'stopped') this.#endAll();
    });
    this.#worker.on('error', (error) => ends.broke(error));
    this.#worker.on('exit', () => {
      this.#endAll();
      ends.gone();
    });
  }

  tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  terminate(): void {
    void this.#worker.terminate();
  }

  async order(order: Order): Promise<EngineSnapshot> {
    const answer = await this.#ask((id) => ({ kind: 'order', id, order }));
    invariant(answer.kind === 'answer', 'an order is answered with a snapshot');
    return answer.snapshot;
  }

  async inquire(region: number): Promise<InquiryAnswer> {
    const answer = await this.#ask((id) => ({ kind: 'inquire', id, region }));
    invariant(answer.kind === 'inquired', 'a region was asked about');
    return answer.found;
  }

  async logCopy(): Promise<Uint8Array> {
    const answer = await this.#ask((id) => ({ kind: 'copyLog', id }));
    invariant(answer.kind === 'logCopied', 'the log was asked for');
    return answer.image;
  }

  /** Null: it takes too long, or a check is under way; the mirror serves. */
  async suspend(): Promise<Suspended | null> {
    const answer = await this.#ask((id) => ({ kind: 'suspend', id }));
    invariant(answer.kind === 'suspended', 'a suspension was asked for');
    return answer.known;
  }

  /** Resolves when its log is written, or could not be. */
  async load(table: TableLoad): Promise<Resumed> {
    this.#loading = Promise.withResolvers();
    this.tell({ kind: 'load', table });
    return await this.#loading.promise;
  }

  async #ask(message: (id: number) => ToWorker): Promise<WorkerAnswer> {
    if (this.#hasEnded) throw this.#ended();
    const id = this.#nextId;
    this.#nextId += 1;
    const waiting = Promise.withResolvers<WorkerAnswer>();
    this.#waiting.set(id, waiting);
    this.tell(message(id));
    return await waiting.promise.finally(() => this.#waiting.delete(id));
  }

  #endAll(): void {
    this.#hasEnded = true;
    for (const { reject } of this.#waiting.values()) reject(this.#ended());
    this.#loading?.reject(this.#ended());
  }

  #ended(): MirrorError {
    const words = `${this.#name} is being deactivated`;
    return new MirrorError('ENGINE_UNREACHABLE', words, { mirror: this.#name });
  }
}

/** Under vitest this file runs as it was written, and so must the worker. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? './engine-worker.ts' : './engine-worker.js';
}
