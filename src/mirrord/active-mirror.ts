/**
 * The main thread's half of an active mirror: holds the locks and the devices, keeps the memory, runs
 * the worker, and answers the control socket.
 *
 *   prepared (prepared-mirror.ts) ─▶ worker resumes the log ─▶ sidecar: session begun ─▶ definition: one-shot intents spent ─▶ listen ─▶ control socket
 *   change (reload.ts): suspended ─▶ sidecar, definition ─▶ another table ─▶ resumed
 *   stop: worker finishes, flushes, clears ─▶ sidecar: closed ─▶ devices ─▶ lock
 *
 * The order of the first row is what makes a crash harmless: a one-shot `nosync` is spent before the
 * first request is served, so it can never declare later writes equal; and the sidecar says "open"
 * before anything can become different.
 */
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { RegionFacts } from '../control-protocol/region-facts.ts';
import type { OpenDevice } from '../devices/open-device.ts';
import { closeDevices } from '../devices/open-device.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import { InvariantBroken } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LegIndex } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';
import { viewBytes, viewOf } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { stateRuns } from '../region/region-runs.ts';
import type { MirrorLock } from '../registry/mirror-lock.ts';
import type { ActivationPlan } from './activation-plan.ts';
import { ActiveCheck } from './active-check.ts';
import { ActiveState } from './active-state.ts';
import { startFor } from './engine-start.ts';
import { EngineWatch } from './engine-watch.ts';
import { EventHooks } from './event-hooks.ts';
import { EventJournal } from './event-journal.ts';
import type { Notice } from './event-words.ts';
import { notice } from './event-words.ts';
import { HistoryKeeper } from './history-keeper.ts';
import { needed, refuseLegSwitch } from './leg-switch.ts';
import { LogTurns } from './log-turns.ts';
import type { ActivationRequest, PreparedMirror } from './prepared-mirror.ts';
import { answerAbout } from './region-answer.ts';
import type { ReloadHost } from './reload.ts';
import { Reload } from './reload.ts';
import { sidecarFor } from './session-memory.ts';
import { beginNotices, COMMAND_NOTICES, stopNotice } from './session-notices.ts';
import { reportStatus } from './status-report.ts';
import type { Resumed } from './worker-link.ts';
import { WorkerLink } from './worker-link.ts';
import type { FromWorker, StopReport, TableLoad, WorkerAnswer } from './worker-messages.ts';

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
  /** Resolves once clients are served; rejects with what went wrong, everything given back. */
  readonly serving: Promise<void>;
  /** Resolves when the mirror is down; rejects if the engine broke. */
  readonly stopped: Promise<StopReport>;
  exports: readonly string[] = [];
  readonly #request: ActivationRequest;
  readonly #plan: ActivationPlan;
  readonly #lock: MirrorLock;
  readonly #onEvent: (notice: Notice) => void;
  readonly #hooks: EventHooks;
  readonly #journal: EventJournal;
  /** Null: read-only. */
  readonly #history: HistoryKeeper | null;
  readonly #state: ActiveState;
  readonly #link: WorkerLink;
  readonly #reload: Reload;
  readonly #logTurns = new LogTurns();
  /** No leg's and no log's any more, but something they were asked is not answered yet. */
  readonly #abandoned: OpenDevice[] = [];
  readonly #served = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<StopReport>();
  #check: ActiveCheck;
  #watch: EngineWatch;
  #report: StopReport | null = null;

  constructor(prepared: PreparedMirror, onEvent: (notice: Notice) => void) {
    const { request, spec, plan, missing, devices } = prepared;
    this.#request = request;
    this.#plan = plan;
    this.#lock = prepared.lock;
    this.#onEvent = onEvent;
    this.#hooks = new EventHooks(spec.name, request.hooks, process.env, (text) =>
      this.#tellOwner(notice('hook-failed', 'warning', text)),
    );
    this.#journal = new EventJournal(request.places, spec.name, !prepared.isReadOnly, this.#hooks);
    this.serving = this.#served.promise;
    this.stopped = this.#ended.promise;
    this.stopped.catch(() => {}); // whoever waits for `serving` only has been told by that
    const memory = new SharedArrayBuffer(viewBytes(plan.geometry.regionCount));
    const view = viewOf(memory, plan.geometry.regionCount);
    const sidecar = sidecarFor(request.places, spec, plan, prepared.identities);
    const table = { spec, devices, missing, view };
    this.#state = new ActiveState(request.places, prepared.isReadOnly, table, sidecar);
    this.#check = this.#newCheck();
    this.#watch = new EngineWatch(view, spec.legs.length);
    const warn = (words: string) => this.#journal.note(notice('history-ended', 'warning', words));
    this.#history = this.#state.isReadOnly ? null : new HistoryKeeper(prepared, view.states, warn);
    this.#reload = new Reload(this.#reloadHost());
    this.#link = new WorkerLink(startFor(prepared, memory), {
      hear: (message) => this.#hear(message),
      broke: (error) => this.#broke(error),
      gone: () => this.#gone(),
    });
  }

  get spec(): MirrorSpec {
    return this.#state.table.spec;
  }

  async status(): Promise<MirrorStatus> {
    const snapshot = await this.#link.order({ order: 'snapshot' });
    const { spec, missing, view } = this.#state.table;
    return reportStatus(
      {
        spec,
        regionCount: regionCount(view.states.length),
        pid: process.pid,
        exports: this.exports,
        readOnly: this.#state.isReadOnly,
        missing,
        faults: this.#request.io.faults.map(({ words }) => words),
        view,
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
        await this.#link.order({ order: request.ask });
        this.#journal.note(COMMAND_NOTICES[request.ask]);
        return { done: true };
      case 'throttleRecovery':
        this.#journal.note(COMMAND_NOTICES[request.ask]);
        await this.#link.order({ order: request.ask, throttle: request.throttle });
        return { done: true };
      case 'why':
        return { why: await this.#why(request.region) };
      case 'check':
        return { check: this.#check.reportAt(await this.#link.order({ order: 'snapshot' })) };
      case 'startCheck':
      case 'pauseCheck':
      case 'resumeCheck':
      case 'throttleCheck':
      case 'stopCheck':
        this.#refuseIfReadOnly();
        this.#reload.refuseIfUnderWay();
        await this.#check.obey(request);
        return { done: true };
      case 'failLeg':
      case 'clearLeg':
        await this.#switchLeg(request.ask, request.leg);
        return { done: true };
      case 'change':
        this.#refuseIfReadOnly();
        return { plan: await this.#reload.change(request) };
      case 'deactivate': {
        const { outOfSync, logClean } = await this.stop();
        return { deactivated: true, outOfSyncRegions: outOfSync, logClean };
      }
    }
  }

  async #why(region: number): Promise<RegionFacts> {
    const { spec, view } = this.#state.table;
    if (region >= view.states.length) {
      throw new MirrorError('REGION_UNKNOWN', `there is no region ${region}`, { region });
    }
    const found = await this.#link.inquire(region);
    const events = this.#journal.since(0);
    const regionBytes = spec.regionSizeBytes;
    const context = { region, events, plan: this.#plan, regionBytes, nowMs: Date.now() };
    return answerAbout(found, context);
  }

  async #switchLeg(ask: 'failLeg' | 'clearLeg', index: number): Promise<void> {
    this.#refuseIfReadOnly();
    this.#reload.refuseIfUnderWay();
    const leg = index as LegIndex;
    const { primary } = await this.#link.order({ order: 'snapshot' });
    refuseLegSwitch(ask, index, this.spec, primary, this.#state.table.missing);
    const order = ask === 'failLeg' ? 'takeLegOut' : 'letLegIn';
    const { legs } = await this.#link.order({ order, leg });
    if (ask === 'failLeg' && !legs[index]?.isOut) throw needed(this.spec, index);
  }

  /** Orderly, and only once however often it is asked for. */
  stop(): Promise<StopReport> {
    if (this.#report === null) this.#link.tell({ kind: 'stop' });
    return this.stopped;
  }

  #regions(states: readonly string[] | null): ControlAnswer {
    const runs = [...stateRuns(this.#state.table.view.states)];
    const regions = states === null ? runs : runs.filter(({ state }) => states.includes(state));
    const { sizeBytes, regionSizeBytes } = this.spec;
    return { regions, regionSizeBytes, sizeBytes };
  }

  #refuseIfReadOnly(): void {
    if (!this.#state.isReadOnly) return;
    const hint = `deactivate ${this.spec.name} and activate it with --read-write`;
    throw new MirrorError('NOT_PERMITTED', `${this.spec.name} is read-only`, {}, hint);
  }

  async #logCopy(): Promise<ControlAnswer> {
    const { buffer, byteOffset, length } = await this.#link.logCopy();
    const image = Buffer.from(buffer, byteOffset, length).toString('base64');
    return { log: { image, at: new Date().toISOString() } };
  }

  #newCheck(): ActiveCheck {
    const { spec, view } = this.#state.table;
    return new ActiveCheck({
      places: this.#request.places,
      spec,
      differing: view.differing,
      order: (order) => this.#link.order(order),
      tell: (what) => this.#tellOwner(what),
    });
  }

  #reloadHost(): ReloadHost {
    return {
      state: this.#state,
      snapshot: () => this.#link.order({ order: 'snapshot' }),
      takeOut: (leg) => this.#link.order({ order: 'takeLegOut', leg }),
      reattachLog: () => this.#reattachLog(),
      suspend: () => this.#link.suspend(),
      load: (load) => this.#load(load),
      serve: () => this.#serveAgain(),
      abandon: (device) => void this.#abandoned.push(device),
      tell: (what) => this.#tellOwner(what),
    };
  }

  async #reattachLog(): Promise<boolean> {
    const turned = this.#logTurns.next();
    const { logFailed } = await this.#link.order({ order: 'reattachLog' });
    return !logFailed || (await turned) === 'logReattached';
  }

  #load(load: TableLoad): Promise<Resumed> {
    this.#check.close();
    this.#check = this.#newCheck();
    return this.#link.load(load);
  }

  #serveAgain(): void {
    const { view, spec } = this.#state.table;
    this.#watch = this.#watch.goneOver(view, spec.legs.length);
    this.#history?.goOver(view.states);
    this.#link.tell({ kind: 'serve' });
  }

  #hear(message: Exclude<FromWorker, WorkerAnswer>): void {
    switch (message.kind) {
      case 'resumed':
        this.#resumed(message.memory);
        break;
      case 'replaced':
        this.#reload.finishReplacement().catch((error: unknown) => this.#broke(error));
        break;
      case 'serving':
        this.#serving(message.exports);
        this.#served.resolve();
        break;
      case 'failed':
        this.#broke(new MirrorError(message.code, message.message, {}, message.hint));
        break;
      case 'keepMemory':
        this.#link.tell({ kind: 'memoryKept', ok: this.#state.keep(message.memory) });
        break;
      case 'event':
        this.#logTurns.heard(message.event);
        if (message.event.event === 'logReattached') this.#state.logIsWritten = true;
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
    for (const what of beginNotices(this.#plan, exports, this.#state.table.missing, spec.legs)) {
      this.#journal.note(what);
    }
    if (!this.#state.isReadOnly) void this.#check.resumeInterrupted();
  }

  /** Remembered, and said on stderr; null: not worth it. */
  #tellOwner(what: Notice | null): void {
    if (what === null) return;
    this.#journal.note(what);
    this.#onEvent(what);
  }

  #resumed(memory: MirrorMemory): void {
    try {
      this.#state.begin(memory);
    } catch (error) {
      this.#broke(error);
      return;
    }
    this.#history?.begin();
    this.#link.tell({ kind: 'serve' });
  }

  /** The worker is on its way out, or must be; `#gone` does the rest. */
  #broke(error: unknown): void {
    this.#served.reject(error);
    this.#ended.reject(error);
    this.#link.terminate();
  }

  /** The worker has ended, well or not: give everything back, then say so. */
  #gone(): void {
    try {
      if (this.#report?.logClean) this.#state.close();
    } catch (error) {
      this.#ended.reject(error);
    } finally {
      this.#check.close();
      if (!this.#state.isReadOnly) this.#check.keep();
      if (this.#report !== null) this.#journal.note(stopNotice(this.#report));
      this.#history?.end();
      closeDevices([...this.#state.table.devices, ...this.#abandoned]);
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
