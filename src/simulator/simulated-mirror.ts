/**
 * A real engine between simulated clients and simulated devices. `apply` makes one thing happen; every
 * contradiction to what a mirror promises is thrown at the moment it shows (mirror-watch.ts).
 *
 *   event ─▶ device, client or clock ─▶ input ─▶ engine.step ─▶ effects ─▶ operations in flight
 *                                                                  └─▶ checks
 *
 * Lives as mirrord does: resume the log, write it back, write the sidecar, and only then serve and
 * recover.
 */
import type { Effect } from '../engine/effect.ts';
import type { Engine } from '../engine/engine.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import type { EngineOptions } from '../engine/mirror-state.ts';
import type { LegIndex } from '../geometry/units.ts';
import { has, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import { Clients } from './clients.ts';
import { contradict } from './contradiction.ts';
import { Fence } from './fence.ts';
import { FlushOperation, ReadOperation, WriteOperation } from './leg-operation.ts';
import { MirrorWatch } from './mirror-watch.ts';
import type { Operation, TimedOperation } from './operation.ts';
import { isTimed } from './operation.ts';
import { operationFor } from './operation-for.ts';
import type { Oracle } from './oracle.ts';
import type { OrderEvent } from './owner-order.ts';
import { inputOf } from './owner-order.ts';
import { MemoryOperation } from './record-operation.ts';
import { CompareOperation, CopyOperation } from './region-operation.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';
import { UNHARMED } from './simulation-event.ts';
import type { Wreck } from './wreck.ts';
import { wreckOf } from './wreck.ts';

export type EngineMaker = (options: EngineOptions) => Engine;

/** `broken`: the activation failed; only a new process helps. */
type Life = 'resuming' | 'beginning' | 'serving' | 'stopping' | 'stopped' | 'broken';

type EndEvent = Extract<SimulationEvent, { readonly kind: 'end' }>;
type LateEvent = Extract<SimulationEvent, { readonly kind: 'late' }>;

export class SimulatedMirror {
  readonly storage: SimulatedStorage;
  readonly clients: Clients;
  readonly engine: Engine;
  readonly operations = new Map<string, Operation>();
  readonly fence: Fence;
  life: Life = 'resuming';
  /** Steps of all engines in this storage's history. */
  steps: number;
  now: number;
  /** What `stopped` said. */
  stopReport: Extract<Effect, { kind: 'stopped' }> | null = null;
  readonly #makeEngine: EngineMaker;
  readonly #watch: MirrorWatch;
  #writes: number;
  #requests: number;
  /** Since this process began: something that can fail requests by itself has failed. */
  #mayFail = false;
  /** Sectors that some leg lost in a failed flush and that no flush has covered since. */
  readonly #lostInFlush = new Set<number>();

  constructor(
    storage: SimulatedStorage,
    oracle: Oracle,
    makeEngine: EngineMaker,
    before = { now: 0, steps: 0, writes: 0, requests: 0 },
    away = NO_LEGS,
  ) {
    this.storage = storage;
    this.clients = new Clients(oracle, storage.scenario.sectorBytes);
    this.fence = new Fence(away);
    this.now = before.now;
    this.steps = before.steps;
    this.#writes = before.writes;
    this.#requests = before.requests;
    this.#makeEngine = makeEngine;
    this.engine = makeEngine(storage.activate(away));
    const { operations, fence } = this;
    this.#watch = new MirrorWatch(storage, this.engine, oracle, operations, fence.hung);
    this.#watch.found();
    this.#step({ kind: 'pauseRecovery' });
    this.#step({ kind: 'tick', now: this.now });
  }

  /** False: this cannot happen now, and nothing did. */
  apply(event: SimulationEvent): boolean {
    switch (event.kind) {
      case 'land': {
        const operation = this.operations.get(event.operation);
        operation?.land(event.luck);
        return operation !== undefined;
      }
      case 'end':
        return this.#end(event);
      case 'hang':
        return this.#hang(event.operation);
      case 'late':
        return this.#late(event);
      case 'leave':
        return this.#leave(event.leg);
      case 'return':
        return this.#return(event.leg);
      case 'rot':
        this.storage.rot(event.leg, event.sector, this.clients.oracle);
        return true;
      case 'tick':
      case 'jump':
        this.now = Math.max(0, this.now + event.by);
        this.#step({ kind: 'tick', now: this.now });
        return true;
      case 'decide':
        return this.#decide(event.leg);
      case 'reattach':
        return this.#reattach();
      case 'throttleRecovery':
      case 'pauseRecovery':
      case 'resumeRecovery':
      case 'startCheck':
      case 'stopCheck':
        return this.#order(event);
      case 'stop':
        if (this.life !== 'serving') return false;
        this.life = 'stopping';
        // Writes that are held for the owner fail then.
        this.#mayFail ||= this.storage.scenario.holdOnFailure || this.engine.heldWrites > 0;
        this.#step(event);
        return true;
      case 'crash':
        return false;
      default:
        if (this.life !== 'serving') return false;
        this.#requests = Math.max(this.#requests, event.request);
        this.#step(this.clients.begin(event));
        return true;
    }
  }

  /** What the devices have been asked for and have not done with, heard of or not. */
  get underWay(): Operation[] {
    return [...this.operations.values(), ...this.fence.hung.values()];
  }

  /** A number that no request has had; from 1, so that it can stand for what a write writes. */
  newRequest(): number {
    return this.#requests + 1;
  }

  /** Nothing is in flight, and no client waits. */
  get isQuiet(): boolean {
    return this.operations.size === 0 && this.clients.waiting === 0;
  }

  /** As many as there are sidecars that the next process may find. */
  get memoriesMax(): number {
    const underWay = this.underWay.filter((one) => one instanceof MemoryOperation);
    return this.storage.memories.length + underWay.length;
  }

  /** The writes that are in some device's cache, or would be if they landed now. */
  unsettledWrites(): Set<number> {
    const { legs, log } = this.storage;
    const devices = log === null ? legs : [...legs, log];
    const underWay = this.underWay.flatMap(({ write }) => write ?? []);
    return new Set([...devices.flatMap((device) => [...device.cachedWrites()]), ...underWay]);
  }

  /** Same key, and the same can be left by a crash now. */
  get crashKey(): string {
    const underWay = this.underWay.map(({ key }) => key).sort();
    const { key } = this.storage;
    return [key, this.clients.oracle.key, [...this.#lostInFlush], ...underWay].join('\n');
  }

  crash(luck: CrashLuck): SimulatedMirror {
    return this.rise(this.wreck(luck));
  }

  /** The next process, after an orderly stop. */
  restart(): SimulatedMirror {
    return this.crash({ ...UNHARMED, power: false });
  }

  /** What the next process would find; this one stays as it is. */
  wreck(luck: CrashLuck): Wreck {
    const { storage, clients, underWay } = this;
    const lostInFlush = this.#lostInFlush;
    return wreckOf({ storage, oracle: clients.oracle, underWay, lostInFlush }, luck);
  }

  /** The next process, with what it finds. */
  rise({ storage, oracle, away }: Wreck): SimulatedMirror {
    const before = {
      now: this.now,
      steps: this.steps,
      writes: this.#writes,
      requests: this.#requests,
    };
    return new SimulatedMirror(storage, oracle, this.#makeEngine, before, away);
  }

  /** The owner's, once the mirror serves. */
  #order(order: OrderEvent): boolean {
    if (this.life !== 'serving' && this.life !== 'stopping') return false;
    if (order.kind === 'startCheck') {
      if (this.engine.check.life !== 'none') return false;
      this.#watch.check.ordered(order.repairFrom);
    }
    this.#step(inputOf(order, this.storage.geometry.regionCount));
    return true;
  }

  #end(event: EndEvent): boolean {
    const { operation: name, luck } = event;
    const operation = this.operations.get(name);
    if (operation === undefined) return false;
    // The shell writes the sidecar once at a time, and had begun with that one.
    if (name === 'memory' && this.operations.has('session')) return false;
    const outcome = operation.isRefused ? 'failed' : event.outcome;
    this.operations.delete(name);
    const { reached } = this.#watch;
    const input = operation.end(outcome, luck);
    if (outcome !== 'ok') this.#failed(operation);
    if (name === 'session') {
      this.#sessionBegan(outcome);
    } else if (operation instanceof FlushOperation && outcome !== 'ok') {
      this.#endFailedFlush(operation, input);
    } else {
      this.#step(input);
    }
    if (outcome !== 'ok') this.#watch.failedWith(reached);
    return true;
  }

  /** Its leg is out of service then, and all else that is under way there hangs with it. */
  #hang(name: string): boolean {
    const late = this.operations.get(name);
    if (late === undefined || !isTimed(late) || !this.fence.mayHang(late)) return false;
    const { place } = late;
    this.#mayFail = true;
    this.#giveUp(late);
    if (place === 'log') return true;
    this.#watch.failed(place);
    this.#step({ kind: 'legOut', leg: place });
    for (const other of [...this.operations.values()]) {
      if (!isTimed(other) || other.place !== place || !this.fence.mayHang(other)) continue;
      if (this.operations.has(other.name)) this.#giveUp(other);
    }
    return true;
  }

  /** The engine is told of a failure; what the device does is another matter. */
  #giveUp(operation: TimedOperation): void {
    this.operations.delete(operation.name);
    this.fence.hung.set(operation.name, operation);
    this.#failed(operation);
    const input = operation.timeOver();
    if (operation instanceof FlushOperation) this.#endFailedFlush(operation, input);
    else this.#step(input);
  }

  /** An operation that hung is over. */
  #late({ operation: name, outcome, luck }: LateEvent): boolean {
    const operation = this.fence.hung.get(name);
    if (operation === undefined) return false;
    this.fence.hung.delete(name);
    const heard = this.fence.hears(operation.endLate(outcome, luck));
    if (heard !== null) this.#step(heard);
    if (operation.place !== 'log') this.#letIn(operation.place);
    this.#watch.atRest(this.clients);
    return true;
  }

  /** As the owner may ask for it: somebody else has everything. */
  #leave(leg: LegIndex): boolean {
    if (this.engine.state.heirBut(maskOf(leg)) === null || !this.fence.leave(leg)) return false;
    this.#mayFail = true;
    this.#step({ kind: 'legOut', leg });
    return this.#decide(leg);
  }

  #decide(leg: LegIndex): boolean {
    this.#watch.decided(leg);
    this.#step({ kind: 'legDecided', leg });
    return true;
  }

  /** A log that hangs is not asked. */
  #reattach(): boolean {
    if (this.life !== 'serving' || this.storage.log === null) return false;
    for (const { place } of this.fence.hung.values()) if (place === 'log') return false;
    this.#step({ kind: 'logReattached' });
    return true;
  }

  #return(leg: LegIndex): boolean {
    if (!this.fence.return(leg)) return false;
    this.#letIn(leg);
    return this.#decide(leg);
  }

  #letIn(leg: LegIndex): void {
    if (!has(this.fence.closed, leg)) this.#step({ kind: 'legIn', leg });
  }

  #failed(operation: Operation): void {
    const isWrite = operation instanceof WriteOperation || operation instanceof FlushOperation;
    if (isWrite) this.#watch.failed(operation.place);
    if (operation instanceof ReadOperation || operation instanceof WriteOperation) {
      this.clients.ioFailed(operation.effect.request);
    } else if (!(operation instanceof CopyOperation || operation instanceof CompareOperation)) {
      this.#mayFail = true;
    }
  }

  /** Only a primary without an heir may lose what was acknowledged. */
  #endFailedFlush({ leg, lost }: FlushOperation, input: Input): void {
    const { legs, content } = this.engine.state;
    for (const { sector } of lost) this.#lostInFlush.add(sector);
    const wasPrimary = legs.primary === leg;
    const unfit = union(legs.unsettled, union(content.missedLegs, maskOf(leg)));
    const heirs = without(content.inService, unfit);
    const isExcused = wasPrimary && (heirs === NO_LEGS || !this.storage.scenario.handleErrors);
    if (isExcused)
      for (const entry of lost) this.clients.oracle.excuse(entry.sector, entry.content);
    this.#step(input);
    if (wasPrimary && !isExcused && legs.primary === leg) {
      contradict(`leg ${leg} is still the primary, although others hold what it may have lost`);
    }
  }

  #sessionBegan(outcome: IoOutcome): void {
    this.life = outcome === 'ok' ? 'serving' : 'broken';
    if (outcome !== 'ok') return;
    this.storage.sessionBegan();
    this.#step({ kind: 'resumeRecovery' });
  }

  #step(input: Input): void {
    this.steps += 1;
    const effects = this.engine.step(input);
    const { content, legs } = this.engine.state;
    if (!has(content.inService, legs.primary)) this.clients.losePrimary();
    for (const effect of effects) this.#carryOut(effect);
    this.#watch.atRest(this.clients);
    if (this.life === 'resuming') this.#lookForResume();
  }

  #lookForResume(): void {
    if (this.engine.logHasFailed) {
      this.life = 'broken';
    } else if (this.engine.state.log.durableEpoch >= 0) {
      this.life = 'beginning';
      const { memory } = this.engine;
      this.#watch.memoryMayBe(memory);
      this.#begin(new MemoryOperation('session', memory, this.storage));
    }
  }

  #carryOut(effect: Effect): void {
    this.#watch.before(effect);
    const operation = operationFor(effect, {
      storage: this.storage,
      closed: this.fence.closed,
      bufferOf: (request) => this.clients.bufferOf(request),
      numbers: () => {
        this.#writes += 1;
        return this.#writes;
      },
    });
    if (operation !== null) {
      this.#begin(operation);
    } else if (effect.kind === 'reply') {
      this.#reply(effect);
    } else if (effect.kind === 'stopped') {
      this.life = 'stopped';
      this.stopReport = effect;
    }
  }

  #begin(operation: Operation): void {
    const { name } = operation;
    if (this.life === 'stopped') contradict(`${name} begins after the mirror has stopped`);
    if (this.operations.has(name)) contradict(`${name} begins while it is under way`);
    this.operations.set(name, operation);
  }

  #reply(effect: Extract<Effect, { kind: 'reply' }>): void {
    const event = this.clients.eventOf(effect.request);
    this.clients.reply(effect, this.#mayFail);
    if (effect.outcome === 'ok') this.#watch.acknowledged(event);
    if (event.kind === 'flush' && effect.outcome === 'ok') this.#lostInFlush.clear();
  }
}
