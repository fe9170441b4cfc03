/**
 * Pages of a file on their way to a socket, in a pipe, so that nobody but the receiver copies them:
 *
 *   leg's page cache ──fill──▶ pipe ──drain──▶ socket        splice(2): both hand over pages, not bytes
 *                                └──release──▶ the next read
 *
 * The pages are the file's own. What is written to them before the client has received them it gets new,
 * as from a read that was under way at the same time, which it is.
 *
 * A pipe holds so many bytes of whole pages, or nothing: it is filled once, then drained, then released.
 */
import fs from 'node:fs';
import { invariant } from '../errors/invariant.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { NativeMemory } from './native-memory.ts';

/** What a pipe may hold where nobody has set another limit (/proc/sys/fs/pipe-max-size). */
export const PIPE_BYTES = 1024 * 1024;
/** Each has two descriptors; whoever finds none left copies. */
const PIPES_MAX = 64;
const PAGE_BYTES = 4096;
const OFFSET_BYTES = 8;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const HOW = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

export class PagePipe {
  /** Bytes it was filled with; 0: it was not. */
  length = 0;
  readonly #pipes: PagePipes;
  readonly #calls: RingCalls;
  readonly #readFd: number;
  readonly #writeFd: number;
  #left = 0;

  constructor(pipes: PagePipes, calls: RingCalls, readFd: number, writeFd: number) {
    this.#pipes = pipes;
    this.#calls = calls;
    this.#readFd = readFd;
    this.#writeFd = writeFd;
  }

  /** Without waiting for the disk only where the file is in memory. False: it is as empty as it was. */
  fill(fd: number, position: number, length: number): boolean {
    invariant(this.length === 0, 'a pipe is filled once');
    const isWhole = position % PAGE_BYTES === 0 && length % PAGE_BYTES === 0;
    if (!isWhole || length > PIPE_BYTES) return false;
    while (this.#left < length) {
      const at = this.#pipes.offsetAddress(position + this.#left);
      const count = this.#calls.splice(fd, at, this.#writeFd, length - this.#left, HOW);
      if (count <= 0) break;
      this.#left += count;
    }
    if (this.#left === length) this.length = length;
    else this.#empty();
    return this.length > 0;
  }

  /** To a socket that does not wait: how many bytes it took, or the negative errno. */
  drain(socket: number): number {
    const count = this.#calls.splice(this.#readFd, 0, socket, this.#left, HOW);
    this.#left -= Math.max(0, count);
    return count;
  }

  /** What is still in it is let go. */
  release(): void {
    if (this.#left > 0) this.#empty();
    this.length = 0;
    this.#pipes.released(this);
  }

  close(): void {
    fs.closeSync(this.#readFd);
    fs.closeSync(this.#writeFd);
  }

  #empty(): void {
    this.#left -= this.#pipes.discard(this.#readFd, this.#left);
    invariant(this.#left === 0, 'what is in a pipe can be read');
  }
}

export class PagePipes {
  readonly #calls: RingCalls;
  readonly #memory: NativeMemory;
  readonly #offset: DataView;
  readonly #offsetAddress: number;
  readonly #idle: PagePipe[] = [];
  #made = 0;
  #isClosed = false;

  constructor(calls: RingCalls, memory: NativeMemory) {
    this.#calls = calls;
    this.#memory = memory;
    const slot = memory.take(OFFSET_BYTES);
    const { buffer, byteOffset } = slot.data(OFFSET_BYTES);
    this.#offset = new DataView(buffer, byteOffset, OFFSET_BYTES);
    this.#offsetAddress = slot.address;
  }

  /** An empty one; null: there is none, for now or for ever. */
  take(): PagePipe | null {
    return this.#idle.pop() ?? (this.#made < PIPES_MAX ? this.#make() : null);
  }

  released(pipe: PagePipe): void {
    if (this.#isClosed) pipe.close();
    else this.#idle.push(pipe);
  }

  /** Nobody needs one for now. */
  closeIdle(): void {
    for (const pipe of this.#idle.splice(0)) {
      pipe.close();
      this.#made -= 1;
    }
  }

  /** Those that are taken close when they are released. */
  close(): void {
    this.#isClosed = true;
    this.closeIdle();
  }

  /** Where `position` is, for as long as nobody asks again. */
  offsetAddress(position: number): number {
    this.#offset.setBigInt64(0, BigInt(position), true);
    return this.#offsetAddress;
  }

  discard(fd: number, bytes: number): number {
    const slot = this.#memory.take(bytes);
    const count = fs.readSync(fd, slot.data(bytes));
    slot.release();
    return count;
  }

  /** A kernel that allows none, or none so large, is not asked again. */
  #make(): PagePipe | null {
    const ends = new Int32Array(2);
    const [readFd = -1, writeFd = -1] = this.#calls.pipe(ends) < 0 ? [] : ends;
    if (readFd < 0) {
      this.#made = PIPES_MAX;
      return null;
    }
    const pipe = new PagePipe(this, this.#calls, readFd, writeFd);
    if (this.#calls.resizePipe(readFd, PIPE_BYTES) < PIPE_BYTES) {
      pipe.close();
      this.#made = PIPES_MAX;
      return null;
    }
    this.#made += 1;
    return pipe;
  }
}
