/**
 * Legs and the log through an io_uring. What happens often goes through ring-device.ts; what happens
 * seldom (zeroing, read-ahead, asking for holes) goes the way it goes without a ring.
 *
 * Everything read or written lies in native memory already, the payloads of clients in particular.
 * Only the log's bits live in the heap of JavaScript, which the kernel must not look into while
 * nobody waits for it, so each log write takes a copy along.
 */
import { availableParallelism } from 'node:os';
import { broken, invariant } from '../errors/invariant.ts';
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import type { DirectAccess } from './direct-access.ts';
import type { BackendLeg } from './fs-backend.ts';
import { FsBackend } from './fs-backend.ts';
import type { IoUring } from './io-uring.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { AllocationRun, Done, LegIo, LogIo, LogPart, ZeroManner } from './leg-io.ts';
import type { LogTarget } from './log-writes.ts';
import { writeLogTo } from './log-writes.ts';
import type { NativeMemory } from './native-memory.ts';
import type { OpenDevice } from './open-device.ts';
import type { PagePipe } from './page-pipe.ts';
import { IN_FLIGHT_MAX, RingDevice } from './ring-device.ts';
import { WriteCost } from './write-cost.ts';

export interface RingParts {
  readonly ring: IoUring;
  readonly calls: RingCalls;
  readonly memory: NativeMemory;
}

export interface RingLeg extends BackendLeg {
  /** Null: through the page cache. */
  readonly direct: DirectAccess | null;
}

interface Leg {
  readonly io: RingDevice;
  readonly offset: number;
}

const LOG_MANNER = { policy: null, direct: null, cost: null };

export class RingBackend implements LegIo, LogIo {
  readonly #memory: NativeMemory;
  readonly #legs: readonly Leg[];
  readonly #log: RingDevice | null;
  readonly #seldom: FsBackend;

  constructor(
    parts: RingParts,
    legs: readonly RingLeg[],
    log: OpenDevice | null,
    costOfWrites = () => new WriteCost(availableParallelism()),
  ) {
    this.#memory = parts.memory;
    const devices = new Map<OpenDevice, RingDevice>();
    this.#legs = legs.map(({ device, offsetBytes, writePolicy, direct }) => {
      const policy = writePolicy === 'pool' ? 'ring' : writePolicy;
      const cost = device === legs.at(-1)?.device ? null : costOfWrites();
      const io = devices.get(device) ?? new RingDevice(parts, device, { policy, direct, cost });
      devices.set(device, io);
      return { io, offset: offsetBytes };
    });
    const zeroingOf = (device: OpenDevice) => devices.get(device)?.zeroing;
    this.#seldom = new FsBackend(legs, log, zeroingOf);
    this.#log = log === null ? null : new RingDevice(parts, log, LOG_MANNER);
    parts.ring.limitWorkers((devices.size + 1) * IN_FLIGHT_MAX);
  }

  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void {
    const { io, offset: start } = this.#leg(leg);
    io.read(into, start + offset, done);
  }

  lend(leg: LegIndex, pipe: PagePipe, offset: ByteOffset, length: ByteCount): boolean {
    const { io, offset: start } = this.#leg(leg);
    return io.lend(pipe, start + offset, length);
  }

  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void {
    const { io, offset: start } = this.#leg(leg);
    const [only] = pieces;
    if (only !== undefined && pieces.length === 1) io.write(only, start + offset, fua, done);
    else this.#writeJoined(io, pieces, start + offset, fua, done);
  }

  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void {
    this.#seldom.zero(leg, offset, length, manner, done);
  }

  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void {
    this.#seldom.discard(leg, offset, length, fua, done);
  }

  flush(leg: LegIndex, done: Done): void {
    this.#leg(leg).io.flush(done);
  }

  prefetch(leg: LegIndex, offset: ByteOffset, length: ByteCount): void {
    // Past the page cache nobody would ever look there.
    if (!this.#leg(leg).io.isDirect) this.#seldom.prefetch(leg, offset, length);
  }

  allocation(
    leg: LegIndex,
    offset: ByteOffset,
    length: ByteCount,
    runsMax: number,
  ): AllocationRun[] {
    return this.#seldom.allocation(leg, offset, length, runsMax);
  }

  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void {
    const log = this.#log;
    invariant(log !== null, 'a mirror with a core log writes none');
    const target: LogTarget = {
      write: (pieces, at, fua, ended) => this.#writeJoined(log, pieces, at, fua, ended),
      flush: (ended) => log.flush(ended),
    };
    writeLogTo(target, parts, durable, done);
  }

  /** Clients' payloads come in one piece; what does not, or lies in the heap, is copied together. */
  #writeJoined(
    io: RingDevice,
    pieces: readonly Uint8Array[],
    position: number,
    fua: boolean,
    done: Done,
  ): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const slot = this.#memory.take(length);
    const joined = slot.data(length);
    let at = 0;
    for (const piece of pieces) {
      joined.set(piece, at);
      at += piece.length;
    }
    io.write(joined, position, fua, (error) => {
      slot.release();
      done(error);
    });
  }

  #leg(index: LegIndex): Leg {
    return this.#legs[index] ?? broken(`no leg ${index}`);
  }
}
