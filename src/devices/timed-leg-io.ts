/**
 * A time limit in front of a backend: an operation that does not answer in time has failed, and what
 * it answers later is not heard.
 *
 *   begun ──answer──▶ ended                     a leg with abandoned operations is *fenced*: whatever
 *     └──time is over──▶ abandoned ──answer──▶ over      comes is refused, until all of them are over
 *
 * The fence is what makes this safe. An abandoned write may still reach its leg, over anything that
 * was written there since; so nothing is, until it has ended. Whoever is asked (`ServiceListener`) hears
 * that the leg is out of service, so that nothing more is asked of it, and when it is in again.
 *
 *   in service ◀──── time over / all over ────▶ fenced        the first operation that is late takes
 *       ▲└──────── takeOut / letIn ───────────▶ taken out     all that is under way on its leg along
 *
 * A leg can also be taken out of service: one that is missing, or that its owner does not want to be
 * touched. What is under way there ends as it would. Both may hold at once; it is in again when neither
 * does.
 *
 * The buffers of an abandoned operation are still lent (`ABANDONED` tells the caller): whoever owns
 * them must not use them again.
 *
 * Flushes and zeroes may have a whole cache to write, so they may take `PATIENCE` times as long.
 * Time is what `tick` says, and no gap between two ticks counts for more than `GAP_MS_MAX`: a process
 * that was stopped itself must not blame its legs.
 */
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import { ioError } from './io-error.ts';
import type { AllocationRun, Done, IoError, LegIo, LogIo, LogPart, ZeroManner } from './leg-io.ts';
import type { PagePipe } from './page-pipe.ts';

/** The code of an operation that was given up, and whose buffers are still lent. */
export const ABANDONED = 'ETIMEDOUT';

const PATIENCE = 4;
const GAP_MS_MAX = 1_000;

interface Operation {
  readonly place: Place;
  readonly lateAt: number;
  /** Null: ended or abandoned. */
  done: Done | null;
}

/** Hears when a leg goes out of service, and when it is in again. */
export type ServiceListener = (leg: LegIndex, inService: boolean) => void;

/** A leg or the log. */
interface Place {
  name: string;
  /** Null: the log, or a leg that is none any more. */
  leg: LegIndex | null;
  readonly pending: Set<Operation>;
  abandoned: number;
  isOut: boolean;
}

export class TimedLegIo implements LegIo, LogIo {
  #io: (LegIo & LogIo) | null = null;
  readonly limitMs: number;
  #legs: readonly Place[] = [];
  #log: Place = newPlace('the log', null);
  readonly #tell: ServiceListener;
  #lastTick: number | null = null;
  #elapsed = 0;

  /** Has no legs until the first `exchange`. */
  constructor(limitMs: number, tell: ServiceListener) {
    this.limitMs = limitMs;
    this.#tell = tell;
  }

  /** In milliseconds, as far as it counts. */
  get elapsed(): number {
    return this.#elapsed;
  }

  /** `now` in milliseconds, from anywhere. */
  tick(now: number): void {
    this.#elapsed += Math.min(now - (this.#lastTick ?? now), GAP_MS_MAX);
    this.#lastTick = now;
    for (const place of [...this.#legs, this.#log]) {
      for (const operation of place.pending) {
        if (operation.lateAt > this.#elapsed) continue;
        this.#fence(place, () => abandon(operation));
        break;
      }
    }
  }

  /**
   * Goes on with other legs, through `io`: leg i is the one that was leg `known[i]`, null for a new one.
   * What was given up stays fenced until it has ended, wherever its leg is now. `isOtherLog`: the log is
   * on another device than before.
   */
  exchange(io: LegIo & LogIo, known: readonly (LegIndex | null)[], isOtherLog = false): void {
    const before = this.#legs;
    this.#io = io;
    if (isOtherLog) this.#log = newPlace('the log', null);
    for (const place of before) place.leg = null;
    this.#legs = known.map((old, leg) => {
      const place = old === null ? newPlace('', leg) : (before[old] as Place);
      place.leg = leg as LegIndex;
      place.name = `leg ${leg}`;
      return place;
    });
  }

