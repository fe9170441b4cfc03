/**
 * Legs and the log through the system calls that every Linux has: works where io_uring is refused.
 * Knows which descriptor and which offset belong to a leg; device-io.ts does the rest.
 *
 *   leg 0 ─┐                        ┌─ a.img   ─ lane ─┐
 *   leg 1 ─┼─ device and offset ────┼─ b.img   ─ lane ─┼─ libuv's pool
 *   log   ─┘                        └─ m0.log  ─ lane ─┘
 *
 * Lives in one thread; the devices may have been opened by another and are closed by whoever did.
 */
import { broken, invariant } from '../errors/invariant.ts';
import type { ByteCount, ByteOffset, LegIndex } from '../geometry/units.ts';
import type { WritePolicy } from './device-io.ts';
import { DeviceIo } from './device-io.ts';
import type { AllocationRun, Done, LegIo, LogIo, LogPart, ZeroManner } from './leg-io.ts';
import { writeLogTo } from './log-writes.ts';
import type { OpenDevice } from './open-device.ts';
import { PoolLane, threadsPerDevice } from './pool-lane.ts';
import type { Zeroing } from './zero-range.ts';
import { zeroingThroughCache } from './zero-range.ts';

/** Where a leg's bytes are. */
export interface BackendLeg {
  readonly device: OpenDevice;
  readonly offsetBytes: ByteCount;
  /** How client writes reach it; null: by the kind of device. */
  readonly writePolicy: WritePolicy | null;
}

const DISCARD: ZeroManner = { mayPunch: true, fastOnly: false, fua: false };
const DISCARD_FUA: ZeroManner = { ...DISCARD, fua: true };

interface Leg {
  readonly io: DeviceIo;
  readonly offset: number;
}

export class FsBackend implements LegIo, LogIo {
  readonly #legs: readonly Leg[];
  readonly #log: DeviceIo | null;

  /** `log` null: the mirror keeps its log in memory. */
  constructor(
    legs: readonly BackendLeg[],
    log: OpenDevice | null,
    zeroingOf: (device: OpenDevice) => Zeroing | undefined = zeroingThroughCache,
  ) {
    const devices = new Set(legs.map(({ device }) => device));
    const threads = threadsPerDevice(devices.size + (log === null ? 0 : 1));
    const lanes = new Map([...devices].map((device) => [device, new PoolLane(threads)]));
    this.#legs = legs.map(({ device, offsetBytes, writePolicy }) => ({
      io: new DeviceIo(
        device,
        lanes.get(device) ?? new PoolLane(threads),
        writePolicy,
        zeroingOf(device),
      ),
      offset: offsetBytes,
    }));
    // A log write waits for the disk by its nature, unless there is none.
    const logPolicy = log?.traits.inMemory ? 'inline' : 'pool';
    this.#log = log === null ? null : new DeviceIo(log, new PoolLane(threads), logPolicy);
  }

  read(leg: LegIndex, into: Uint8Array, offset: ByteOffset, done: Done): void {
    const { io, offset: start } = this.#leg(leg);
    io.read(into, start + offset, done);
  }

  write(
    leg: LegIndex,
    pieces: readonly Uint8Array[],
    offset: ByteOffset,
    fua: boolean,
    done: Done,
  ): void {
    const { io, offset: start } = this.#leg(leg);
    io.write(pieces, start + offset, fua, done);
  }

  zero(leg: LegIndex, offset: ByteOffset, length: ByteCount, manner: ZeroManner, done: Done): void {
    const { io, offset: start } = this.#leg(leg);
    io.zero(start + offset, length, manner, done);
  }

  discard(leg: LegIndex, offset: ByteOffset, length: ByteCount, fua: boolean, done: Done): void {
    this.zero(leg, offset, length, fua ? DISCARD_FUA : DISCARD, done);
  }

  flush(leg: LegIndex, done: Done): void {
    this.#leg(leg).io.flush(done);
  }

  prefetch(leg: LegIndex, offset: ByteOffset, length: ByteCount): void {
    const { io, offset: start } = this.#leg(leg);
    io.prefetch(start + offset, length);
  }

  allocation(
    leg: LegIndex,
    offset: ByteOffset,
    length: ByteCount,
    runsMax: number,
  ): AllocationRun[] {
    const { io, offset: start } = this.#leg(leg);
    return io.allocation(start + offset, length, runsMax);
  }

  writeLog(parts: readonly LogPart[], durable: boolean, done: Done): void {
    const log = this.#log;
    invariant(log !== null, 'a mirror with a core log writes none');
    writeLogTo(log, parts, durable, done);
  }

  #leg(index: LegIndex): Leg {
    return this.#legs[index] ?? broken(`no leg ${index}`);
  }
}
