/**
 * The main thread's half of an active mirror: holds the locks and the devices, keeps the memory, runs
 * the worker, and answers the control socket.
 *
 *   lock mirror ─▶ read definition, sidecar ─▶ open legs and log ─▶ plan ─▶ worker resumes the log
 *       ─▶ sidecar: session begun ─▶ definition: one-shot intents spent ─▶ listen ─▶ control socket
 *   stop: worker finishes, flushes, clears ─▶ sidecar: closed ─▶ devices ─▶ lock
 *
 * The order of the first row is what makes a crash harmless: a one-shot `nosync` is spent before the
 * first request is served, so it can never declare later writes equal; and the sidecar says "open"
 * before anything can become different.
 */
import { Worker } from 'node:worker_threads';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { DeviceAccess, DeviceRequest } from '../devices/device-request.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import { logImageBytes } from '../dirty-log/disk-format.ts';
import type { MirrorEvent, MirrorMemory } from '../engine/effect.ts';
import { InvariantBroken } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { viewBytes, viewOf } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import type { ListenAddress } from '../nbd-protocol/listen-address.ts';
import { stateRuns } from '../region/region-runs.ts';
import { readDefinition, writeDefinition } from '../registry/definition-file.ts';
import type { MirrorLock } from '../registry/mirror-lock.ts';
import { lockMirror } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import { readSidecar, writeSidecar } from '../registry/sidecar-file.ts';
import type { ActivationPlan, PlanInput } from './activation-plan.ts';
import { describePlan, planActivation } from './activation-plan.ts';
import type { IoChoice } from './data-path.ts';
import { describeEvent, EngineWatch, kindOfEvent } from './engine-watch.ts';
import { readLogArea } from './log-area.ts';
import { sidecarFor, withMemory } from './session-memory.ts';
import { reportStatus } from './status-report.ts';
import type {
  EngineSnapshot,
  EngineStart,
  FromWorker,
  LogStart,
  Order,
  StopReport,
  ToWorker,
} from './worker-messages.ts';

export interface ActivationRequest {
  readonly places: Places;
  readonly name: string;
  readonly listen: readonly ListenAddress[];
  readonly readOnly: boolean;
  readonly io: IoChoice;
  /** The owner's choice of the leg to copy from; null: as it was. */
  readonly source: LegIndex | null;
  /** Stands in for the definition's, if not null. */
  readonly logIntent: MirrorSpec['logIntent'];
  readonly confirmed: boolean;
}

/** What would be opened and done, found out under the locks; nothing has been written. */
export class PreparedMirror {
  readonly spec: MirrorSpec;
  readonly plan: ActivationPlan;
  /** For people: what will be copied, from where, why. */
  readonly description: string;
  readonly #request: ActivationRequest;
  readonly #lock: MirrorLock;
  readonly #devices: readonly OpenDevice[];

  constructor(request: ActivationRequest) {
    this.#request = request;
    this.#lock = lockMirror(request.places, request.name, 'activate');
    let devices: OpenDevice[] = [];
    try {
      const defined = readDefinition(request.places, request.name);
      this.spec = { ...defined, logIntent: request.logIntent ?? defined.logIntent };
      devices = openDevices(requestsFor(this.spec, request.readOnly ? 'read' : 'write'));
      const input = planInput(request, this.spec, devices[this.spec.legs.length]);
      this.plan = planActivation(input);
      this.description = describePlan(input, this.plan);
      this.#devices = devices;
    } catch (error) {
      closeDevices(devices);
      this.#lock.release();
      throw error;
    }
  }

  get isReadOnly(): boolean {
    return this.#request.readOnly;
  }

