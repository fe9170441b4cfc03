/**
 * Legs and a log with faults on demand (`--inject`), in front of a backend that works.
 *
 *   engine ─▶ faulty ─▶ fault due? ── no ──▶ backend
 *                        │ error: `done` with it, nothing is touched
 *                        │ hang:  never answers; only a time limit above ends it
 *                        └ delay: the backend, later
 *
 * A failed write has touched nothing here. Real devices may leave any part of it; the engine's rules
 * do not depend on which, and the simulator tears writes.
 */
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import type { FaultPlan } from './fault-plan.ts';
import type { FaultVerb } from './injected-fault.ts';
import { ioError } from './io-error.ts';
import type { AllocationRun, Done, LegIo, LogIo, LogPart, ZeroManner } from './leg-io.ts';

type Start = (done: Done) => void;

export class FaultyLegIo implements LegIo, LogIo {
  readonly #io: LegIo & LogIo;
  readonly #plan: FaultPlan;
  readonly #timerSet: (delayMs: number) => void;

  /** `timerSet` hears of each timer: a thread that waits elsewhere must know when to look here. */
  constructor(io: LegIo & LogIo, plan: FaultPlan, timerSet: (delayMs: number) => void) {
    this.#io = io;
    this.#plan = plan;
    this.#timerSet = timerSet;
  }

  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void {
    const range = { start: offset, end: offset + into.length };
    this.#pass(leg, ['read'], range, done, (ended) => this.#io.read(leg, into, offset, ended));
  }

  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#pass(leg, ['write'], { start: offset, end: offset + length }, done, (ended) =>
      this.#io.write(leg, pieces, offset, fua, ended),
    );
  }

  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void {
    this.#pass(leg, ['zero'], { start: offset, end: offset + length }, done, (ended) =>
      this.#io.zero(leg, offset, length, manner, ended),
    );
  }

  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void {
    this.#pass(leg, ['zero'], { start: offset, end: offset + length }, done, (ended) =>
      this.#io.discard(leg, offset, length, fua, ended),
    );
  }

  flush(leg: LegIndex, done: Done): void {
    this.#pass(leg, ['flush'], null, done, (ended) => this.#io.flush(leg, ended));
  }

  prefetch(leg: LegIndex, offset: ByteOffset, length: ByteCount): void {
    this.#io.prefetch(leg, offset, length);
  }

  allocation(
    leg: LegIndex,
    offset: ByteOffset,
    length: ByteCount,
    runsMax: number,
  ): AllocationRun[] {
    return this.#io.allocation(leg, offset, length, runsMax);
  }

  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void {
    const start = Math.min(...parts.map(({ offset }) => offset));
    const end = Math.max(...parts.map(({ offset, bytes }) => offset + bytes.length));
    const writes: FaultVerb[] = parts.length > 0 ? ['write'] : [];
    const verbs: FaultVerb[] = durable ? [...writes, 'flush'] : writes;
    const range = parts.length > 0 ? { start, end } : null;
    this.#pass('log', verbs, range, done, (ended) => this.#io.writeLog(parts, durable, ended));
  }

  #pass(
    target: LegIndex | 'log',
    verbs: readonly FaultVerb[],
    range: { start: number; end: number } | null,
    done: Done,
    start: Start,
  ): void {
    const kind = this.#plan.next({ target, verbs, range });
    if (kind === null) {
      start(done);
    } else if ('error' in kind) {
      const place = target === 'log' ? 'the log' : `leg ${target}`;
      done(ioError(kind.error, `${verbs.join('+')} of ${place}: a fault was asked for`));
    } else if ('delayMs' in kind) {
      setTimeout(() => start(done), kind.delayMs);
      this.#timerSet(kind.delayMs);
    }
  }
}
