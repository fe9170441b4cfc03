/**
 * Carries out what the engine asks for, and tells it how that ended. The engine's hands.
 *
 *   NBD session ──submit──▶ input ─▶ engine.step ─▶ effects ─▶ legs, log, copier, main thread
 *                             ▲                                     │
 *                             └────────────── outcome ──────────────┘
 *
 * An outcome may come while effects are still being carried out (an inline write ends before it
 * returns); it then waits its turn, so that `step` is never entered twice. One request at a time goes
 * through `step`, but any number are in flight.
 */
import type { IoError, LegIo, LogIo } from '../devices/leg-io.ts';
import { ABANDONED } from '../devices/timed-leg-io.ts';
import type { Effect, MirrorEvent, MirrorMemory, ReplyOutcome } from '../engine/effect.ts';
import type { Engine } from '../engine/engine.ts';
import type { Input, IoOutcome } from '../engine/input.ts';
import { SlotTable } from '../engine/slot-table.ts';
import type { LegIndex } from '../geometry/units.ts';
import { byteCount, byteOffset } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import {
  addLatency,
  addRegionWrite,
  addTo,
  beginLegIo,
  endLegIo,
} from '../metrics/engine-counters.ts';
import type { BlockRequest, Extent, MirrorPort } from '../nbd-server/mirror-port.ts';
import type { LegMask } from '../region/leg-content.ts';
import { maskOf, NO_LEGS, union } from '../region/leg-content.ts';
import { stateRuns } from '../region/region-runs.ts';
import { REGION_STATES } from '../region/region-state.ts';
import type { Copies } from './guarded-copies.ts';

/** base:allocation, NBD protocol "Base allocation context": NBD_STATE_HOLE and NBD_STATE_ZERO. */
const HOLE_AND_ZERO = 3;
const DATA = 0;

/** More inputs than this came at once only when something unusual happened. */
const INPUTS_KEPT = 64;

export interface Surroundings {
  readonly engine: Engine;
  readonly legs: LegIo;
  /** Null: a core log, or nothing may be written. */
  readonly log: LogIo | null;
  readonly copies: Copies;
  readonly view: EngineView;
  readonly exportName: string;
  readonly readOnly: boolean;
  /** Every leg can turn a range into zeroes without writing them. */
  readonly zeroesFast: boolean;
  /** To be durable; `memoryKept` says how it ended. */
  keepMemory(memory: MirrorMemory): void;
  tell(event: MirrorEvent): void;
  stopped(logClean: boolean, outOfSync: number): void;
  /** The engine gives it back: it is to be submitted once more, to whichever engine there is then. */
  again(request: BlockRequest): void;
}

export class EffectRunner implements MirrorPort {
  readonly exportName: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  readonly #to: Surroundings;
  readonly #requests = new SlotTable<BlockRequest>();
  /** When each request arrived, by its slot, in milliseconds. */
  readonly #arrivals: number[] = [];
  /** The first `#inputCount` have yet to be taken or are being taken; behind them lie old ones. */
  readonly #inputs: Input[] = [];
  #inputCount = 0;
  #isRunning = false;
  #isStopping = false;

  constructor(surroundings: Surroundings) {
    this.#to = surroundings;
    this.exportName = surroundings.exportName;
    this.sizeBytes = surroundings.engine.state.geometry.sizeBytes;
    this.readOnly = surroundings.readOnly;
  }

