/**
 * One io_uring: requests go in, completions come out, one system call moves both.
 *
 *   prepare ─▶ │ submission entries │ ──enter──▶ kernel ─▶ │ completion entries │ ─▶ reap
 *              64 bytes each, i32 words              16 bytes each: who, result, flags
 *
 *   word of a submission entry   0 opcode, flags   1 fd   2-3 offset   4-5 address   6 length
 *                                7 flags of the operation   8-9 who   10-15 zero
 *
 * `who` is the place of a `Completion` in a table; things that live long keep theirs, so that a
 * request allocates nothing. Every entry prepared ends in exactly one call of `completed`.
 *
 * The ring belongs to the thread that made it, and the kernel runs its work only inside `enter`
 * (SINGLE_ISSUER, DEFER_TASKRUN: Linux 6.1), so nothing interrupts JavaScript. Memory given to an
 * entry stays where it is until its completion: native-memory.ts never unmaps.
 *
 * Source: io_uring_setup(2), io_uring_enter(2), Linux UAPI io_uring.h.
 */
import fs from 'node:fs';
import os from 'node:os';
import { invariant } from '../errors/invariant.ts';
import type { RingCalls } from './io-uring-calls.ts';

export const OPERATION = {
  FSYNC: 3,
  POLL_ADD: 6,
  SENDMSG: 9,
  TIMEOUT: 11,
  ASYNC_CANCEL: 14,
  READ: 22,
  WRITE: 23,
  RECV: 27,
} as const;

/** Beside an operation: a thread of the kernel does it from the start. */
export const BY_KERNEL_THREAD = 1 << 12; // IOSQE_ASYNC, bit 4 of the flags in the second byte

/** Whom a completion is for. */
export interface Completion {
  /** A count, or the negative errno. */
  completed(result: number): void;
}

/** What goes into a submission entry; zero unless it means something. */
export interface Entry {
  readonly operation: number;
  readonly fd: number;
  readonly offset: number;
  readonly address: number;
  readonly length: number;
  readonly flags: number;
}

const SETUP_CQSIZE = 1 << 3;
const SETUP_SUBMIT_ALL = 1 << 7;
const SETUP_SINGLE_ISSUER = 1 << 12;
const SETUP_DEFER_TASKRUN = 1 << 13;
const ENTER_GETEVENTS = 1 << 0;
const ENTER_REGISTERED_RING = 1 << 4;
const REGISTER_IOWQ_MAX_WORKERS = 19;
const REGISTER_RING_FDS = 20;
const FEATURE_SINGLE_MMAP = 1 << 0;
const FEATURE_NODROP = 1 << 1;
const OFFSET_OF_SUBMISSIONS = 0x10000000;

const PARAMETER_BYTES = 120;
const SUBMISSION_WORDS = 16;
const COMPLETION_WORDS = 4;
const { EINTR, EAGAIN, EBUSY } = os.constants.errno;

export class IoUring {
  readonly #calls: RingCalls;
  readonly #fd: number;
  #enterFd: number;
  #enterFlags = ENTER_GETEVENTS;
  /** Both queues' heads, tails and completions. */
  readonly #words: Int32Array;
  readonly #submissions: Int32Array;
  readonly #submissionMask: number;
  readonly #submissionTailAt: number;
  readonly #completionMask: number;
  readonly #completionHeadAt: number;
  readonly #completionTailAt: number;
  readonly #completionsAt: number;
  #tail: number;
  #prepared = 0;
  readonly #whos: (Completion | null)[] = [];
  readonly #freeWhos: number[] = [];

  private constructor(calls: RingCalls, fd: number, parameters: DataView) {
    this.#calls = calls;
    this.#fd = fd;
    this.#enterFd = fd;
    const word = (byte: number) => parameters.getUint32(byte, true);
    const submissionCount = word(0);
    const completionCount = word(4);
    // struct io_sqring_offsets at byte 40, struct io_cqring_offsets at byte 80.
    const arrayAt = word(40 + 24);
    const completionsAt = word(80 + 20);
    const bytes = Math.max(arrayAt + submissionCount * 4, completionsAt + completionCount * 16);
    this.#words = new Int32Array(mapped(calls, bytes, fd, 0));
    const submissionBytes = submissionCount * SUBMISSION_WORDS * 4;
    this.#submissions = new Int32Array(mapped(calls, submissionBytes, fd, OFFSET_OF_SUBMISSIONS));
    this.#submissionMask = submissionCount - 1;
    this.#submissionTailAt = word(40 + 4) >> 2;
    this.#completionMask = completionCount - 1;
    this.#completionHeadAt = word(80) >> 2;
    this.#completionTailAt = word(80 + 4) >> 2;
    this.#completionsAt = completionsAt >> 2;
    // The kernel takes entries by way of an array; here it always is entry i for place i.
    for (let place = 0; place < submissionCount; place += 1) {
      this.#words[(arrayAt >> 2) + place] = place;
    }
    this.#tail = this.#words[this.#submissionTailAt] ?? 0;
  }

