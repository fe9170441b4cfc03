/**
 * The engine: `step` takes one thing that happened and returns what to do about it. All the rules of
 * the mirror meet here, and nothing else does: no I/O, no clock, no randomness, no promise.
 *
 * The paths (write, read, flush, recovery, sweep, log) each know one life cycle; they share
 * `MirrorState` and leave work for each other there. `step` hands that work out until none is left, so
 * after every step the engine is at rest and any invariant may be checked.
 */
import { invariant } from '../errors/invariant.ts';
import { ReadChooser } from '../mirror-set/read-policy.ts';
import { ResyncScheduler } from '../recovery/resync-scheduler.ts';
import { CheckPath } from './check-path.ts';
import type { Effect, MirrorMemory } from './effect.ts';
import { FlushPath } from './flush-path.ts';
import type { Input, IoOutcome, OwnerOrder } from './input.ts';
import { LogPath } from './log-path.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import type { EngineOptions } from './mirror-state.ts';
import { MirrorState } from './mirror-state.ts';
import type { ReadSegment } from './read-path.ts';
import { ReadPath } from './read-path.ts';
import { ReadRepair } from './read-repair.ts';
import { RecoveryPath } from './recovery-path.ts';
import { RecoveryWatch } from './recovery-watch.ts';
import { SlotTable } from './slot-table.ts';
import { SweepPath } from './sweep-path.ts';
import type { WriteShare } from './write-path.ts';
import { WritePath } from './write-path.ts';
import type { WritePiece } from './write-piece.ts';

type LegIo = ReadSegment | WriteShare;

export class Engine {
  readonly state: MirrorState;
  readonly recovery: RecoveryPath;
  readonly check: CheckPath;
  readonly #recoveryWatch: RecoveryWatch;
  readonly #log: LogPath;
  readonly #memory: MemoryKeeper;
  readonly #writes: WritePath;
  readonly #repair: ReadRepair;
  readonly #reads: ReadPath;
  readonly #flushes: FlushPath;
  readonly #sweep: SweepPath;
  readonly #legIos = new SlotTable<LegIo>();
  readonly #logAnswered = (pieces: readonly WritePiece[], marked: boolean): void =>
    this.#writes.logAnswered(pieces, marked);
  #stopping: 'no' | 'draining' | 'sweeping' | 'swept' | 'sealing' | 'stopped' = 'no';

