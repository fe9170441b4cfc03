/**
 * Pages of a file on their way to a socket, in a pipe, so that nobody but the receiver copies them:
 *
 *   leg's page cache ──fill──▶ pipe ──drain──▶ socket        splice(2): both hand over pages, not bytes
 *                                └──release──▶ the next read
 *
 * The pages are the file's own. What is written to them before the client has received them it gets new,
 * as from a read that was under way at the same time, which it is.
 *
 * A pipe is filled once, with so many bytes of whole pages, then drained, then released. One that is
 * released with something in it is closed, and another takes its place.
 */
import fs from 'node:fs';
import { invariant } from '../errors/invariant.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { NativeMemory } from './native-memory.ts';

/** What a pipe may hold where nobody has set another limit (/proc/sys/fs/pipe-max-size). */
export const PIPE_BYTES = 1024 * 1024;
/** Half of what Linux allows a user; each has two descriptors, and whoever finds none left copies. */
const PIPES_MAX = 32;
/** Pages take system calls of their own, more than it costs to copy less. */
const LENT_BYTES_MIN = 16 * 1024;
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

  static fits(position: number, length: number): boolean {
    return position % PAGE_BYTES === 0 && length % PAGE_BYTES === 0 && length <= PIPE_BYTES;
  }

  /** Waits for what is not in the page cache. False: it is of no use any more, but to be released. */
  fill(fd: number, position: number, length: number): boolean {
    if (this.#left > 0) return false;
    invariant(PagePipe.fits(position, length), 'a pipe takes whole pages, as many as it holds');
    while (this.#left < length) {
      const at = this.#pipes.offsetAddress(position + this.#left);
      const count = this.#calls.splice(fd, at, this.#writeFd, length - this.#left, HOW);
      if (count <= 0) break;
      this.#left += count;
    }
    if (this.#left === length) this.length = length;
    return this.length > 0;
  }

  /** What it was filled with is not to be sent. */
  spoil(): void {
    this.length = 0;
  }

  /** To a socket that does not wait: how many bytes it took, or the negative errno. */
  drain(socket: number): number {
    const count = this.#calls.splice(this.#readFd, 0, socket, this.#left, HOW);
    this.#left -= Math.max(0, count);
    return count;
  }

  release(): void {
    this.length = 0;
    this.#pipes.released(this, this.#left === 0);
  }

  close(): void {
    fs.closeSync(this.#readFd);
    fs.closeSync(this.#writeFd);
  }
}

export class PagePipes {
  readonly #calls: RingCalls;
  readonly #offset: DataView;
  readonly #offsetAddress: number;
  readonly #idle: PagePipe[] = [];
  #made = 0;
  /** The kernel allows no more, or none so large. */
  #isRefused = false;
  #isClosed = false;

  constructor(calls: RingCalls, memory: NativeMemory) {
    this.#calls = calls;
    const slot = memory.take(OFFSET_BYTES);
    const { buffer, byteOffset } = slot.data(OFFSET_BYTES);
    this.#offset = new DataView(buffer, byteOffset, OFFSET_BYTES);
    this.#offsetAddress = slot.address;
  }

  /** An empty one for so many bytes; null: there is none, or they are not worth it. */
  take(length: number): PagePipe | null {
    if (length < LENT_BYTES_MIN || length > PIPE_BYTES) return null;
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    return this.#made < PIPES_MAX && !this.#isRefused ? this.#make() : null;
  }

  released(pipe: PagePipe, isEmpty: boolean): void {
    if (isEmpty && !this.#isClosed) this.#idle.push(pipe);
    else this.#close(pipe);
  }

  /** Nobody needs one for now. */
  closeIdle(): void {
    for (const pipe of this.#idle.splice(0)) this.#close(pipe);
    this.#isRefused = false;
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

  #make(): PagePipe | null {
    const ends = new Int32Array(2);
    this.#isRefused = this.#calls.pipe(ends) < 0;
    if (this.#isRefused) return null;
    const [readFd = -1, writeFd = -1] = ends;
    const pipe = new PagePipe(this, this.#calls, readFd, writeFd);
    this.#made += 1;
    this.#isRefused = this.#calls.resizePipe(readFd, PIPE_BYTES) < PIPE_BYTES;
    if (!this.#isRefused) return pipe;
    this.#close(pipe);
    return null;
  }

  #close(pipe: PagePipe): void {
    pipe.close();
    this.#made -= 1;
  }
}