  /** Operations that were given up have ended: what they were asked of may be closed. */
  isQuiet(leg: LegIndex | 'log'): boolean {
    return (leg === 'log' ? this.#log : (this.#legs[leg] as Place)).abandoned === 0;
  }

  /**
   * Somebody who goes past this has a call on `leg` that does not come back: it is fenced until what is
   * returned is called, as if that had been begun here.
   */
  hangs(leg: LegIndex): () => void {
    const place = this.#legs[leg] as Place;
    this.#fence(place, () => {
      place.abandoned += 1;
    });
    return () => this.#over(place);
  }

  /** What is in flight ends as it would; nothing else is asked of it. */
  takeOut(leg: LegIndex): void {
    const place = this.#legs[leg] as Place;
    const wasInService = refusalOf(place) === null;
    place.isOut = true;
    if (wasInService) this.#tell(leg, false);
  }

  letIn(leg: LegIndex): void {
    const place = this.#legs[leg] as Place;
    const wasOut = place.isOut;
    place.isOut = false;
    if (wasOut && place.abandoned === 0) this.#tell(leg, true);
  }

  /** Why nothing may be asked of `leg` now; null: it may. */
  refusal(leg: LegIndex): IoError | null {
    return refusalOf(this.#legs[leg] as Place);
  }

  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void {
    this.#begin(this.#legs[leg], 1, done, (ended) => this.#backend.read(leg, into, offset, ended));
  }

  lend(leg: LegIndex, pipe: PagePipe, offset: ByteOffset, length: ByteCount): boolean {
    if (this.refusal(leg) !== null) return false;
    return this.#backend.lend?.(leg, pipe, offset, length) === true;
  }

  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void {
    this.#begin(this.#legs[leg], 1, done, (ended) =>
      this.#backend.write(leg, pieces, offset, fua, ended),
    );
  }

  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void {
    this.#begin(this.#legs[leg], PATIENCE, done, (ended) =>
      this.#backend.zero(leg, offset, length, manner, ended),
    );
  }

  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void {
    this.#begin(this.#legs[leg], PATIENCE, done, (ended) =>
      this.#backend.discard(leg, offset, length, fua, ended),
    );
  }

  flush(leg: LegIndex, done: Done): void {
    this.#begin(this.#legs[leg], PATIENCE, done, (ended) => this.#backend.flush(leg, ended));
  }

  prefetch(leg: LegIndex, offset: ByteOffset, length: ByteCount): void {
    if (this.refusal(leg) === null) this.#backend.prefetch(leg, offset, length);
  }

  allocation(
    leg: LegIndex,
    offset: ByteOffset,
    length: ByteCount,
    runsMax: number,
  ): AllocationRun[] {
    if (this.refusal(leg) !== null) return [{ length, hole: false }];
    return this.#backend.allocation(leg, offset, length, runsMax);
  }

  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void {
    this.#begin(this.#log, 1, done, (ended) => this.#backend.writeLog(parts, durable, ended));
  }

  get #backend(): LegIo & LogIo {
    return this.#io as LegIo & LogIo;
  }

  #begin(at: Place | undefined, patience: number, done: Done, start: (ended: Done) => void): void {
    const place = at as Place;
    const refusal = refusalOf(place);
    if (refusal !== null) {
      done(refusal);
      return;
    }
    const lateAt = this.#elapsed + this.limitMs * patience;
    const operation: Operation = { place, lateAt, done };
    start((error) => this.#end(operation, error));
    // What was done on the spot, as most is, is never kept.
    if (operation.done !== null) place.pending.add(operation);
  }

  /** What is late first: it is the one that says what is wrong with the leg. */
  #fence(place: Place, abandonLate: () => void): void {
    const wasInService = refusalOf(place) === null;
    abandonLate();
    if (place.leg !== null && wasInService) this.#tell(place.leg, false);
    for (const operation of [...place.pending]) abandon(operation);
  }

  #end(operation: Operation, error: IoError | null): void {
    const { place, done } = operation;
    if (done === null) {
      this.#over(place);
      return;
    }
    operation.done = null;
    if (place.pending.size > 0) place.pending.delete(operation);
    done(error);
  }

  #over(place: Place): void {
    place.abandoned -= 1;
    if (place.leg !== null && refusalOf(place) === null) this.#tell(place.leg, true);
  }
}

function newPlace(name: string, leg: number | null): Place {
  return { name, leg: leg as LegIndex | null, pending: new Set(), abandoned: 0, isOut: false };
}

function abandon(operation: Operation): void {
  const { place, done } = operation;
  place.pending.delete(operation);
  place.abandoned += 1;
  operation.done = null;
  done?.(ioError(ABANDONED, `${place.name}: no answer in time`));
}

function refusalOf({ name, abandoned, isOut }: Place): IoError | null {
  if (isOut) return ioError('EIO', `${name} is out of service`);
  if (abandoned === 0) return null;
  return ioError('EIO', `${name}: has yet to answer ${abandoned} operations that were given up`);
}
