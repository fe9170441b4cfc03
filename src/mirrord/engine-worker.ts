/**
 * The engine's worker: owns the sockets, the legs, the log and the copies of one mirror. Everything a
 * client waits for happens in this thread; the main thread keeps the command line and the control
 * socket, so that nobody who asks for the status slows down a write.
 *
 *   resume the log ─▶ write it back ─▶ `resumed`: main keeps the memory ─▶ `serve`: listen … ─▶ stop
 *
 * Nothing is served before the log says on disk what the engine believes, and before the memory of
 * which leg is right is durable.
 */
import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { CopyPool } from '../copier/copy-pool.ts';
import { FaultPlan } from '../devices/fault-plan.ts';
import { FaultyLegIo } from '../devices/faulty-leg-io.ts';
import { TimedLegIo } from '../devices/timed-leg-io.ts';
import { CoreLog } from '../dirty-log/core-log.ts';
import type { DirtyLog } from '../dirty-log/dirty-log.ts';
import { DiskLog } from '../dirty-log/disk-log.ts';
import { Engine } from '../engine/engine.ts';
import { invariant } from '../errors/invariant.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { legIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { setConnections, viewOf } from '../metrics/engine-counters.ts';
import { NbdListener } from '../nbd-server/nbd-listener.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, LegContent, maskOf, maskOfLegs, without } from '../region/leg-content.ts';
import { Clock } from './clock.ts';
import type { DataPath } from './data-path.ts';
import { openDataPath } from './data-path.ts';
import { EffectRunner } from './effect-runner.ts';
import { GuardedCopies } from './guarded-copies.ts';
import type {
  EngineSnapshot,
  EngineStart,
  FromWorker,
  Order,
  ToWorker,
} from './worker-messages.ts';

/** Recovery copies in flight together, at least and at most; in between, about this many bytes. */
const RECOVERIES_MIN = 4;
const RECOVERIES_MAX = 64;
const RECOVERY_BYTES = 16 * 1024 * 1024;
const COPIERS = 1;

/** Between ticks: while the log is being resumed, while recovery is throttled, otherwise. */
const TICK_AT_START_MS = 2;
const TICK_THROTTLED_MS = 10;
const TICK_MS = 100;

class EngineWorker {
  readonly #port: MessagePort;
  readonly #start: EngineStart;
  readonly #engine: Engine;
  readonly #path: DataPath;
  readonly #device: TimedLegIo;
  readonly #copies: CopyPool;
  readonly #runner: EffectRunner;
  readonly #listener: NbdListener;
  readonly #clock: Clock;
  #life: 'resuming' | 'serving' | 'stopping' = 'resuming';

  constructor(port: MessagePort, start: EngineStart) {
    this.#port = port;
    this.#start = start;
    const { sizeBytes, regionSizeBytes } = start.spec;
    const view = viewOf(start.view, RegionGeometry.of(sizeBytes, regionSizeBytes).regionCount);
    this.#engine = engineFor(start, view);
    const legs = start.spec.legs.map(({ offsetBytes }, index) => {
      const device = start.legs[index];
      invariant(device !== undefined, `leg ${index} was not opened`);
      return { device, offsetBytes, writePolicy: null };
    });
    const logDevice = start.log.type === 'disk' && !start.readOnly ? start.log.device : null;
    this.#path = openDataPath(start.io, legs, logDevice);
    const { carrier } = this.#path;
    const faults = new FaultPlan(start.io.faults);
    const sound = this.#path.device;
    const perhapsFaulty =
      start.io.faults.length === 0
        ? sound
        : new FaultyLegIo(sound, faults, (delayMs) => this.#path.timerSet(delayMs));
    const device = new TimedLegIo(perhapsFaulty, legs.length, start.io.timeoutMs, (leg, isIn) =>
      this.#runner.feed({ kind: isIn ? 'legIn' : 'legOut', leg }),
    );
    this.#device = device;
    this.#copies = new CopyPool(legs, COPIERS);
    this.#runner = new EffectRunner({
      engine: this.#engine,
      legs: device,
      log: logDevice === null ? null : device,
      copies: new GuardedCopies(this.#copies, faults, (leg) => device.refusal(leg)),
      view,
      exportName: start.spec.name,
      readOnly: start.readOnly,
      zeroesFast: start.legs.every(({ kind, traits }) => kind === 'file' && !traits.mayStall),
      keepMemory: (memory) => this.#say({ kind: 'keepMemory', memory }),
      tell: (event) => this.#say({ kind: 'event', event }),
      stopped: (logClean, outOfSync) => void this.#stopped(logClean, outOfSync),
    });
    for (const leg of start.missing) device.takeOut(leg);
    this.#listener = new NbdListener(this.#runner, (count) => setConnections(view, count), carrier);
    this.#clock = new Clock(
      (now) => this.#tick(now),
      (delayMs) => this.#path.timerSet(delayMs),
    );
    port.on('message', (message: ToWorker) => this.#hear(message));
  }