  submit(request: BlockRequest): void {
    if (this.#isStopping) {
      request.done('shuttingDown');
      return;
    }
    const { verb } = request;
    if (verb === 'cache') {
      this.#prefetch(request);
      return;
    }
    if (verb === 'zero' && request.fastOnly && !this.#to.zeroesFast) {
      request.done('notSupported');
      return;
    }
    this.#count(request);
    this.feed(this.#inputFor(request, verb));
  }

  allocation(offset: number, length: number, extentsMax: number): Extent[] {
    const { engine, legs } = this.#to;
    return legs
      .allocation(engine.state.legs.primary, byteOffset(offset), byteCount(length), extentsMax)
      .map((run) => ({ length: run.length, flags: run.hole ? HOLE_AND_ZERO : DATA }));
  }

  regionStates(offset: number, length: number, extentsMax: number): Extent[] {
    const { geometry } = this.#to.engine.state;
    const first = geometry.regionOf(byteOffset(offset));
    const last = geometry.lastRegionOf(byteOffset(offset), byteCount(length));
    const extents: Extent[] = [];
    for (const run of stateRuns(this.#to.view.states, first, last + 1)) {
      const from = Math.max(offset, run.first * geometry.regionBytes);
      const to = Math.min(offset + length, (run.first + run.count) * geometry.regionBytes);
      extents.push({ length: to - from, flags: REGION_STATES.indexOf(run.state) });
      if (extents.length === extentsMax) break;
    }
    return extents;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** No request is admitted after this; those in flight are finished first. */
  stop(): void {
    this.#isStopping = true;
    this.feed({ kind: 'stop' });
  }

  feed(input: Input): void {
    this.#inputs[this.#inputCount] = input;
    this.#inputCount += 1;
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let next = 0; next < this.#inputCount; next += 1) {
      const effects = this.#to.engine.step(this.#inputs[next] as Input);
      for (let place = 0; place < effects.length; place += 1) {
        this.#carryOut(effects[place] as Effect);
      }
    }
    // Emptying the array would give its memory back, to be taken again for the next request.
    if (this.#inputCount > INPUTS_KEPT) this.#inputs.length = 0;
    this.#inputCount = 0;
    this.#isRunning = false;
  }

  #inputFor(request: BlockRequest, verb: Exclude<BlockRequest['verb'], 'cache'>): Input {
    const slot = this.#requests.put(request);
    this.#arrivals[slot] = performance.now();
    if (verb === 'flush') return { kind: 'flush', request: slot };
    const offset = byteOffset(request.offset);
    const length = byteCount(request.length);
    if (verb === 'read') return { kind: 'read', request: slot, offset, length };
    const { fua, mayPunch } = request;
    return { kind: verb, request: slot, offset, length, fua, mayPunch };
  }

  #carryOut(effect: Effect): void {
    const { legs, copies } = this.#to;
    switch (effect.kind) {
      case 'readLeg':
        this.#readLeg(effect);
        break;
      case 'writeLeg':
        this.#writeLeg(effect);
        break;
      case 'flushLeg':
        legs.flush(effect.leg, (error) =>
          this.feed({ kind: 'legFlushEnded', leg: effect.leg, outcome: outcomeOf(error) }),
        );
        break;
      case 'writeLog':
        this.#writeLog(effect);
        break;
      case 'copyRegion':
        this.#copyRegion(effect, copies);
        break;
      case 'compareRegion':
        this.#compareRegion(effect, copies);
        break;
      case 'reply':
        this.#reply(effect);
        break;
      case 'keepMemory':
        this.#to.keepMemory(effect.memory);
        break;
      case 'event':
        this.#to.tell(effect.event);
        break;
      case 'stopped':
        this.#to.stopped(effect.logClean, effect.outOfSync);
        break;
    }
  }

  #reply({ request, outcome }: Extract<Effect, { kind: 'reply' }>): void {
    const answered = this.#requests.take(request);
    if (outcome === 'again') {
      this.#to.again(answered);
      return;
    }
    const micros = microsSince(this.#arrivals[request] ?? 0);
    const { verb } = answered;
    addLatency(this.#to.view, verb === 'read' || verb === 'flush' ? verb : 'write', micros);
    answered.done(outcome satisfies ReplyOutcome);
  }

  #readLeg({ io, request, leg, offset, length, at }: Extract<Effect, { kind: 'readLeg' }>): void {
    const reader = this.#requests.at(request);
    const { into, pipe } = reader;
    if (into === null) throw new TypeError('a read without a buffer');
    const isWhole = length === into.length;
    const part = isWhole ? into : into.subarray(at, at + length);
    const began = this.#legIoBegins(leg, 'read', length);
    // What was lent before, if the engine has it read once more, is not what it answers with.
    pipe?.spoil();
    if (pipe !== null && isWhole && this.#to.legs.lend?.(leg, pipe, offset, length)) {
      this.#legIoEnded(io, leg, began, null);
      return;
    }
    this.#to.legs.read(leg, part, offset, (error) => {
      if (error?.code === ABANDONED) reader.abandonBuffers();
      else if (reader.into !== into) reader.into?.set(part, at);
      this.#legIoEnded(io, leg, began, error);
    });
  }

  #writeLeg(effect: Extract<Effect, { kind: 'writeLeg' }>): void {
    const { io, leg, offset, length, verb, fua, mayPunch } = effect;
    const { legs } = this.#to;
    const request = this.#requests.at(effect.request);
    const began = this.#legIoBegins(leg, 'write', length);
    const done = (error: IoError | null) => {
      if (error?.code === ABANDONED) request.abandonBuffers();
      this.#legIoEnded(io, leg, began, error);
    };
    if (verb === 'write') {
      const pieces = piecesOf(request, effect.at, length);
      legs.write(leg, pieces, offset, fua, done);
    } else if (verb === 'zero') {
      legs.zero(leg, offset, length, { mayPunch, fastOnly: false, fua }, done);
    } else {
      legs.discard(leg, offset, length, fua, done);
    }
  }

  /** When it began, in milliseconds; null: it is not timed. */
  #legIoBegins(leg: LegIndex, verb: 'read' | 'write', length: number): number | null {
    return beginLegIo(this.#to.view, leg, verb, length) ? performance.now() : null;
  }

  #legIoEnded(io: number, leg: LegIndex, began: number | null, error: IoError | null): void {
    endLegIo(this.#to.view, leg, began === null ? null : microsSince(began));
    this.feed({ kind: 'legIoEnded', io, outcome: outcomeOf(error) });
  }

  #writeLog({ write }: Extract<Effect, { kind: 'writeLog' }>): void {
    const { log, view } = this.#to;
    if (write.durable) addTo(view, 'logFlushes', 1);
    for (const { bytes } of write.parts) addTo(view, 'logWriteBytes', bytes.length);
    const began = performance.now();
    const ended = (error: IoError | null) => {
      addTo(view, 'logWriteMicros', microsSince(began));
      this.feed({ kind: 'logWriteEnded', outcome: outcomeOf(error) });
    };
    if (log === null) ended(null);
    else log.writeLog(write.parts, write.durable, ended);
  }

  #copyRegion(effect: Extract<Effect, { kind: 'copyRegion' }>, copies: Copies): void {
    const { region, source, targets, offset, length } = effect;
    copies.copy({ source, targets, offset, length }, (outcome) => {
      const readFailed = outcome.readError !== null;
      let failedTargets = NO_LEGS;
      for (const [place, leg] of targets.entries()) {
        if (outcome.writeErrors[place]) failedTargets = union(failedTargets, maskOf(leg));
      }
      if (!readFailed) addTo(this.#to.view, 'recoveredBytes', length);
      this.feed({ kind: 'copyEnded', region, readFailed, failedTargets });
    });
  }

  #compareRegion(effect: Extract<Effect, { kind: 'compareRegion' }>, copies: Copies): void {
    const { region, legs, offset, length } = effect;
    copies.compare({ legs, offset, length }, ({ unreadable, difference }) => {
      const mask = unreadable.reduce<LegMask>((all, { leg }) => union(all, maskOf(leg)), NO_LEGS);
      this.feed({ kind: 'compareEnded', region, unreadable: mask, difference });
    });
  }

  #prefetch(request: BlockRequest): void {
    const { engine, legs } = this.#to;
    const offset = byteOffset(request.offset);
    legs.prefetch(engine.state.legs.primary, offset, byteCount(request.length));
    request.done('ok');
  }

  #count({ verb, offset, length }: BlockRequest): void {
    const { view, engine } = this.#to;
    if (verb === 'flush') {
      addTo(view, 'flushes', 1);
      return;
    }
    addTo(view, verb === 'read' ? 'reads' : 'writes', 1);
    addTo(view, verb === 'read' ? 'readBytes' : 'writeBytes', length);
    if (verb === 'read') return;
    const { geometry } = engine.state;
    const first = geometry.regionOf(byteOffset(offset));
    addRegionWrite(view, first, geometry.lastRegionOf(byteOffset(offset), byteCount(length)));
  }
}

function microsSince(began: number): number {
  return (performance.now() - began) * 1000;
}

function outcomeOf(error: IoError | null): IoOutcome {
  if (error === null) return 'ok';
  return error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'noSpace' : 'failed';
}

/** Bytes `at` to `at + length` of a payload that lies in several pieces. */
function piecesOf(request: BlockRequest, at: number, length: number): readonly Uint8Array[] {
  if (at === 0 && length === request.length) return request.pieces;
  const part: Uint8Array[] = [];
  let start = 0;
  for (const piece of request.pieces) {
    const from = Math.max(at - start, 0);
    const to = Math.min(at + length - start, piece.length);
    if (from < to) part.push(piece.subarray(from, to));
    start += piece.length;
  }
  return part;
}
