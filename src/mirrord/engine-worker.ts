/**
 * The engine's worker: owns the sockets, the legs, the log and the copies of one mirror. Everything a
 * client waits for happens in this thread; the main thread keeps the command line and the control
 * socket, so that nobody who asks for the status slows down a write.
 *
 *   resume the log ─▶ write it back ─▶ `resumed`: main keeps the memory ─▶ `serve`: listen … ─▶ stop
 *         ▲                                                                            │
 *         └──── `load`: another table ◀── `suspended` ◀── nothing in flight ◀── `suspend`
 *
 * Nothing is served before the log says on disk what the engine believes, and before the memory of
 * which leg is right is durable. Exchanging a table is a stop and a start, but for the clients: what
 * they ask for meanwhile is held at the door.
 */
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { FaultPlan } from '../devices/fault-plan.ts';
import { TimedLegIo } from '../devices/timed-leg-io.ts';
import { inquire } from '../engine/region-inquiry.ts';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { legIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { carryOver, setConnections, viewOf } from '../metrics/engine-counters.ts';
import { replacedLeg } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { NOTHING } from '../nbd-server/mirror-port.ts';
import { NbdListener } from '../nbd-server/nbd-listener.ts';
import { maskOf } from '../region/leg-content.ts';
import { Clock } from './clock.ts';
import type { DataPath } from './data-path.ts';
import { openDataPath } from './data-path.ts';
import { activatedEngine, reloadedEngine } from './engine-for.ts';
import { knowledgeOf, snapshotOf } from './engine-snapshot.ts';
import type { TableGround } from './live-table.ts';
import { LiveTable } from './live-table.ts';
import { MirrorDoor } from './mirror-door.ts';
import type {
  EngineStart,
  FromWorker,
  InquiryAnswer,
  Order,
  Suspended,
  TableLoad,
  ToWorker,
} from './worker-messages.ts';

/** Between ticks: while something is being waited for, while recovery is throttled, otherwise. */
const TICK_EAGER_MS = 2;
const TICK_THROTTLED_MS = 10;
const TICK_MS = 100;
/** What is in flight may take so long to end before the mirror serves on as it was. */
const SUSPEND_MS_MAX = 20_000;
const REPLACED_EVERY_MS = 2_000;

class EngineWorker {
  readonly #port: MessagePort;
  readonly #start: EngineStart;
  readonly #path: DataPath;
  readonly #device: TimedLegIo;
  readonly #faults: FaultPlan;
  readonly #ground: TableGround;
  readonly #door: MirrorDoor;
  readonly #listener: NbdListener;
  readonly #clock: Clock;
  #table: LiveTable;
  #life: 'resuming' | 'serving' | 'suspending' | 'suspended' | 'stopping' = 'resuming';
  #isListening = false;
  /** Asked for, and by when what is in flight has to have ended. */
  #suspension = { id: 0, lateAt: 0 };
  /** Whether recovery was paused by its owner before the table was exchanged. */
  #isPaused = false;
  /** What has to wait until the mirror serves again. */
  #later: ToWorker[] = [];
  #replacedAt = Number.NEGATIVE_INFINITY;

  constructor(port: MessagePort, start: EngineStart) {
    this.#port = port;
    this.#start = start;
    const { spec, legs, io, readOnly } = start;
    this.#path = openDataPath(io);
    this.#faults = new FaultPlan(io.faults);
    this.#device = new TimedLegIo(io.timeoutMs, (leg, isIn) => {
      if (this.#life !== 'suspended') this.#tellService(leg, isIn);
    });
    this.#ground = {
      ...{ path: this.#path, faults: this.#faults, timed: this.#device, readOnly },
      ...{ copyManner: { compares: io.comparesCopies }, direct: io.direct },
      keepMemory: (memory) => this.#say({ kind: 'keepMemory', memory }),
      tell: (event) => this.#say({ kind: 'event', event }),
      stopped: (logClean, outOfSync) => void this.#stopped(logClean, outOfSync),
      again: (request) => this.#door.submit(request),
    };
    const view = viewFor(spec, start.view);
    const engine = activatedEngine(start, view);
    const log = start.log.type === 'disk' && !readOnly ? start.log.device : null;
    const known = spec.legs.map(() => null);
    this.#table = new LiveTable(
      { spec, legs, log, known, isOtherLog: false, engine, view },
      this.#ground,
    );
    for (const leg of start.missing) this.#device.takeOut(leg);
    this.#door = new MirrorDoor(this.#table.runner);
    const connected = (count: number) => setConnections(this.#table.view, count);
    this.#listener = new NbdListener(this.#door, connected, this.#path.carrier);
    this.#clock = new Clock(
      (now) => this.#tick(now),
      (delayMs) => this.#path.timerSet(delayMs),
    );
    port.on('message', (message: ToWorker) => this.#hear(message));
  }

  /** The first tick makes the engine write the resumed log back. */
  run(): void {
    // Copies wait until the memory of which leg is right is durable: `serve` says so.
    this.#table.runner.feed({ kind: 'pauseRecovery' });
    this.#tick(this.#clock.now);
  }

  #tick(now: number): void {
    this.#device.tick(now);
    this.#table.tick(this.#device.elapsed);
    this.#table.runner.feed({ kind: 'tick', now });
    if (this.#life === 'resuming') this.#lookWhetherResumed();
    if (this.#life === 'suspending') this.#lookWhetherDrained(now);
    if (this.#life === 'serving') this.#lookWhetherReplaced(now);
    this.#clock.next(this.#tickDelay());
  }

  /** A log that cannot be written is no reason to stop, but one not to begin. */
  #lookWhetherResumed(): void {
    const { engine, spec } = this.#table;
    const logWritten = !engine.logHasFailed;
    if (!logWritten && !this.#isListening) {
      const path = spec.log.type === 'disk' ? spec.log.path : 'in memory';
      const failed = `the dirty log ${path} cannot be written`;
      const hint = 'see that it is writable, and that there is room for it';
      this.#fail(new MirrorError('LOG_WRITE_FAILED', failed, { path }, hint));
    } else if (!logWritten || engine.state.log.durableEpoch >= 0) {
      this.#life = 'serving';
      this.#say({ kind: 'resumed', memory: engine.memory, logWritten });
    }
  }

  #inquire(region: number): InquiryAnswer {
    const { engine } = this.#table;
    const { now } = engine.state;
    const bytesPerSecond = engine.recovery.progress.bytesPerSecond(now);
    return { ...inquire(engine, region as RegionIndex), now, bytesPerSecond };
  }

  #tickDelay(): number {
    if (this.#life === 'resuming' || this.#life === 'suspending') return TICK_EAGER_MS;
    const { recovery, check } = this.#table.engine;
    const isPaced = recovery.isPaced || (check.throttle !== null && check.life === 'running');
    return isPaced ? TICK_THROTTLED_MS : TICK_MS;
  }

  #hear(message: ToWorker): void {
    switch (message.kind) {
      case 'order':
        if (message.order.order !== 'snapshot' && this.#isPutOff(message)) break;
        void this.#obey(message.order).then(() =>
          this.#say({
            kind: 'answer',
            id: message.id,
            snapshot: snapshotOf(this.#table.engine, this.#path),
          }),
        );
        break;
      case 'copyLog':
        this.#say({
          ...{ kind: 'logCopied', id: message.id },
          image: this.#table.engine.state.log.copy(),
        });
        break;
      case 'inquire':
        this.#say({ kind: 'inquired', id: message.id, found: this.#inquire(message.region) });
        break;
      case 'memoryKept':
        this.#table.runner.feed({ kind: 'memoryKept', outcome: message.ok ? 'ok' : 'failed' });
        break;
      case 'suspend':
        this.#suspend(message.id);
        break;
      case 'load':
        this.#load(message.table).catch((error: unknown) => this.#fail(error));
        break;
      case 'serve':
        this.#serve().catch((error: unknown) => this.#fail(error));
        break;
      case 'stop':
        if (!this.#isPutOff(message)) void this.#stop();
        break;
    }
  }

  /** While a table is exchanged there is nobody to obey. */
  #isPutOff(message: ToWorker): boolean {
    const isBusy = this.#isListening && (this.#life !== 'serving' || this.#door.isHeld);
    if (isBusy && this.#life !== 'stopping') this.#later.push(message);
    return isBusy;
  }

  async #obey(order: Order): Promise<void> {
    switch (order.order) {
      case 'snapshot':
        return;
      case 'takeLegOut':
        await this.#takeOut(order.leg);
        break;
      case 'letLegIn':
        this.#device.letIn(order.leg);
        this.#table.runner.feed({ kind: 'legDecided', leg: order.leg });
        break;
      case 'reattachLog':
        this.#table.runner.feed({ kind: 'logReattached' });
        break;
      case 'throttleRecovery':
      case 'throttleCheck':
        this.#table.runner.feed({ kind: order.order, throttle: order.throttle });
        break;
      case 'startCheck':
        // Flushed first: a leg to repair from must have everything, and would keep it without power.
        if (order.check.repairFrom !== null) await this.#flush();
        this.#table.runner.feed({ kind: 'startCheck', check: order.check });
        break;
      default:
        this.#table.runner.feed({ kind: order.order });
    }
    this.#clock.next(0);
  }

  /**
   * Flushed first, so that the leg keeps what it has, and what was copied to the others lately is safe:
   * one of them must have everything, and would keep it without power.
   */
  async #takeOut(leg: LegIndex): Promise<void> {
    await this.#flush();
    const { engine, runner } = this.#table;
    if (engine.state.heirBut(maskOf(leg)) === null) return;
    this.#device.takeOut(leg);
    runner.feed({ kind: 'legDecided', leg });
  }

  #flush(): Promise<void> {
    return new Promise((resolve) => {
      const request = { verb: 'flush', offset: 0, length: 0, ...NOTHING } as const;
      this.#table.runner.submit({ ...request, abandonBuffers: () => {}, done: () => resolve() });
    });
  }

  #suspend(id: number): void {
    const { engine, runner } = this.#table;
    if (this.#life !== 'serving' || this.#door.isHeld || engine.check.life !== 'none') {
      this.#say({ kind: 'suspended', id, known: null });
      return;
    }
    this.#isPaused = engine.recovery.isPaused;
    this.#suspension = { id, lateAt: this.#clock.now + SUSPEND_MS_MAX };
    this.#life = 'suspending';
    this.#door.hold();
    runner.feed({ kind: 'pauseRecovery' });
    this.#clock.next(0);
  }

  /** Then the engine stops in order, as at the end of a session: flush, clear, seal. */
  #lookWhetherDrained(now: number): void {
    const { engine, runner } = this.#table;
    if (runner.isStopping) return;
    if (engine.heldWrites > 0) runner.feed({ kind: 'giveBack' });
    if (engine.state.requestsInFlight === 0 && engine.recovery.claimed === 0) {
      runner.stop();
    } else if (now >= this.#suspension.lateAt) {
      this.#say({ kind: 'suspended', id: this.#suspension.id, known: null });
      this.#letIn();
    }
  }

  async #load(load: TableLoad): Promise<void> {
    const before = this.#table;
    const { spec, legs, log, known } = load;
    await before.close(this.#hanging().length === 0);
    const view = viewFor(spec, load.view);
    carryOver(before.view, view, known);
    this.#faults.rearrange(known);
    const engine = reloadedEngine(before.engine, load, view);
    const isOtherLog = log?.fd !== before.log?.fd;
    const parts = { spec, legs, log, known, isOtherLog, engine, view };
    this.#table = new LiveTable(parts, this.#ground);
    const { throttle } = before.engine.recovery;
    this.#table.runner.feed({ kind: 'throttleRecovery', throttle });
    this.#life = 'resuming';
    this.run();
    this.#tellServices();
  }

  #tellService(leg: LegIndex, isIn: boolean): void {
    const isLate = !this.#device.isQuiet(leg);
    this.#table.runner.feed(isIn ? { kind: 'legIn', leg } : { kind: 'legOut', leg, isLate });
  }

  /** The engine before had stopped, and said who is the primary: what has happened since is news for this one. */
  #tellServices(): void {
    for (const leg of this.#table.spec.legs.keys()) {
      const isIn = this.#device.refusal(legIndex(leg)) === null;
      this.#tellService(legIndex(leg), isIn);
    }
  }

  async #serve(): Promise<void> {
    if (this.#isListening) {
      this.#letIn();
      return;
    }
    if (!this.#start.readOnly) this.#table.runner.feed({ kind: 'resumeRecovery' });
    const exports: string[] = [];
    for (const address of this.#start.listen) exports.push(await this.#listener.listen(address));
    this.#isListening = true;
    this.#say({ kind: 'serving', exports });
  }

  /** After a suspension, with another table or without one. */
  #letIn(): void {
    const { runner } = this.#table;
    this.#life = 'serving';
    if (!this.#isPaused) runner.feed({ kind: 'resumeRecovery' });
    this.#door.open(runner);
    this.#clock.next(0);
    for (const message of this.#later.splice(0)) this.#hear(message);
  }

  /** Connections first, when what is in flight is answered; then the engine, then everything. */
  async #stop(): Promise<void> {
    if (this.#life === 'stopping') return;
    this.#life = 'stopping';
    this.#table.runner.feed({ kind: 'giveUp' });
    await this.#listener.close();
    this.#table.runner.stop();
  }

  async #stopped(logClean: boolean, outOfSync: number): Promise<void> {
    if (this.#life === 'suspending') {
      this.#life = 'suspended';
      const { id } = this.#suspension;
      const { unsettled } = this.#table.engine.state.legs;
      const known = { ...knowledgeOf(this.#table.engine, unsettled), hanging: this.#hanging() };
      this.#say({ kind: 'suspended', id, known });
      return;
    }
    this.#clock.stop();
    await this.#table.close(true);
    this.#path.close();
    this.#say({ kind: 'stopped', logClean, outOfSync });
    this.#port.close();
  }

  #lookWhetherReplaced(now: number): void {
    const isDue = now - this.#replacedAt >= REPLACED_EVERY_MS;
    if (!isDue || replacedLeg(this.#table.spec, knowledgeOf(this.#table.engine).complete) === null)
      return;
    this.#replacedAt = now;
    this.#say({ kind: 'replaced' });
  }

  #hanging(): Suspended['hanging'] {
    const places = [...this.#table.spec.legs.map((_, leg) => legIndex(leg)), 'log'] as const;
    return places.filter((place) => !this.#device.isQuiet(place));
  }

  #fail(error: unknown): void {
    if (!(error instanceof MirrorError)) throw error;
    const { code, message, hint } = error;
    this.#say({ kind: 'failed', code, message, hint });
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

function viewFor({ sizeBytes, regionSizeBytes }: MirrorSpec, view: SharedArrayBuffer): EngineView {
  return viewOf(view, RegionGeometry.of(sizeBytes, regionSizeBytes).regionCount);
}

invariant(parentPort !== null, 'the engine runs in a worker');
new EngineWorker(parentPort, workerData as EngineStart).run();