  /** The first tick makes the engine write the resumed log back. */
  run(): void {
    // Copies wait until the memory of which leg is right is durable: `serve` says so.
    this.#runner.feed({ kind: 'pauseRecovery' });
    this.#tick(this.#clock.now);
  }

  #tick(now: number): void {
    this.#device.tick(now);
    this.#runner.feed({ kind: 'tick', now });
    if (this.#life === 'resuming' && this.#isResumed()) {
      this.#life = 'serving';
      this.#say({ kind: 'resumed', memory: this.#engine.memory });
    }
    this.#clock.next(this.#tickDelay());
  }

  #isResumed(): boolean {
    const failed = 'could not write the dirty log back';
    if (this.#engine.logHasFailed) {
      this.#fail(new MirrorError('LOG_WRITE_FAILED', failed, {}, 'see that the log is writable'));
      return false;
    }
    return this.#engine.state.log.durableEpoch >= 0;
  }

  #tickDelay(): number {
    if (this.#life === 'resuming') return TICK_AT_START_MS;
    const { recovery, check } = this.#engine;
    const throttled =
      (recovery.throttle !== null && recovery.isUnderWay) ||
      (check.throttle !== null && check.life === 'running');
    return throttled ? TICK_THROTTLED_MS : TICK_MS;
  }

  #hear(message: ToWorker): void {
    switch (message.kind) {
      case 'order':
        void this.#obey(message.order).then(() =>
          this.#say({ kind: 'answer', id: message.id, snapshot: this.#snapshot() }),
        );
        break;
      case 'copyLog':
        this.#say({ kind: 'logCopied', id: message.id, image: this.#engine.state.log.copy() });
        break;
      case 'memoryKept':
        this.#runner.feed({ kind: 'memoryKept', outcome: message.ok ? 'ok' : 'failed' });
        break;
      case 'serve':
        if (!this.#start.readOnly) this.#runner.feed({ kind: 'resumeRecovery' });
        this.#serve().catch((error: unknown) => this.#fail(error));
        break;
      case 'stop':
        void this.#stop();
        break;
    }
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
        break;
      case 'throttleRecovery':
      case 'throttleCheck':
        this.#runner.feed({ kind: order.order, throttle: order.throttle });
        break;
      case 'startCheck':
        // Flushed first: a leg to repair from must have everything, and would keep it without power.
        if (order.check.repairFrom !== null) await this.#flush();
        this.#runner.feed({ kind: 'startCheck', check: order.check });
        break;
      default:
        this.#runner.feed({ kind: order.order });
    }
    this.#clock.next(0);
  }

  /**
   * Flushed first, so that the leg keeps what it has, and what was copied to the others lately is safe:
   * one of them must have everything, and would keep it without power.
   */
  async #takeOut(leg: LegIndex): Promise<void> {
    await this.#flush();
    if (this.#engine.state.heirBut(maskOf(leg)) !== null) this.#device.takeOut(leg);
  }

  #flush(): Promise<void> {
    return new Promise((resolve) => {
      const nothing = { into: null, pieces: [], fua: false, mayPunch: false, fastOnly: false };
      const request = { verb: 'flush', offset: 0, length: 0, ...nothing } as const;
      this.#runner.submit({ ...request, abandonBuffers: () => {}, done: () => resolve() });
    });
  }

  async #serve(): Promise<void> {
    const exports: string[] = [];
    for (const address of this.#start.listen) exports.push(await this.#listener.listen(address));
    this.#say({ kind: 'serving', exports });
  }

  /** Connections first, so that what is in flight is answered; then the engine, then everything. */
  async #stop(): Promise<void> {
    if (this.#life === 'stopping') return;
    this.#life = 'stopping';
    await this.#listener.close();
    this.#runner.stop();
  }

  async #stopped(logClean: boolean, outOfSync: number): Promise<void> {
    this.#clock.stop();
    await this.#copies.close();
    this.#path.close();
    this.#say({ kind: 'stopped', logClean, outOfSync });
    this.#port.close();
  }

  #fail(error: unknown): void {
    if (!(error instanceof MirrorError)) throw error;
    const { code, message, hint } = error;
    this.#say({ kind: 'failed', code, message, hint });
  }

  #say(message: FromWorker): void {
    this.#port.postMessage(message);
  }

  #snapshot(): EngineSnapshot {
    const { state, recovery, check, logHasFailed } = this.#engine;
    const { content, hash, legs, geometry } = state;
    const bytesLeft = content.workCount * geometry.regionBytes;
    const bytesToCheck = check.regionsLeft * geometry.regionBytes;
    return {
      primary: legs.primary,
      inSyncRegions: content.inSyncCount,
      dirtyRegions: hash.countOf('dirty'),
      recoveringRegions: recovery.claimed,
      legs: this.#start.spec.legs.map((_, index) => ({
        letter: legs.letter(legIndex(index)),
        errors: legs.errorCounts(legIndex(index)),
        isOut: !has(content.inService, legIndex(index)),
        missedRegions: content.missedCount(legIndex(index)),
      })),
      logFailed: logHasFailed,
      recovery: {
        paused: recovery.isPaused,
        throttle: recovery.throttle,
        regionsLeft: content.workCount,
        bytesPerSecond: recovery.progress.bytesPerSecond(state.now),
        etaSeconds: recovery.progress.etaSeconds(state.now, bytesLeft),
      },
      check: {
        life: check.life,
        next: check.position,
        tally: check.tally,
        throttle: check.throttle,
        bytesPerSecond: check.progress.bytesPerSecond(state.now),
        etaSeconds: check.progress.etaSeconds(state.now, bytesToCheck),
      },
      differingRegions: state.differing.count,
      backend: this.#path.name,
      backendReason: this.#path.reason,
    };
  }
}

