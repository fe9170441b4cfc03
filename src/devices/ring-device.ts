/**
 * One open device, with offsets into the device, by way of the ring. Some requests are quicker done on
 * the spot than handed over:
 *
 *            on the spot                               through the ring
 *   read     tmpfs; what lies in the page cache        everything else
 *   lend     tmpfs; what lies in the page cache        never
 *   write    local file, no FUA; tmpfs                 block device, network, O_DIRECT, FUA
 *   flush    tmpfs                                     everything else
 *
 * The kernel hands a buffered write that came through the ring to a thread of its own, which costs
 * twice the CPU of doing it at once; but a write on the spot that has to wait makes everybody wait.
 * So the way is a policy per leg, `inline` only where nothing but memory is expected to be waited for.
 * Of those, all legs but one may know what their writes cost (write-cost.ts): what is worth it is done
 * aside, by the kernel's thread, while the last leg's write is done on the spot.
 *
 * Past the page cache (direct-access.ts) nothing goes through it, whatever its bytes.
 *
 * A request that hangs keeps a kernel thread for as long as it hangs. Each device has room for
 * `IN_FLIGHT_MAX` of them and no more, the rest stands in line, so that the other devices go on.
 */
import os from 'node:os';
import { broken, invariant } from '../errors/invariant.ts';
import type { DirectAccess } from './direct-access.ts';
import { changeCacheLater } from './file-calls.ts';
import { ioError, ioErrorOfErrno } from './io-error.ts';
import type { IoUring } from './io-uring.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { Done, IoError } from './leg-io.ts';
import type { NativeMemory, NativeSlot } from './native-memory.ts';
import type { OpenDevice } from './open-device.ts';
import { PagePipe } from './page-pipe.ts';
import { PoolLane } from './pool-lane.ts';
import type { Manner, Range, TransferDevice } from './ring-transfer.ts';
import { Transfer } from './ring-transfer.ts';
import { readUneven, writeUneven } from './uneven-transfer.ts';
import type { WriteCost } from './write-cost.ts';
import type { Zeroing } from './zero-range.ts';
import { zeroingThroughCache } from './zero-range.ts';

export type RingWritePolicy = 'inline' | 'ring';

/** More at once gain nothing, and each may occupy a thread of the kernel. */
export const IN_FLIGHT_MAX = 64;
/** A disk should not wait until all that a client has sent at once is prepared. */
const SUBMITTED_TOGETHER = 4;
const RWF_DSYNC = 2;
const RWF_NOWAIT = 8;
/** { address, length } of a vector, or { position, length } of a range of the cache. */
const PAIR_BYTES = 16;
/** What the kernel counts in such a range: u64 each, first the pages that are cached. */
const COUNTS_BYTES = 40;
const PAGE_BYTES = 4096;
/** Copying more than this on the spot would keep every other client waiting. */
const READ_NOW_BYTES_MAX = 1024 * 1024;
const ZEROES_BYTES_MAX = 1024 * 1024;
const AT_ONCE: Manner = { flags: 0, aside: false };
const ASIDE: Manner = { flags: 0, aside: true };
const DURABLE: Manner = { flags: RWF_DSYNC, aside: false };
const { EINTR } = os.constants.errno;

export class RingDevice implements TransferDevice {
  readonly ring: IoUring;
  readonly idle: Transfer[] = [];
  readonly path: string;
  readonly #calls: RingCalls;
  readonly memory: NativeMemory;
  readonly blockBytes: number;
  readonly #device: OpenDevice;
  readonly #fd: number;
  readonly #direct: DirectAccess | null;
  readonly #writesNow: boolean;
  readonly #readsNow: boolean;
  readonly #cost: WriteCost | null;
  readonly #lane = new PoolLane(IN_FLIGHT_MAX);
  readonly #pair: NativeSlot;
  readonly #pairView: DataView;
  /** In the ring. */
  #readsUnderWay = 0;

