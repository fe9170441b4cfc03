/**
 * The main thread's half of an active mirror: holds the locks and the devices, keeps the memory, runs
 * the worker, and answers the control socket.
 *
 *   prepared (prepared-mirror.ts) ─▶ worker resumes the log ─▶ sidecar: session begun ─▶ definition: one-shot intents spent ─▶ listen ─▶ control socket
 *   stop: worker finishes, flushes, clears ─▶ sidecar: closed ─▶ devices ─▶ lock
 *
 * The order of the first row is what makes a crash harmless: a one-shot `nosync` is spent before the
 * first request is served, so it can never declare later writes equal; and the sidecar says "open"
 * before anything can become different.
 */
import { Worker } from 'node:worker_threads';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices } from '../devices/open-device.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import { InvariantBroken, invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LegIndex } from '../geometry/units.ts';
import { legIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { viewBytes, viewOf } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import { stateRuns } from '../region/region-runs.ts';
import { writeDefinition } from '../registry/definition-file.ts';
import type { MirrorLock } from '../registry/mirror-lock.ts';
import { writeSidecar } from '../registry/sidecar-file.ts';
import type { ActivationPlan } from './activation-plan.ts';
import { ActiveCheck } from './active-check.ts';
import { EngineWatch } from './engine-watch.ts';
import { EventHooks } from './event-hooks.ts';
import { EventJournal } from './event-journal.ts';
import type { Notice } from './event-words.ts';
import { notice } from './event-words.ts';
import { HistoryKeeper } from './history-keeper.ts';
import { needed, refuseLegSwitch } from './leg-switch.ts';
import type { ActivationRequest, PreparedMirror } from './prepared-mirror.ts';
import { sidecarFor, withMemory } from './session-memory.ts';
import { beginNotices, COMMAND_NOTICES, stopNotice } from './session-notices.ts';
import { reportStatus } from './status-report.ts';
import type {
  EngineSnapshot,
  EngineStart,
  FromWorker,
  LogStart,
  Order,
  StopReport,
  ToWorker,
  WorkerAnswer,
} from './worker-messages.ts';

/** Resolves once clients are served; rejects with what went wrong, everything given back. */
export async function activateMirror(
  prepared: PreparedMirror,
  onEvent: (notice: Notice) => void,
): Promise<ActiveMirror> {
  const mirror = new ActiveMirror(prepared, onEvent);
  await mirror.serving;
  return mirror;
}

class ActiveMirror {
  readonly spec: MirrorSpec;
  /** Resolves once clients are served; rejects with what went wrong, everything given back. */
  readonly serving: Promise<void>;
  /** Resolves when the mirror is down; rejects if the engine broke. */
  readonly stopped: Promise<StopReport>;
  exports: readonly string[] = [];
  readonly #request: ActivationRequest;
  readonly #isReadOnly: boolean;
  readonly #plan: ActivationPlan;
  readonly #missing: ReadonlyMap<number, MirrorError>;
  readonly #devices: readonly OpenDevice[];
  readonly #lock: MirrorLock;
  readonly #onEvent: (notice: Notice) => void;
  readonly #hooks: EventHooks;
  readonly #journal: EventJournal;
  readonly #check: ActiveCheck;
  readonly #view: EngineView;
  readonly #watch: EngineWatch;
  /** Null: read-only. */
  readonly #history: HistoryKeeper | null;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (answer: WorkerAnswer) => void>();
  readonly #served = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<StopReport>();
  #sidecar: Sidecar;
  #nextOrder = 0;
  #report: StopReport | null = null;

  constructor(prepared: PreparedMirror, onEvent: (notice: Notice) => void) {
    const { request, spec, plan, missing, devices } = prepared;
    this.#request = request;
    this.#isReadOnly = prepared.isReadOnly;
    this.spec = spec;
    this.#plan = plan;
    this.#missing = missing;
    this.#devices = devices;
    this.#lock = prepared.lock;
    this.#onEvent = onEvent;
    this.#hooks = new EventHooks(spec.name, request.hooks, process.env, (text) =>
      this.#tellOwner(notice('hook-failed', 'warning', text)),
    );
    this.#journal = new EventJournal(request.places, spec.name, !this.#isReadOnly, this.#hooks);
    this.serving = this.#served.promise;
    this.stopped = this.#ended.promise;
    this.stopped.catch(() => {}); // whoever waits for `serving` only has been told by that
    this.#sidecar = sidecarFor(request.places, spec, plan, prepared.identities);
    const memory = new SharedArrayBuffer(viewBytes(plan.geometry.regionCount));
    this.#view = viewOf(memory, plan.geometry.regionCount);
    this.#check = new ActiveCheck({
      places: request.places,
      spec,
      differing: this.#view.differing,
      order: (order) => this.#order(order),
      tell: (what) => this.#tellOwner(what),
    });
    this.#watch = new EngineWatch(this.#view, spec.legs.length);
    const warn = (words: string) => this.#journal.note(notice('history-ended', 'warning', words));
    this.#history = this.#isReadOnly ? null : new HistoryKeeper(prepared, this.#view.states, warn);
    this.#worker = new Worker(new URL(workerFile(), import.meta.url), {
      workerData: startFor(prepared, memory),
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.#worker.on('error', (error) => this.#broke(error));
    this.#worker.on('exit', () => this.#gone());
  }

  async status(): Promise<MirrorStatus> {
    const snapshot = await this.#order({ order: 'snapshot' });
    return reportStatus(
      {
        spec: this.spec,
        regionCount: this.#plan.geometry.regionCount,
        pid: process.pid,
        exports: this.exports,
        readOnly: this.#isReadOnly,
        missing: this.#missing,
        faults: this.#request.io.faults.map(({ words }) => words),
        view: this.#view,
        check: this.#check.reportAt(snapshot),
      },
      snapshot,
    );
  }

  /** What the control socket asks; `deactivate` is answered when the mirror is down. */
  async answer(request: ControlRequest): Promise<ControlAnswer> {
    switch (request.ask) {
      case 'status':
        return { status: await this.status() };
      case 'regions':
        return this.#regions(request.states);
      case 'map':
        return this.#watch.map(request.since);
      case 'counters':
        return this.#watch.counters();
      case 'events':
        return { events: this.#journal.since(request.since) };
      case 'log':
        return this.#logCopy();
      case 'pauseRecovery':
      case 'resumeRecovery':
        this.#refuseIfReadOnly();
        await this.#order({ order: request.ask });
        this.#journal.note(COMMAND_NOTICES[request.ask]);
        return { done: true };
      case 'throttleRecovery':
        this.#journal.note(COMMAND_NOTICES[request.ask]);
        await this.#order({ order: request.ask, throttle: request.throttle });
        return { done: true };
      case 'check':
        return { check: this.#check.reportAt(await this.#order({ order: 'snapshot' })) };
      case 'startCheck':
      case 'pauseCheck':
      case 'resumeCheck':
      case 'throttleCheck':
      case 'stopCheck':
        this.#refuseIfReadOnly();
        await this.#check.obey(request);
        return { done: true };
      case 'failLeg':
      case 'clearLeg':
        await this.#switchLeg(request.ask, request.leg);
        return { done: true };
      case 'change': {
        const { name } = this.spec;
        const hint = `mirrorctl deactivate ${name} first`;
        throw new MirrorError('MIRROR_ACTIVE', `${name} is active`, { mirror: name }, hint);
      }
      case 'deactivate': {
        const { outOfSync, logClean } = await this.stop();
        return { deactivated: true, outOfSyncRegions: outOfSync, logClean };
      }
    }
  }

  async #switchLeg(ask: 'failLeg' | 'clearLeg', index: number): Promise<void> {
    this.#refuseIfReadOnly();
    const leg = index as LegIndex;
    const { primary } = await this.#order({ order: 'snapshot' });
    refuseLegSwitch(ask, index, this.spec, primary, this.#missing);
    const order = ask === 'failLeg' ? 'takeLegOut' : 'letLegIn';
    const { legs } = await this.#order({ order, leg });
    if (ask === 'failLeg' && !legs[index]?.isOut) throw needed(this.spec, index);
  }

  /** Orderly, and only once however often it is asked for. */
  stop(): Promise<StopReport> {
    if (this.#report === null) this.#tell({ kind: 'stop' });
    return this.stopped;
  }

  #regions(states: readonly string[] | null): ControlAnswer {
    const runs = [...stateRuns(this.#view.states)];
    const regions = states === null ? runs : runs.filter(({ state }) => states.includes(state));
    const { sizeBytes, regionSizeBytes } = this.spec;
    return { regions, regionSizeBytes, sizeBytes };
  }

  #refuseIfReadOnly(): void {
    if (!this.#isReadOnly) return;
    const hint = `deactivate ${this.spec.name} and activate it with --read-write`;
    throw new MirrorError('NOT_PERMITTED', `${this.spec.name} is read-only`, {}, hint);
  }

  async #logCopy(): Promise<ControlAnswer> {
    const answer = await this.#ask((id) => ({ kind: 'copyLog', id }));
    invariant(answer.kind === 'logCopied', 'the log was asked for');
    const { buffer, byteOffset, length } = answer.image;
    const image = Buffer.from(buffer, byteOffset, length).toString('base64');
    return { log: { image, at: new Date().toISOString() } };
  }

  async #order(order: Order): Promise<EngineSnapshot> {
    const answer = await this.#ask((id) => ({ kind: 'order', id, order }));
    invariant(answer.kind === 'answer', 'an order is answered with a snapshot');
    return answer.snapshot;
  }

  async #ask(message: (id: number) => ToWorker): Promise<WorkerAnswer> {
    const { name } = this.spec;
    if (this.#report !== null) {
      throw new MirrorError('ENGINE_UNREACHABLE', `${name} is being deactivated`, { mirror: name });
    }
    const id = this.#nextOrder;
    this.#nextOrder += 1;
    const { promise, resolve } = Promise.withResolvers<WorkerAnswer>();
    this.#waiting.set(id, resolve);
    this.#tell(message(id));
    return await promise;
  }

  #tell(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'resumed':
        this.#resumed(message.memory);
        break;
      case 'serving':
        this.#serving(message.exports);
        this.#served.resolve();
        break;
      case 'failed':
        this.#broke(new MirrorError(message.code, message.message, {}, message.hint));
        break;
      case 'answer':
      case 'logCopied':
        this.#waiting.get(message.id)?.(message);
        this.#waiting.delete(message.id);
        break;
      case 'keepMemory':
        this.#tell({ kind: 'memoryKept', ok: this.#keep(message.memory) });
        break;
      case 'event':
        this.#tellOwner(this.#check.heard(message.event));
        this.#history?.heard(message.event);
        break;
      case 'stopped':
        this.#report = message;
        break;
    }
  }

  #serving(exports: readonly string[]): void {
    this.exports = exports;
    const { spec } = this;
    for (const what of beginNotices(this.#plan, exports, this.#missing, spec.legs)) {
      this.#journal.note(what);
    }
    if (!this.#isReadOnly) void this.#check.resumeInterrupted();
  }

  /** Remembered, and said on stderr; null: not worth it. */
  #tellOwner(what: Notice | null): void {
    if (what === null) return;
    this.#journal.note(what);
    this.#onEvent(what);
  }

  #resumed(memory: MirrorMemory): void {
    if (this.#isReadOnly) {
      this.#tell({ kind: 'serve' });
      return;
    }
    try {
      this.#sidecar = withMemory(this.#sidecar, memory);
      writeSidecar(this.#request.places, this.spec.name, this.#sidecar);
      const { places } = this.#request;
      const spent = { syncIntent: null, logIntent: null, readOnly: false };
      writeDefinition(places, { ...this.spec, ...spent });
    } catch (error) {
      this.#broke(error);
      return;
    }
    this.#history?.begin();
    this.#tell({ kind: 'serve' });
  }

  /**
   * False: it is not durable, and whoever waits for it must not be told of success. A read-only mirror
   * acknowledges no write, so nothing need be remembered.
   */
  #keep(memory: MirrorMemory): boolean {
    if (this.#isReadOnly) return true;
    const sidecar = withMemory(this.#sidecar, memory);
    try {
      writeSidecar(this.#request.places, this.spec.name, sidecar);
    } catch (error) {
      if (error instanceof MirrorError) return false;
      throw error;
    }
    this.#sidecar = sidecar;
    return true;
  }

  /** The worker is on its way out, or must be; `#gone` does the rest. */
  #broke(error: unknown): void {
    this.#served.reject(error);
    this.#ended.reject(error);
    void this.#worker.terminate();
  }

  /** The worker has ended, well or not: give everything back, then say so. */
  #gone(): void {
    try {
      if (this.#report?.logClean && !this.#isReadOnly) {
        writeSidecar(this.#request.places, this.spec.name, { ...this.#sidecar, open: false });
      }
    } catch (error) {
      this.#ended.reject(error);
    } finally {
      this.#check.close();
      if (this.#report !== null) this.#journal.note(stopNotice(this.#report));
      this.#history?.end();
      closeDevices(this.#devices);
      this.#lock.release();
    }
    void this.#hooks.close().then(() => this.#sayEnded());
  }

  #sayEnded(): void {
    if (this.#report !== null) this.#ended.resolve(this.#report);
    const gone = new InvariantBroken('the engine ended without a word');
    this.#served.reject(gone);
    this.#ended.reject(gone);
  }
}

/** Under vitest this file runs as it was written, and so must the worker. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? './engine-worker.ts' : './engine-worker.js';
}

function startFor(
  { request, spec, plan, devices, missing, isReadOnly }: PreparedMirror,
  view: SharedArrayBuffer,
): EngineStart {
  const { listen, io } = request;
  const { primary, area, syncIntent, blank } = plan;
  const legs = devices.slice(0, spec.legs.length);
  const device = devices[spec.legs.length];
  const log: LogStart =
    area === null || device === undefined
      ? { type: 'core', syncIntent }
      : { type: 'disk', device, area };
  const gone = [...missing.keys()].map(legIndex);
  const rest = { listen, readOnly: isReadOnly, io, view };
  return { spec, legs, log, missing: gone, blank, primary, ...rest };
}