  constructor(options: EngineOptions) {
    this.state = new MirrorState(options);
    this.#flushes = new FlushPath(this.state);
    this.#memory = new MemoryKeeper(this.state);
    this.#log = new LogPath(this.state, this.#memory, options.onLogFailure);
    this.#sweep = new SweepPath(this.state, this.#flushes, this.#memory, this.#log);
    const scheduler = new ResyncScheduler();
    this.recovery = new RecoveryPath(this.state, scheduler, options.recoveriesMax);
    this.#recoveryWatch = new RecoveryWatch(this.state, this.recovery);
    this.check = new CheckPath(this.state, this.recovery, this.#log, this.#memory);
    const name = (io: LegIo) => this.#legIos.put(io);
    this.#writes = new WritePath(this.state, this.#log, this.#memory, scheduler, name);
    const chooser = new ReadChooser(options.readPolicy, this.state.legs.legCount);
    this.#repair = new ReadRepair(this.state, this.#memory);
    this.#reads = new ReadPath(this.state, chooser, this.#repair, name);
  }

  /** What must be durable before the first request, and whenever `keepMemory` asks for it. */
  get memory(): MirrorMemory {
    return this.#memory.current();
  }

  /** Writes that wait for the owner: to decide about a leg, or to bring the log back. */
  get heldWrites(): number {
    return this.#writes.heldCount + this.#log.heldCount;
  }

  get logHasFailed(): boolean {
    return this.#log.hasFailed;
  }

  /** The array returned is the caller's. */
  step(input: Input): Effect[] {
    this.#take(input);
    this.#settle();
    const { effects } = this.state;
    this.state.effects = [];
    return effects;
  }

  #take(input: Input): void {
    switch (input.kind) {
      case 'read':
        this.#admitRequest();
        this.#reads.begin(input.request, input.offset, input.length);
        break;
      case 'write':
      case 'zero':
      case 'discard':
        this.#admitRequest();
        this.#writes.begin(input);
        break;
      case 'flush':
        this.#admitRequest();
        this.#flushFor(input.request);
        break;
      case 'legIoEnded':
        this.#legIoEnded(this.#legIos.take(input.io), input.outcome);
        break;
      case 'legFlushEnded':
        this.#flushes.legEnded(input.leg, input.outcome);
        break;
      case 'logWriteEnded':
        this.#log.writeEnded(input.outcome, this.#logAnswered);
        break;
      case 'memoryKept':
        this.#memory.ended(input.outcome === 'ok');
        break;
      case 'copyEnded':
        this.recovery.copyEnded(input.region, input.readFailed, input.failedTargets);
        this.#writes.releaseHeld();
        break;
      case 'legOut':
        this.state.takeLegOut(input.leg, input.isLate === true);
        break;
      case 'legIn':
        this.state.letLegIn(input.leg);
        this.recovery.legCame();
        this.#repair.forget(input.leg);
        break;
      case 'compareEnded':
        this.check.compareEnded(input.region, input.unreadable, input.difference);
        break;
      case 'tick':
        this.state.now = Math.floor(input.now);
        this.recovery.tick();
        this.check.tick();
        if (this.#stopping === 'no') this.#sweep.tick();
        break;
      default:
        this.#obey(input);
    }
  }

  #obey(order: OwnerOrder): void {
    switch (order.kind) {
      case 'legDecided':
        this.state.legDecided(order.leg);
        this.#writes.releaseHeld();
        break;
      case 'giveBack':
        this.#writes.giveBack(this.#log.takeHeld());
        break;
      case 'giveUp':
        this.#giveUp();
        break;
      case 'logReattached':
        this.#log.reattach(this.#logAnswered);
        break;
      case 'pauseRecovery':
        this.recovery.pause();
        break;
      case 'resumeRecovery':
        if (this.#stopping === 'no') this.recovery.resume();
        break;
      case 'throttleRecovery':
        this.recovery.limit(order.throttle);
        break;
      case 'startCheck':
        if (this.#stopping === 'no') this.check.start(order.check);
        break;
      case 'throttleCheck':
        this.check.limit(order.throttle);
        break;
      case 'stopCheck':
        this.check.stop();
        break;
      case 'stop':
        this.check.stop();
        this.recovery.pause();
        this.#giveUp();
        if (this.#stopping === 'no') this.#stopping = 'draining';
        break;
    }
  }

  #giveUp(): void {
    this.#log.giveUp(this.#logAnswered);
    this.#writes.failHeld();
  }

  #admitRequest(): void {
    invariant(this.#stopping === 'no', 'a request after stop');
    this.recovery.foreground();
  }

  #legIoEnded(io: LegIo, outcome: IoOutcome): void {
    if (io.of === 'write') this.#writes.shareEnded(io, outcome);
    else this.#reads.segmentEnded(io, outcome);
  }

  #flushFor(request: number): void {
    this.state.requestsInFlight += 1;
    const reply = (ok: boolean) => {
      this.state.requestsInFlight -= 1;
      this.state.emit({ kind: 'reply', request, outcome: ok ? 'ok' : 'ioError' });
    };
    this.#flushes.joinForClient((answer) => {
      if (answer === 'failed') reply(false);
      else if (!this.#memory.holds(reply)) reply(true);
    });
  }

  /** Hands out what the paths left for each other, until there is none. */
  #settle(): void {
    const { state } = this;
    state.replacePrimaryOut();
    this.check.kick();
    while (state.released.length > 0) {
      const released = state.released;
      state.released = [];
      for (const piece of released) this.#writes.beginPiece(piece);
      this.check.kick();
    }
    this.recovery.kick();
    this.#recoveryWatch.look();
    this.#memory.kick();
    this.#log.kick();
    if (this.#stopping !== 'no') this.#advanceStop();
  }

  /** draining ─▶ sweeping ─▶ swept ─▶ sealing ─▶ stopped, each when nothing of the last is left. */
  #advanceStop(): void {
    const { state } = this;
    const taken = this.recovery.claimed + this.check.held;
    const drained = state.requestsInFlight === 0 && taken === 0;
    if (this.#stopping === 'draining' && drained && this.#flushes.isIdle) {
      this.#stopping = 'sweeping';
      this.#sweep.sweepAll(() => {
        this.#stopping = 'swept';
        this.#memory.improve();
      });
    }
    const written = this.#log.isIdle && this.#memory.isIdle;
    if (this.#stopping === 'swept' && written) {
      this.#stopping = 'sealing';
      this.#log.seal();
    }
    if (this.#stopping === 'sealing' && this.#log.isIdle && this.#memory.isIdle) this.#sayStopped();
  }

  #sayStopped(): void {
    this.#stopping = 'stopped';
    const { content, log, hash } = this.state;
    const outOfSync = content.regionCount - content.inSyncCount;
    const rested = hash.rememberedCount === 0 && log.cleanCount() === content.inSyncCount;
    const logClean = rested && !this.#log.hasFailed && this.#memory.tellsAll;
    this.state.emit({ kind: 'stopped', logClean, outOfSync });
  }
}