  constructor(
    parts: { ring: IoUring; calls: RingCalls; memory: NativeMemory },
    device: OpenDevice,
    manner: {
      readonly policy: RingWritePolicy | null;
      /** Null: through the page cache. */
      readonly direct: DirectAccess | null;
      /** Null: what can be done on the spot is done there. */
      readonly cost: WriteCost | null;
    },
  ) {
    const { traits, nowaitReads } = device;
    this.ring = parts.ring;
    this.#calls = parts.calls;
    this.memory = parts.memory;
    this.#device = device;
    this.path = device.path;
    this.#fd = device.fd;
    this.#direct = manner.direct;
    this.blockBytes = manner.direct?.blockBytes ?? 1;
    const direct = manner.direct !== null;
    const local = manner.policy === null ? !traits.mayStall : manner.policy === 'inline';
    this.#writesNow = local && !direct;
    this.#cost = manner.policy === null ? manner.cost : null;
    this.#readsNow = (traits.inMemory || nowaitReads) && !direct;
    const bytes = PAIR_BYTES + COUNTS_BYTES;
    this.#pair = parts.memory.take(bytes);
    const { buffer, byteOffset } = this.#pair.data(bytes);
    this.#pairView = new DataView(buffer, byteOffset, bytes);
  }

  /** `into` is a view of native memory. */
  read(into: Uint8Array, position: number, done: Done): void {
    const address = this.#addressOf(into);
    const { length } = into;
    if (this.#direct !== null && !takes(this.#direct, { address, length, position })) {
      readUneven(this, into, position, done);
      return;
    }
    const got = this.#readsNow ? this.#readNow(address, length, position) : 0;
    if (got === length) {
      done(null);
      return;
    }
    const range = { address: address + got, length: length - got, position: position + got };
    this.#readsUnderWay += 1;
    this.#begin('read', range, AT_ONCE, (error) => {
      this.#readsUnderWay -= 1;
      done(error);
    });
  }

  lend(pipe: PagePipe, position: number, length: number): boolean {
    return (
      PagePipe.fits(position, length) &&
      this.#isAtHand(position, length) &&
      pipe.fill(this.#fd, position, length)
    );
  }

  /** `from` is a view of native memory. */
  write(from: Uint8Array, position: number, fua: boolean, done: Done): void {
    const { traits, durableFd } = this.#device;
    if (durableFd < 0) broken(`${this.path} is open for reading only`);
    const address = this.#addressOf(from);
    const range = { address, length: from.length, position };
    if (this.#direct !== null && !takes(this.#direct, range)) {
      writeUneven(this, from, position, fua, done);
    } else if (!this.#writesNow || (fua && !traits.inMemory)) {
      this.#begin('write', range, fua ? DURABLE : AT_ONCE, done);
    } else if (this.#cost?.isWorthAnother(range.length) === true) {
      this.#begin('write', range, ASIDE, done);
    } else
      done(this.#cost === null ? this.#writeNow(range) : this.#writeMeasured(range, this.#cost));
  }

  flush(done: Done): void {
    if (this.#device.traits.inMemory) {
      done(null);
      return;
    }
    const ended = (error: IoError | null) => {
      if (error === null) return done(null);
      // Linux calls the pages clean that it could not write, and would go on showing them.
      changeCacheLater(this.#fd, 'forget', 0, 0, () => done(error));
    };
    this.#lane.enter(() => this.#transfer().beginFlush(this.#fd, ended));
  }

  get isDirect(): boolean {
    return this.#direct !== null;
  }

  get zeroing(): Zeroing {
    if (this.#direct === null) return zeroingThroughCache(this.#device);
    return {
      grainBytes: this.#direct.allocationBytes,
      write: (range, ended) => this.#writeZeroes(range, ended),
    };
  }

  ended(): void {
    this.#lane.leave();
  }

  #begin(verb: 'read' | 'write', range: Range, manner: Manner, done: Done): void {
    const fd = this.#direct?.fd ?? this.#fd;
    this.#lane.enter(() => this.#transfer().begin(verb, fd, range, manner, done));
    if (manner.aside || this.ring.prepared >= SUBMITTED_TOGETHER) this.ring.enter(0);
  }

  #transfer(): Transfer {
    return this.idle.pop() ?? new Transfer(this);
  }

  #addressOf(bytes: Uint8Array): number {
    const address = this.memory.addressOf(bytes);
    invariant(address !== null, 'what goes through the ring lies in native memory');
    return address;
  }

  /** How many bytes were there at once. Why not all of them, the ring finds out and says. */
  #readNow(address: number, length: number, position: number): number {
    if (length > READ_NOW_BYTES_MAX) return 0;
    if (this.#device.traits.inMemory) {
      return Math.max(0, this.#calls.read(this.#fd, address, length, position));
    }
    const vector = this.#putPair(address, length);
    return Math.max(0, this.#calls.readVector(this.#fd, vector, 1, position, RWF_NOWAIT));
  }

  /**
   * To take pages that are not in the cache would have everybody wait for the disk. Those that are may be
   * on their way from it: hardly while no read is under way, and whoever reads ahead brings them in order,
   * so the first and the last tell.
   */
  #isAtHand(position: number, length: number): boolean {
    if (!this.#readsNow || this.#device.traits.inMemory) return this.#readsNow;
    return (
      this.#readsUnderWay === 0 &&
      this.#cachedBytes(position, length) >= length &&
      this.#isRead(position) &&
      this.#isRead(position + length - 1)
    );
  }

  #cachedBytes(position: number, length: number): number {
    const range = this.#putPair(position, length);
    if (this.#calls.cacheStat(this.#fd, range, range + PAIR_BYTES) < 0) return 0;
    return Number(this.#pairView.getBigUint64(PAIR_BYTES, true)) * PAGE_BYTES;
  }

  /** The byte at `position` is there without waiting. */
  #isRead(position: number): boolean {
    const vector = this.#putPair(this.#pair.address + PAIR_BYTES, 1);
    return this.#calls.readVector(this.#fd, vector, 1, position, RWF_NOWAIT) === 1;
  }

  /** Where two numbers lie for a system call, and room for its answer behind them. */
  #putPair(first: number, second: number): number {
    this.#pairView.setBigUint64(0, BigInt(first), true);
    this.#pairView.setBigUint64(8, BigInt(second), true);
    return this.#pair.address;
  }

  #writeZeroes({ start, end }: { start: number; end: number }, done: Done): void {
    const length = Math.min(end - start, ZEROES_BYTES_MAX);
    if (length === 0) {
      done(null);
      return;
    }
    const slot = this.memory.take(length);
    this.write(slot.data(length).fill(0), start, false, (error) => {
      slot.release();
      if (error !== null) done(error);
      else this.#writeZeroes({ start: start + length, end }, done);
    });
  }

  #writeMeasured(range: Range, cost: WriteCost): IoError | null {
    const from = performance.now();
    const error = this.#writeNow(range);
    cost.took(range.length, performance.now() - from);
    return error;
  }

  /** Null when all of it is written. */
  #writeNow({ address: start, length, position }: Range): IoError | null {
    for (let written = 0; written < length; ) {
      const count = this.#calls.write(
        this.#fd,
        start + written,
        length - written,
        position + written,
      );
      if (count === -EINTR) continue;
      if (count <= 0) return this.#writeFault(count, position + written);
      written += count;
    }
    return null;
  }

  #writeFault(count: number, position: number): IoError {
    const attempt = `${this.path}: write at byte ${position}`;
    return count < 0 ? ioErrorOfErrno(count, attempt) : ioError('EIO', `${attempt}: took nothing`);
  }
}

/** Whole blocks, from and to where one could begin. */
function takes({ blockBytes, memoryBytes }: DirectAccess, range: Range): boolean {
  const { address, length, position } = range;
  return length % blockBytes === 0 && position % blockBytes === 0 && address % memoryBytes === 0;
}
