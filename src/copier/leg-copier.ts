/**
 * Copies ranges from one leg to others, on this thread. The content is equal afterwards, and what
 * was sparse stays sparse:
 *
 *   source    ████████░░░░░░░░████        data is copied, at most a chunk at a time,
 *   target    ▒▒▒▒▒▒▒▒▒▒▒▒░░░░▒▒▒▒        a hole becomes a hole unless it is one already
 *
 * Bytes are read once and written to each target, so a failure always tells which leg it was, and every
 * leg has blocks of its own.
 *
 * Asked to compare, it reads the targets, too, and writes only the blocks that differ: for a leg that is
 * slow to write, wears out, or is known to be nearly right. It is the device that is asked: after a flush
 * that failed the page cache shows, as if it were safe, what never reached it.
 *
 * A leg that clients write past the page cache is read and written past it here, too (direct-access.ts).
 *
 * The caller sees to it that nobody writes the range meanwhile. Nothing is flushed here.
 */
import fs from 'node:fs';
import { allocationRuns } from '../devices/allocation-runs.ts';
import { fallocateNow, pagesOf, pwriteNow } from '../devices/file-calls.ts';
import { ioError, ioErrorOfErrno } from '../devices/io-error.ts';
import type { AllocationRun, IoError } from '../devices/leg-io.ts';
import { alongBlocks } from '../devices/zero-range.ts';
import { invariant } from '../errors/invariant.ts';
import type { CallWatch } from './call-pulse.ts';
import { unwatched } from './call-pulse.ts';
import type { CopyJob, CopyLeg, CopyManner, CopyOutcome } from './copy-messages.ts';
import { USUAL_MANNER } from './copy-messages.ts';
import type { WatchedLeg } from './leg-reading.ts';
import { endOf, forget, readFully, watchedLegs } from './leg-reading.ts';

/** Measured: larger ones leave the processor's cache, smaller ones cost calls. */
const CHUNK_BYTES = 1024 * 1024;

/** As small as what differs alone should be, as large as a call is worth. */
const COMPARED_BYTES = 64 * 1024;

const ZEROES = pagesOf(CHUNK_BYTES);

/** What one job has come to so far. */
interface Progress {
  readonly source: WatchedLeg;
  readonly targets: readonly Target[];
  readError: IoError | null;
  bytesCopied: number;
  bytesSkippedAsHoles: number;
}

interface Target {
  readonly leg: WatchedLeg;
  error: IoError | null;
}

/** A run of a source's device, half-open, in bytes from its start. */
interface DataRun {
  readonly start: number;
  readonly end: number;
}

export class LegCopier {
  readonly #legs: readonly WatchedLeg[];
  readonly #compares: boolean;
  /** What is copied is so many bytes, or a multiple, but for the end of the mirror. */
  readonly #blockBytes: number;
  readonly #buffer = pagesOf(CHUNK_BYTES);
  readonly #compared = pagesOf(COMPARED_BYTES);
  /**
   * The last run of data found in each source. To find its end the kernel may have to walk through
   * everything behind it, so it is not asked again for every region. Data that has become a hole
   * since is copied as zeroes, which is right; holes are never remembered.
   */
  readonly #dataRuns = new Map<WatchedLeg, DataRun>();

  /** Whatever is called on a leg goes through `watch`, which may throw to end it all. */
  constructor(
    legs: readonly CopyLeg[],
    manner: CopyManner = USUAL_MANNER,
    watch: CallWatch = unwatched,
  ) {
    this.#legs = watchedLegs(legs, watch, ({ device, direct }) => direct?.fd ?? device.fd);
    this.#blockBytes = Math.max(...legs.map(({ direct }) => direct?.blockBytes ?? 1));
    this.#compares = manner.compares;
  }

  copy({ source: from, targets, offset, length }: CopyJob): CopyOutcome {
    const source = this.#leg(from);
    const progress = begin(
      source,
      targets.map((target) => this.#leg(target)),
    );
    const end = offset + length;
    for (let at: number = offset; at < end && isWorthwhile(progress); ) {
      const run = this.#runAt(source, at, end);
      if (run.hole) copyHole(progress, at, run.length);
      else this.#copyData(progress, at, run.length);
      at += run.length;
    }
    const { readError, bytesCopied, bytesSkippedAsHoles } = progress;
    const writeErrors = progress.targets.map(({ error }) => error);
    return { readError, writeErrors, bytesCopied, bytesSkippedAsHoles };
  }

  #leg(index: number): WatchedLeg {
    const leg = this.#legs[index];
    invariant(leg !== undefined, `no leg ${index}`);
    return leg;
  }