  /** Nothing has happened. */
  abandon(): void {
    closeDevices(this.#devices);
    this.#lock.release();
  }

  async activate(onEvent: (event: MirrorEvent) => void): Promise<ActiveMirror> {
    const mirror = new ActiveMirror(this.#request, this, this.#devices, this.#lock, onEvent);
    await mirror.serving;
    return mirror;
  }
}

export class ActiveMirror {
  readonly spec: MirrorSpec;
  /** Resolves once clients are served; rejects with what went wrong, everything given back. */
  readonly serving: Promise<void>;
  /** Resolves when the mirror is down; rejects if the engine broke. */
  readonly stopped: Promise<StopReport>;
  exports: readonly string[] = [];
  readonly #request: ActivationRequest;
  readonly #plan: ActivationPlan;
  readonly #devices: readonly OpenDevice[];
  readonly #lock: MirrorLock;
  readonly #onEvent: (event: MirrorEvent) => void;
  readonly #view: EngineView;
  readonly #watch: EngineWatch;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (snapshot: EngineSnapshot) => void>();
  readonly #served = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<StopReport>();
  #sidecar: Sidecar;
  #nextOrder = 0;
  #report: StopReport | null = null;

  constructor(
    request: ActivationRequest,
    { spec, plan }: PreparedMirror,
    devices: readonly OpenDevice[],
    lock: MirrorLock,
    onEvent: (event: MirrorEvent) => void,
  ) {
    this.#request = request;
    this.spec = spec;
    this.#plan = plan;
    this.#devices = devices;
    this.#lock = lock;
    this.#onEvent = onEvent;
    this.serving = this.#served.promise;
    this.stopped = this.#ended.promise;
    this.stopped.catch(() => {}); // whoever waits for `serving` only has been told by that
    this.#sidecar = sidecarFor(request.places, spec, plan);
    const memory = new SharedArrayBuffer(viewBytes(plan.geometry.regionCount));
    this.#view = viewOf(memory, plan.geometry.regionCount);
    this.#watch = new EngineWatch(this.#view);
    this.#worker = new Worker(new URL(workerFile(), import.meta.url), {
      workerData: startFor(request, spec, plan, devices, memory),
      trackUnmanagedFds: false,
    });
    this.#worker.on('message', (message: FromWorker) => this.#hear(message));
    this.#worker.on('error', (error) => this.#broke(error));
    this.#worker.on('exit', () => this.#gone());
  }

  async status(): Promise<MirrorStatus> {
    return reportStatus(
      {
        spec: this.spec,
        regionCount: this.#plan.geometry.regionCount,
        pid: process.pid,
        exports: this.exports,
        readOnly: this.#request.readOnly,
        faults: this.#request.io.faults.map(({ words }) => words),
        view: this.#view,
      },
      await this.#order({ order: 'snapshot' }),
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
        return this.#watch.events(request.since);
      case 'pauseRecovery':
      case 'resumeRecovery':
        this.#refuseIfReadOnly();
        await this.#order({ order: request.ask });
        this.#watch.note('plain', COMMAND_WORDS[request.ask]);
        return { done: true };
      case 'throttleRecovery':
        this.#watch.note('plain', COMMAND_WORDS[request.ask]);
        await this.#order({ order: request.ask, throttle: request.throttle });
        return { done: true };
      case 'deactivate': {
        const { outOfSync, logClean } = await this.stop();
        return { deactivated: true, outOfSyncRegions: outOfSync, logClean };
      }
    }
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
    if (!this.#request.readOnly) return;
    const hint = `deactivate ${this.spec.name} and activate it without --read-only`;
    throw new MirrorError('NOT_PERMITTED', `${this.spec.name} is read-only`, {}, hint);
  }

  #order(order: Order): Promise<EngineSnapshot> {
    const { name } = this.spec;
    if (this.#report !== null) {
      throw new MirrorError('ENGINE_UNREACHABLE', `${name} is being deactivated`, { mirror: name });
    }
    const id = this.#nextOrder;
    this.#nextOrder += 1;
    const { promise, resolve } = Promise.withResolvers<EngineSnapshot>();
    this.#waiting.set(id, resolve);
    this.#tell({ kind: 'order', id, order });
    return promise;
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
        this.exports = message.exports;
        this.#watch.note('good', `serving ${message.exports.join(' ')}`);
        this.#served.resolve();
        break;
      case 'failed':
        this.#broke(new MirrorError(message.code, message.message, {}, message.hint));
        break;
      case 'answer':
        this.#waiting.get(message.id)?.(message.snapshot);
        this.#waiting.delete(message.id);
        break;
      case 'keepMemory':
        this.#tell({ kind: 'memoryKept', ok: this.#keep(message.memory) });
        break;
      case 'event':
        this.#watch.note(kindOfEvent(message.event), describeEvent(message.event, this.spec.legs));
        this.#onEvent(message.event);
        break;
      case 'stopped':
        this.#report = message;
        break;
    }
  }

  #resumed(memory: MirrorMemory): void {
    if (this.#request.readOnly) {
      this.#tell({ kind: 'serve' });
      return;
    }
    try {
      this.#sidecar = withMemory(this.#sidecar, memory);
      writeSidecar(this.#request.places, this.spec.name, this.#sidecar);
      const { places } = this.#request;
      writeDefinition(places, { ...this.spec, syncIntent: null, logIntent: null });
    } catch (error) {
      this.#broke(error);
      return;
    }
    this.#tell({ kind: 'serve' });
  }

  /** False: it is not durable, and whoever waits for it must not be told of success. */
  #keep(memory: MirrorMemory): boolean {
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
      if (this.#report?.logClean && !this.#request.readOnly) {
        writeSidecar(this.#request.places, this.spec.name, { ...this.#sidecar, open: false });
      }
    } catch (error) {
      this.#ended.reject(error);
    } finally {
      closeDevices(this.#devices);
      this.#lock.release();
    }
    if (this.#report !== null) this.#ended.resolve(this.#report);
    const gone = new InvariantBroken('the engine ended without a word');
    this.#served.reject(gone);
    this.#ended.reject(gone);
  }
}

