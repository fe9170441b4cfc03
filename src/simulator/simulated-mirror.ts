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
import { maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import { Clients } from './clients.ts';
import { contradict } from './contradiction.ts';
import { MirrorWatch } from './mirror-watch.ts';
import type { Operation } from './operation.ts';
import {
  CopyOperation,
  FlushOperation,
  LogOperation,
  MemoryOperation,
  ReadOperation,
  WriteOperation,
} from './operation.ts';
import type { Oracle } from './oracle.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedStorage } from './simulated-storage.ts';
import type { CrashLuck, SimulationEvent } from './simulation-event.ts';
import { UNHARMED } from './simulation-event.ts';

export type EngineMaker = (options: EngineOptions) => Engine;

/** `broken`: the activation failed; only a new process helps. */
type Life = 'resuming' | 'beginning' | 'serving' | 'stopping' | 'stopped' | 'broken';

/** What a crash leaves behind. */
interface Wreck {
  readonly storage: SimulatedStorage;
  readonly oracle: Oracle;
  /** Same key, same future. */
  readonly key: string;
}

type EndEvent = Extract<SimulationEvent, { readonly kind: 'end' }>;

export class SimulatedMirror {
  readonly storage: SimulatedStorage;
  readonly clients: Clients;
  readonly engine: Engine;
  readonly operations = new Map<string, Operation>();
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
  ) {
    this.storage = storage;
    this.clients = new Clients(oracle);
    this.now = before.now;
    this.steps = before.steps;
    this.#writes = before.writes;
    this.#requests = before.requests;
    this.#makeEngine = makeEngine;
    this.engine = makeEngine(storage.activate());
    this.#watch = new MirrorWatch(storage, this.engine, oracle, this.operations);
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
      case 'tick':
        this.now += event.by;
        this.#step({ kind: 'tick', now: this.now });
        return true;
      case 'throttleRecovery':
      case 'pauseRecovery':
      case 'resumeRecovery':
        return this.#order(event);
      case 'stop':
        if (this.life !== 'serving') return false;
        this.life = 'stopping';
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
    const underWay = [...this.operations.values()].filter((one) => one instanceof MemoryOperation);
    return this.storage.memories.length + underWay.length;
  }

  /** The writes that are in some device's cache, or would be if they landed now. */
  unsettledWrites(): Set<number> {
    const { legs, log } = this.storage;
    const devices = log === null ? legs : [...legs, log];
    const underWay = [...this.operations.values()].flatMap(({ write }) => write ?? []);
    return new Set([...devices.flatMap((device) => [...device.cachedWrites()]), ...underWay]);
  }

  /** Same key, and the same can be left by a crash now. */
  get crashKey(): string {
    const underWay = [...this.operations.values()].map(({ key }) => key).sort();
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
    const storage = this.storage.clone();
    const random = new SeededRandom(luck.seed);
    for (const operation of this.operations.values()) {
      operation.interrupt(storage, landing(operation, luck, random));
    }
    const memory = storage.memories[luck.memory % storage.memories.length];
    storage.memories = memory === undefined ? [] : [memory];
    if (luck.power) {
      const survives = survival(luck, random);
      for (const leg of storage.legs) leg.losePower(survives);
      storage.log?.losePower(survives);
    }
    const oracle = this.clients.oracle.clone();
    oracle.crash(luck.power);
    // Whether the next process knows which leg lost them depends on when this one died.
    for (const sector of this.#lostInFlush) oracle.doubt(sector);
    return { storage, oracle, key: `${storage.key} ${oracle.key}` };
  }

  /** The next process, with what it finds. */
  rise({ storage, oracle }: Wreck): SimulatedMirror {
    const before = {
      now: this.now,
      steps: this.steps,
      writes: this.#writes,
      requests: this.#requests,
    };
    return new SimulatedMirror(storage, oracle, this.#makeEngine, before);
  }

  /** The owner's, once the mirror serves. */
  #order(order: Extract<SimulationEvent, { readonly kind: `${string}Recovery` }>): boolean {
    if (this.life !== 'serving' && this.life !== 'stopping') return false;
    if (order.kind === 'throttleRecovery') {
      const throttle = order.percent === null ? null : { percent: order.percent };
      this.#step({ kind: order.kind, throttle });
    } else {
      this.#step(order);
    }
    return true;
  }

  #end({ operation: name, outcome, luck }: EndEvent): boolean {
    const operation = this.operations.get(name);
    if (operation === undefined) return false;
    // The shell writes the sidecar once at a time, and had begun with that one.
    if (name === 'memory' && this.operations.has('session')) return false;
    this.operations.delete(name);
    const input = operation.end(outcome, luck);
    if (outcome !== 'ok') this.#failed(operation);
    if (name === 'session') {
      this.#sessionBegan(outcome);
    } else if (operation instanceof FlushOperation && outcome !== 'ok') {
      this.#endFailedFlush(operation, input);
    } else {
      this.#step(input);
    }
    return true;
  }

  #failed(operation: Operation): void {
    if (operation instanceof ReadOperation || operation instanceof WriteOperation) {
      this.clients.ioFailed(operation.effect.request);
    } else if (!(operation instanceof CopyOperation)) {
      this.#mayFail = true;
    }
  }

  /** Only a primary without an heir may lose what was acknowledged. */
  #endFailedFlush({ leg, lost }: FlushOperation, input: Input): void {
    const { legs, content } = this.engine.state;
    for (const { sector } of lost) this.#lostInFlush.add(sector);
    const wasPrimary = legs.primary === leg;
    const unfit = union(legs.unsettled, union(content.missedLegs, maskOf(leg)));
    const heirs = without(content.all, unfit);
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
    const numbers = () => {
      this.#writes += 1;
      return this.#writes;
    };
    this.#watch.before(effect);
    switch (effect.kind) {
      case 'readLeg': {
        const buffer = this.clients.bufferOf(effect.request);
        this.#begin(new ReadOperation(effect, this.storage, buffer));
        break;
      }
      case 'writeLeg':
        this.#begin(new WriteOperation(effect, this.storage, numbers));
        break;
      case 'flushLeg':
        this.#begin(new FlushOperation(effect.leg, this.storage));
        break;
      case 'writeLog':
        this.#begin(new LogOperation(effect.write, this.storage, numbers));
        break;
      case 'keepMemory':
        this.#begin(new MemoryOperation('memory', effect.memory, this.storage));
        break;
      case 'copyRegion':
        this.#begin(new CopyOperation(effect, this.storage, numbers));
        break;
      case 'reply':
        this.#reply(effect);
        break;
      case 'event':
        break;
      case 'stopped':
        this.life = 'stopped';
        this.stopReport = effect;
        break;
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

function landing(
  operation: Operation,
  { inFlight, logSectors }: CrashLuck,
  random: SeededRandom,
): (index: number) => boolean {
  if (operation.name === 'log' && logSectors !== null) return (index) => index < logSectors;
  if (inFlight === 'some') return () => random.chance(0.5);
  const lands = inFlight === 'landed' || (inFlight !== 'lost' && inFlight.includes(operation.name));
  return () => lands;
}

function survival(
  { cached }: CrashLuck,
  random: SeededRandom,
): (entry: { readonly write: number }) => boolean {
  if (cached === 'some') return () => random.chance(0.5);
  if (typeof cached === 'object') return ({ write }) => !cached.lost.includes(write);
  return () => cached === 'kept';
}