  /** Of whole blocks: what begins at `at`, cut off at `end`; a part of a hole may count as data. */
  #runAt(source: WatchedLeg, at: number, end: number): AllocationRun {
    const { length, hole } = this.#foundAt(source, at, end);
    const rest = length % this.#blockBytes;
    if (rest === 0 || at + length === end) return { length, hole };
    if (hole && rest < length) return { length: length - rest, hole };
    return { length: Math.min(length - rest + this.#blockBytes, end - at), hole: false };
  }

  /** The run of data or hole that begins at `at`, cut off at `end`; both count from the leg's start. */
  #foundAt(source: WatchedLeg, at: number, end: number): AllocationRun {
    const start = source.offsetBytes + at;
    const known = this.#dataRuns.get(source);
    if (known !== undefined && known.start <= start && start < known.end) {
      return { length: Math.min(known.end - start, end - at), hole: false };
    }
    const [run] = source.call((fd) => allocationRuns(fd, start, Number.POSITIVE_INFINITY, 1));
    invariant(run !== undefined, 'a range that is not empty begins with a run');
    if (!run.hole) this.#dataRuns.set(source, { start, end: start + run.length });
    return { length: Math.min(run.length, end - at), hole: run.hole };
  }

  #copyData(progress: Progress, start: number, length: number): void {
    const end = start + length;
    if (this.#compares) for (const { leg } of progress.targets) forget(leg, start, length);
    for (let at = start; at < end && isWorthwhile(progress); ) {
      const chunk = this.#buffer.subarray(0, end - at);
      progress.readError = readFully(progress.source, chunk, at);
      if (progress.readError !== null) return;
      for (const target of alive(progress)) target.error = this.#bring(target.leg, chunk, at);
      at += chunk.length;
      if (isWorthwhile(progress)) progress.bytesCopied += chunk.length;
    }
  }

  #bring(target: WatchedLeg, chunk: Uint8Array, at: number): IoError | null {
    if (!this.#compares) return writeFully(target, chunk, at);
    for (let done = 0; done < chunk.length; done += COMPARED_BYTES) {
      const wanted = chunk.subarray(done, done + COMPARED_BYTES);
      if (this.#holds(target, wanted, at + done)) continue;
      const error = writeFully(target, wanted, at + done);
      if (error !== null) return error;
    }
    return null;
  }

  /** A target that cannot be read is written: that may be what heals it. */
  #holds(target: WatchedLeg, wanted: Uint8Array, at: number): boolean {
    const there = this.#compared.subarray(0, wanted.length);
    return readFully(target, there, at) === null && Buffer.compare(there, wanted) === 0;
  }
}

function begin(source: WatchedLeg, targets: readonly WatchedLeg[]): Progress {
  return {
    source,
    targets: targets.map((leg) => ({ leg, error: null })),
    readError: null,
    bytesCopied: 0,
    bytesSkippedAsHoles: 0,
  };
}

/** Nothing has failed that would make going on pointless. */
function isWorthwhile(progress: Progress): boolean {
  return progress.readError === null && progress.targets.some(({ error }) => error === null);
}

function alive({ targets }: Progress): readonly Target[] {
  return targets.filter(({ error }) => error === null);
}

function copyHole(progress: Progress, at: number, length: number): void {
  const { source } = progress;
  if (source.call((fd) => fs.fstatSync(fd).size) < source.offsetBytes + at + length) {
    // What lies behind the end of the file looks like a hole, but nobody ever wrote zeroes there.
    progress.readError = endOf(source, at);
    return;
  }
  for (const target of alive(progress)) target.error = makeHole(target.leg, at, length);
  progress.bytesSkippedAsHoles += length;
}

function makeHole(leg: WatchedLeg, at: number, length: number): IoError | null {
  const start = leg.offsetBytes + at;
  const [run] = leg.call((fd) => allocationRuns(fd, start, length, 1));
  if (run?.hole === true && run.length === length) return null;
  const whole = { start, end: start + length };
  const { head, body, tail } = alongBlocks(leg.direct?.allocationBytes ?? 1, whole);
  const punched = leg.call((fd) =>
    fallocateNow(fd, 'punchHole', body.start, body.end - body.start),
  );
  if (punched !== 0) return writeZeroes(leg, whole);
  return writeZeroes(leg, head) ?? writeZeroes(leg, tail);
}

/** In bytes of the device. */
function writeZeroes(leg: WatchedLeg, { start, end }: DataRun): IoError | null {
  for (let at = start; at < end; at += ZEROES.length) {
    const error = writeFully(leg, ZEROES.subarray(0, end - at), at - leg.offsetBytes);
    if (error !== null) return error;
  }
  return null;
}

function writeFully(leg: WatchedLeg, from: Uint8Array, at: number): IoError | null {
  for (let done = 0; done < from.length; ) {
    const offset = leg.offsetBytes + at + done;
    const rest = from.subarray(done);
    const count = leg.call(() => pwriteNow(leg.fd, rest, offset));
    if (count < 0) return ioErrorOfErrno(count, `${leg.device.path}: copying to byte ${at + done}`);
    if (count === 0) return ioError('EIO', `${leg.device.path}: took nothing at byte ${at + done}`);
    done += count;
  }
  return null;
}