const COMMAND_WORDS = {
  pauseRecovery: 'recovery paused',
  resumeRecovery: 'recovery resumed',
  throttleRecovery: 'recovery throttle changed',
} as const;

/** Under vitest this file runs as it was written, and so must the worker. */
function workerFile(): string {
  return import.meta.url.endsWith('.ts') ? './engine-worker.ts' : './engine-worker.js';
}

function requestsFor(spec: MirrorSpec, access: DeviceAccess): DeviceRequest[] {
  const legs = spec.legs.map(({ path, offsetBytes }): DeviceRequest => {
    return { role: 'leg', path, access, offsetBytes, lengthBytes: spec.sizeBytes };
  });
  if (spec.log.type === 'core') return legs;
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const lengthBytes = logImageBytes(regionCount, byteCount(512));
  const offsetBytes = byteCount(0);
  return [...legs, { role: 'log', path: spec.log.path, access, offsetBytes, lengthBytes }];
}

function planInput(
  { places, source, confirmed }: ActivationRequest,
  spec: MirrorSpec,
  logDevice: OpenDevice | undefined,
): PlanInput {
  const sidecar = readSidecar(places, spec);
  if (!sidecar.ok && source === null) {
    const { message, facts } = sidecar.error;
    const hint = 'name the leg that is right with --source LEG: everything is copied from it';
    throw new MirrorError('REGISTRY_INVALID', message, facts, hint, sidecar.error);
  }
  const log = logDevice === undefined ? null : readLogArea(spec, logDevice);
  return { spec, sidecar: sidecar.ok ? sidecar.value : null, log, source, confirmed };
}

function startFor(
  { listen, readOnly, io }: ActivationRequest,
  spec: MirrorSpec,
  { primary, area, syncIntent }: ActivationPlan,
  devices: readonly OpenDevice[],
  view: SharedArrayBuffer,
): EngineStart {
  const legs = devices.slice(0, spec.legs.length);
  const device = devices[spec.legs.length];
  const log: LogStart =
    area === null || device === undefined
      ? { type: 'core', syncIntent }
      : { type: 'disk', device, area };
  return { spec, legs, log, primary, listen, readOnly, io, view };
}