function engineFor(
  { spec, log: start, primary, blank, missing }: EngineStart,
  view: EngineView,
): Engine {
  const geometry = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const log = openLog(start, geometry);
  const content = new LegContent(geometry.regionCount, spec.legs.length, view.missing);
  const others = without(content.all, maskOf(primary));
  for (let region = 0; region < geometry.regionCount; region += 1) {
    if (!log.isClean(region as RegionIndex)) content.miss(region as RegionIndex, others);
  }
  if (blank.length > 0) missEverything(maskOfLegs(blank), content, log);
  content.serve(without(content.all, maskOfLegs(missing)));
  const size = Math.floor(RECOVERY_BYTES / geometry.regionBytes);
  return new Engine({
    geometry,
    log,
    content,
    primary,
    states: view.states,
    differing: view.differing,
    readPolicy: spec.readPolicy,
    handleErrors: spec.handleErrors,
    keepLog: spec.keepLog,
    recoveriesMax: Math.min(RECOVERIES_MAX, Math.max(RECOVERIES_MIN, size)),
  });
}

/** What a leg misses is dirty in the log, too; the write of the resumed log takes these marks along. */
function missEverything(legs: LegMask, content: LegContent, log: DirtyLog): void {
  for (let region = 0; region < content.regionCount; region += 1) {
    if (content.isInSync(region as RegionIndex)) log.mark(region as RegionIndex);
    content.miss(region as RegionIndex, legs);
  }
}

function openLog(start: EngineStart['log'], geometry: RegionGeometry): DirtyLog {
  if (start.type === 'core') return new CoreLog(geometry.regionCount, start.syncIntent);
  const resumed = DiskLog.resume({ ...start.area, geometry });
  invariant(resumed.ok, 'the plan has resumed this very log before');
  return resumed.value.log;
}

invariant(parentPort !== null, 'the engine runs in a worker');
new EngineWorker(parentPort, workerData as EngineStart).run();
