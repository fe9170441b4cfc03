/**
 * Shares one thread between an io_uring and Node's own event loop. Whoever has nothing to do lets the
 * other one wait, and is woken by it:
 *
 *   ┌─▶ enter: submit, wait ─▶ reap completions ─▶ what they asked for `soon` ─┐
 *   └───────────────────────────── ring ◀──────────────────────────────────────┘
 *        │ the descriptor Node waits on is readable, or a time is due
 *        ▼
 *   setImmediate ─▶ timers, messages, sockets, promises ─▶ setImmediate ─▶ back to the ring
 *
 * The wait is in the ring, because that is where a hundred thousand requests a second come from. Node's
 * loop waits on one epoll descriptor; the ring polls that like any other file, so a message from the
 * main thread, an answer from the thread pool or a request to terminate ends the wait at once, and
 * everything written for Node works unchanged. Node's timers are not in that descriptor: who sets
 * one says so with `visitWithin`, and at the latest every `VISIT_MS_MAX` Node gets its turn anyway.
 *
 * Node registers new descriptors only when it waits, hence two rounds of Node's loop at each visit:
 * the first may ask for something, the second lets the kernel know.
 */
import { availableParallelism } from 'node:os';
import { invariant } from '../errors/invariant.ts';
import { BriefWait, LOOK_MS_MAX } from './brief-wait.ts';
import type { IoUring } from './io-uring.ts';
import { OPERATION } from './io-uring.ts';
import type { RingCalls } from './io-uring-calls.ts';
import type { NativeMemory, NativeSlot } from './native-memory.ts';

const VISIT_MS_MAX = 100;
const POLLIN = 1;

export class RingLoop {
  readonly ring: IoUring;
  readonly #calls: RingCalls;
  readonly #libuvFd: number;
  readonly #timespec: NativeSlot;
  readonly #timespecWords: Int32Array;
  readonly #libuvReadable: number;
  readonly #timeIsDue: number;
  #polling = false;
  #visitDue = false;
  #visitAt = 0;
  #timeoutAt = Number.POSITIVE_INFINITY;
  #roundBegan = 0;
  readonly #briefWait = new BriefWait(availableParallelism());
  #soon: (() => void)[] = [];
  #running = false;

  constructor(ring: IoUring, calls: RingCalls, memory: NativeMemory) {
    this.ring = ring;
    this.#calls = calls;
    this.#libuvFd = calls.loopDescriptor();
    invariant(this.#libuvFd >= 0, 'Node has a loop');
    this.#timespec = memory.take(16);
    const { buffer, byteOffset } = this.#timespec.data(16);
    this.#timespecWords = new Int32Array(buffer, byteOffset, 4).fill(0);
    this.#libuvReadable = ring.enlist({ completed: () => this.#visit('poll') });
    this.#timeIsDue = ring.enlist({ completed: () => this.#visit('timeout') });
  }

  /** From now on the thread waits in the ring. */
  start(): void {
    this.#running = true;
    this.#visitWithinMax();
    setImmediate(() => this.#round());
  }

  /** Node's loop is left alone again; what is in flight in the ring has ended or will not be heard. */
  stop(): void {
    this.#running = false;
    this.#visitDue = true;
  }

  /** Node's timers have one that is due in `delayMs`. */
  visitWithin(delayMs: number): void {
    const at = performance.now() + delayMs + 1;
    if (at < this.#visitAt) this.#visitAt = at;
  }

  /** Somebody who heard of a completion has resolved a promise: what waits for it is Node's to run. */
  visitNow(): void {
    this.#visitDue = true;
  }

  /** After the completions that are being handed out, and before the next wait. */
  soon(work: () => void): void {
    this.#soon.push(work);
  }

  #round(): void {
    if (!this.#running) return;
    this.#visitDue = false;
    // What Node was visited for is no client that sends its next request at once: nothing to look for.
    this.#roundBegan = Number.NEGATIVE_INFINITY;
    if (!this.#polling) {
      this.#polling = true;
      this.ring.put(OPERATION.POLL_ADD, this.#libuvFd, 0, 0, 0, POLLIN, this.#libuvReadable);
    }
    this.#work();
    while (!this.#visitDue) {
      this.#armTimeout();
      this.#wait();
      this.ring.reap();
      this.#work();
    }
    if (!this.#running) return;
    this.#visitWithinMax();
    setImmediate(() => setImmediate(() => this.#round()));
  }

  /** Submits, and returns when a completion is there. */
  #wait(): void {
    const from = performance.now();
    const looks = this.#briefWait.isWorthwhile(from - this.#roundBegan);
    if (!looks || !this.#look(from + LOOK_MS_MAX)) this.ring.enter(1);
    this.#roundBegan = performance.now();
  }

  #look(until: number): boolean {
    const { ring } = this;
    ring.enter(0);
    while (!ring.hasCompletions && performance.now() < until) {
      this.#calls.giveWay();
      ring.enter(0);
    }
    this.#briefWait.looked(ring.hasCompletions);
    return ring.hasCompletions;
  }

  #work(): void {
    while (this.#soon.length > 0) {
      const soon = this.#soon;
      this.#soon = [];
      for (const work of soon) work();
    }
  }

  #visit(because: 'poll' | 'timeout'): void {
    if (because === 'poll') this.#polling = false;
    else this.#timeoutAt = Number.POSITIVE_INFINITY;
    this.#visitDue = true;
  }

  #visitWithinMax(): void {
    this.#visitAt = performance.now() + VISIT_MS_MAX;
  }

  /** One timeout under way at a time is enough, unless it would come too late. */
  #armTimeout(): void {
    if (this.#visitAt >= this.#timeoutAt) return;
    this.#timeoutAt = this.#visitAt;
    const nanoseconds = Math.max(0, this.#visitAt - performance.now()) * 1e6;
    this.#timespecWords[0] = Math.floor(nanoseconds / 1e9);
    this.#timespecWords[2] = nanoseconds % 1e9;
    this.ring.put(OPERATION.TIMEOUT, -1, 0, this.#timespec.address, 1, 0, this.#timeIsDue);
  }
}