  /** The ring, or the negative errno of a kernel that has none for us. */
  static open(calls: RingCalls, entries: number): IoUring | number {
    const parameters = new Uint8Array(PARAMETER_BYTES);
    const view = new DataView(parameters.buffer);
    const flags = SETUP_CQSIZE | SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN;
    view.setUint32(4, entries * 4, true);
    view.setUint32(8, flags, true);
    const fd = calls.setup(entries, parameters);
    if (fd < 0) return fd;
    const features = view.getUint32(20, true);
    const needed = FEATURE_SINGLE_MMAP | FEATURE_NODROP;
    invariant((features & needed) === needed, 'a kernel with DEFER_TASKRUN has these features');
    const ring = new IoUring(calls, fd, view);
    ring.#registerItself();
    return ring;
  }

  /** Keeps a place for `who` until `dismiss`. */
  enlist(who: Completion): number {
    const place = this.#freeWhos.pop() ?? this.#whos.length;
    this.#whos[place] = who;
    return place;
  }

  dismiss(place: number): void {
    this.#whos[place] = null;
    this.#freeWhos.push(place);
  }

  /** To be submitted with the next `enter`. */
  prepare(entry: Entry, who: number): void {
    this.put(
      entry.operation,
      entry.fd,
      entry.offset,
      entry.address,
      entry.length,
      entry.flags,
      who,
    );
  }

  /** `prepare`, for those who do it a hundred thousand times a second. */
  put(
    operation: number,
    fd: number,
    offset: number,
    address: number,
    length: number,
    flags: number,
    who: number,
  ): void {
    if (this.#prepared > this.#submissionMask) this.#makeRoom();
    const words = this.#submissions;
    const at = (this.#tail & this.#submissionMask) * SUBMISSION_WORDS;
    words[at] = operation;
    words[at + 1] = fd;
    words[at + 2] = offset | 0;
    words[at + 3] = (offset / 2 ** 32) | 0;
    words[at + 4] = address | 0;
    words[at + 5] = (address / 2 ** 32) | 0;
    words[at + 6] = length;
    words[at + 7] = flags;
    words[at + 8] = who;
    for (let word = 9; word < SUBMISSION_WORDS; word += 1) words[at + word] = 0;
    this.#tail = (this.#tail + 1) | 0;
    this.#prepared += 1;
  }

  /** Submits what is prepared, and waits until at least `waitFor` completions are there. */
  enter(waitFor: number): void {
    Atomics.store(this.#words, this.#submissionTailAt, this.#tail);
    const taken = this.#calls.enter(this.#enterFd, this.#prepared, waitFor, this.#enterFlags);
    if (taken >= 0) this.#prepared -= taken;
    // A signal, or completions that must be reaped first: the next call goes on.
    else invariant(PASSING.includes(-taken), `io_uring_enter failed with errno ${-taken}`);
  }

  /** How many entries the kernel does not know of yet. */
  get prepared(): number {
    return this.#prepared;
  }

  get hasCompletions(): boolean {
    const words = this.#words;
    return Atomics.load(words, this.#completionTailAt) !== words[this.#completionHeadAt];
  }

  /** Hands out the completions that are there; returns how many. */
  reap(): number {
    const words = this.#words;
    const tail = Atomics.load(words, this.#completionTailAt);
    let head = words[this.#completionHeadAt] ?? 0;
    let count = 0;
    for (; head !== tail; count += 1) {
      const at = this.#completionsAt + (head & this.#completionMask) * COMPLETION_WORDS;
      const who = words[at] ?? 0;
      const result = words[at + 2] ?? 0;
      head = (head + 1) | 0;
      Atomics.store(words, this.#completionHeadAt, head);
      this.#whos[who]?.completed(result);
    }
    return count;
  }

  /** An entry that was not taken yet must never be written over. */
  #makeRoom(): void {
    this.enter(0);
    invariant(this.#prepared <= this.#submissionMask, 'the kernel takes no more submissions');
  }

  /** At most so many kernel threads for what cannot be done without waiting. */
  limitWorkers(workersMax: number): void {
    const counts = new Uint32Array([workersMax, workersMax]);
    const address = this.#calls.addressOf(new Uint8Array(counts.buffer));
    this.#calls.register(this.#fd, REGISTER_IOWQ_MAX_WORKERS, address, 2);
  }

  /** Nothing may be in flight any more. */
  close(): void {
    fs.closeSync(this.#fd);
  }

  /** Saves the kernel from looking up our descriptor at each `enter`. */
  #registerItself(): void {
    const update = new DataView(new ArrayBuffer(16)); // struct io_uring_rsrc_update
    update.setUint32(0, 0xffffffff, true);
    update.setBigUint64(8, BigInt(this.#fd), true);
    const address = this.#calls.addressOf(new Uint8Array(update.buffer));
    if (this.#calls.register(this.#fd, REGISTER_RING_FDS, address, 1) !== 1) return;
    this.#enterFd = update.getUint32(0, true);
    this.#enterFlags |= ENTER_REGISTERED_RING;
  }
}

const PASSING: readonly number[] = [EINTR, EAGAIN, EBUSY];

function mapped(calls: RingCalls, bytes: number, fd: number, offset: number): ArrayBuffer {
  const address = calls.map(bytes, fd, offset);
  invariant(address > 0, `the ring could not be mapped: errno ${-address}`);
  return calls.view(address, bytes);
}
