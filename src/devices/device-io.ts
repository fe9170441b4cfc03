/**
 * The verbs of leg-io.ts on one open device, with offsets into the device. Two ways lead to it:
 *
 *            on this thread, at once                  in libuv's pool, through the device's lane
 *   read     small and in the page cache; tmpfs       everything else
 *   write    local file, no FUA; tmpfs                block device, network, FUA
 *   flush    tmpfs                                    everything else
 *   zero                                              always
 *
 * A buffered write to a local file is a copy into the page cache; a trip through the pool would cost
 * ten times as much. It can still wait (for memory, for the journal), so the way is a policy per leg.
 * Nothing is durable in tmpfs, so there a flush is a formality and waits for nobody.
 *
 * FUA is the same write on the descriptor that was opened with O_DSYNC: the kernel treats the two
 * alike, and it takes one trip through the pool instead of two.
 */
import fs from 'node:fs';
import { invariant } from '../errors/invariant.ts';
import { allocationRuns } from './allocation-runs.ts';
import { changeCacheLater, preadCached, preadNow, pwriteNow } from './file-calls.ts';
import { ioError, ioErrorOfCause, ioErrorOfErrno } from './io-error.ts';
import type { AllocationRun, Done, IoError, ZeroManner } from './leg-io.ts';
import type { OpenDevice } from './open-device.ts';
import type { PoolLane } from './pool-lane.ts';
import type { Zeroing } from './zero-range.ts';
import { zeroingThroughCache, zeroRange } from './zero-range.ts';

export type WritePolicy = 'inline' | 'pool';

/** Copying more than this at once would keep every other client waiting. */
const READ_NOW_BYTES_MAX = 256 * 1024;

type Ended = (error: IoError | null) => void;

export class DeviceIo {
  readonly device: OpenDevice;
  readonly #lane: PoolLane;
  readonly #zeroing: Zeroing;
  readonly #writesNow: boolean;
  readonly #readsNow: boolean;

  /** Without a `policy` the kind of device decides. */
  constructor(
    device: OpenDevice,
    lane: PoolLane,
    policy: WritePolicy | null,
    zeroing = zeroingThroughCache(device),
  ) {
    const { traits, nowaitReads } = device;
    this.device = device;
    this.#lane = lane;
    this.#zeroing = zeroing;
    this.#writesNow = policy === null ? !traits.mayStall : policy === 'inline';
    this.#readsNow = traits.inMemory || nowaitReads;
  }

  read(into: Uint8Array, position: number, done: Done): void {
    const got = this.#readNow(into, position);
    if (got === into.length) done(null);
    else this.#readLater(into.subarray(got), position + got, done);
  }

  write(pieces: readonly Uint8Array[], position: number, fua: boolean, done: Done): void {
    const now = this.#writesNow && (!fua || this.device.traits.inMemory);
    if (now) done(this.#writeNow(pieces, position));
    else this.#writeLater(pieces, position, fua, done);
  }

  /** The range reads as zeroes afterwards. */
  zero(position: number, length: number, manner: ZeroManner, done: Done): void {
    this.#inPool((ended) => {
      zeroRange(this.device, this.#zeroing, position, length, manner, (error) => {
        if (error !== null || !manner.fua) return ended(error);
        this.#sync(ended);
      });
    }, done);
  }

  flush(done: Done): void {
    if (this.device.traits.inMemory) done(null);
    else this.#inPool((ended) => this.#sync(ended), done);
  }

  prefetch(position: number, length: number): void {
    const { fd } = this.device;
    this.#inPool(
      (ended) => changeCacheLater(fd, 'readAhead', position, length, () => ended(null)),
      () => {},
    );
  }

  allocation(position: number, length: number, runsMax: number): AllocationRun[] {
    return allocationRuns(this.device.fd, position, length, runsMax);
  }

  /** How many bytes were there at once. Why not all of them, the pool finds out and says. */
  #readNow(into: Uint8Array, position: number): number {
    if (!this.#readsNow || into.length > READ_NOW_BYTES_MAX) return 0;
    const { fd, traits } = this.device;
    const read = traits.inMemory ? preadNow : preadCached;
    return Math.max(0, read(fd, into, position));
  }

  /** Null when every piece is written. */
  #writeNow(pieces: readonly Uint8Array[], start: number): IoError | null {
    const { fd } = this.device;
    let position = start;
    for (const piece of pieces) {
      let rest = piece;
      while (rest.length > 0) {
        const count = pwriteNow(fd, rest, position);
        if (count <= 0) return this.#writeFault(count, position);
        position += count;
        if (count === rest.length) break;
        rest = rest.subarray(count);
      }
    }
    return null;
  }

  #writeFault(count: number, position: number): IoError {
    const attempt = `${this.device.path}: write at byte ${position}`;
    return count < 0 ? ioErrorOfErrno(count, attempt) : ioError('EIO', `${attempt}: took nothing`);
  }

  /** Everything that goes through the pool: takes a place in the lane, and leaves it at the end. */
  #inPool(start: (ended: Ended) => void, done: Done): void {
    const ended = (error: IoError | null) => {
      this.#lane.leave();
      done(error);
    };
    this.#lane.enter(() => start(ended));
  }

  #readLater(into: Uint8Array, position: number, done: Done): void {
    this.#inPool((ended) => this.#readAll(into, position, ended), done);
  }

  #writeLater(pieces: readonly Uint8Array[], position: number, fua: boolean, done: Done): void {
    const { fd, durableFd, path } = this.device;
    invariant(durableFd >= 0, `${path} is open for reading only`);
    this.#inPool((ended) => this.#writeAll(fua ? durableFd : fd, pieces, position, ended), done);
  }

  #readAll(into: Uint8Array, position: number, ended: Ended): void {
    const { fd, path } = this.device;
    fs.read(fd, into, 0, into.length, position, (cause, count) => {
      const attempt = `${path}: read at byte ${position}`;
      if (cause !== null) return ended(ioErrorOfCause(cause, attempt));
      if (count === into.length) return ended(null);
      if (count === 0) return ended(ioError('EIO', `${attempt}: the device ends there`));
      this.#readAll(into.subarray(count), position + count, ended);
    });
  }

  #writeAll(fd: number, pieces: readonly Uint8Array[], position: number, ended: Ended): void {
    fs.writev(fd, pieces, position, (cause, count) => {
      const attempt = `${this.device.path}: write at byte ${position}`;
      if (cause !== null) return ended(ioErrorOfCause(cause, attempt));
      const rest = piecesAfter(pieces, count);
      if (rest.length === 0) return ended(null);
      if (count === 0) return ended(this.#writeFault(0, position));
      this.#writeAll(fd, rest, position + count, ended);
    });
  }

  #sync(ended: Ended): void {
    const { fd, path } = this.device;
    fs.fdatasync(fd, (cause) => {
      if (cause === null) return ended(null);
      // Linux calls the pages clean that it could not write, and would go on showing them.
      changeCacheLater(fd, 'forget', 0, 0, () => ended(ioErrorOfCause(cause, `${path}: flush`)));
    });
  }
}

/** What is left of `pieces` after `count` bytes; empty pieces are dropped. */
function piecesAfter(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let toSkip = count;
  for (const piece of pieces) {
    if (toSkip < piece.length) rest.push(toSkip === 0 ? piece : piece.subarray(toSkip));
    toSkip = Math.max(0, toSkip - piece.length);
  }
  return rest;
}
