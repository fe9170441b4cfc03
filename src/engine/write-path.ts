/**
 * The life of a write.
 *
 *   begin ─▶ region claimed? ──yes──▶ delayed until its copy ends ──▶ begin
 *              │ no
 *            admit: count it in its regions, mark those that need it; for a stream, a few more
 *              │
 *            shares a block with an earlier write? ──yes──▶ waits for that one
 *              │ no
 *            mark durable? ──no──▶ waits for the log write (many share one)
 *              │ yes
 *            issue: to every leg that holds the region ──▶ legs answer ──▶ judge ──▶ reply
 *              └ a leg out of service loses the region; if that is the primary, the write fails
 *                                     the owner wants to decide about a leg that failed: held-writes.ts
 *
 * Who holds a region is asked at `issue`, after the mark was granted, never before: a verdict from
 * before the wait could be stale. It cannot change between issue and the last answer but by a failure,
 * because a region with a write in flight is never handed to a copy.
 */
import type { LegIndex, RegionIndex } from '../geometry/units.ts';
import { BLOCK_BYTES_MAX, byteCount, byteOffset } from '../geometry/units.ts';
import type { ResyncScheduler } from '../recovery/resync-scheduler.ts';
import type { LegMask } from '../region/leg-content.ts';
import { has, maskOf, NO_LEGS, union, without } from '../region/leg-content.ts';
import { HeldWrites } from './held-writes.ts';
import type { IoId, IoOutcome, WriteInput } from './input.ts';
import type { LogPath } from './log-path.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';
import { WriteOrder } from './write-order.ts';
import type { LegShareFailure, PieceOutcome } from './write-piece.ts';
import { WritePiece, WriteRequest } from './write-piece.ts';
import { regionsMarkedAhead, WriteStreams } from './write-streams.ts';

/** One leg's share of a piece in flight; `first` and `last` are the regions it covers. */
export interface WriteShare {
  readonly of: 'write';
  readonly piece: WritePiece;
  readonly leg: LegIndex;
  readonly first: RegionIndex;
  readonly last: RegionIndex;
}

export class WritePath {
  readonly #state: MirrorState;
  readonly #log: LogPath;
  readonly #memory: MemoryKeeper;
  readonly #scheduler: ResyncScheduler;
  readonly #nameShare: (share: WriteShare) => IoId;
  readonly #held: HeldWrites;
  readonly #order = new WriteOrder<WritePiece>(BLOCK_BYTES_MAX);
  readonly #streams = new WriteStreams();

  /** `nameShare` gives a share the number under which its end will be reported. */
  constructor(
    state: MirrorState,
    log: LogPath,
    memory: MemoryKeeper,
    scheduler: ResyncScheduler,
    nameShare: (share: WriteShare) => IoId,
  ) {
    this.#state = state;
    this.#log = log;
    this.#memory = memory;
    this.#scheduler = scheduler;
    this.#nameShare = nameShare;
    this.#held = new HeldWrites(state);
  }

  begin(input: WriteInput): void {
    const { geometry } = this.#state;
    const { offset, length } = input;
    const first = geometry.regionOf(offset);
    const request = new WriteRequest(input, first, geometry.lastRegionOf(offset, length));
    this.#state.requestsInFlight += 1;
    const pieces = this.#cut(request, offset, length);
    request.piecesLeft = pieces.length;
    const marksAhead =
      this.#streams.goesOn(offset, length) && this.#state.log.isClean(request.last);
    for (const piece of pieces) this.beginPiece(piece);
    if (marksAhead) this.#markAhead(request.last + 1);
  }

  /** Also for a piece that was delayed, as if it had just arrived. */
  beginPiece(piece: WritePiece): void {
    if (this.#state.hash.isClaimed(piece.first)) {
      this.#state.hash.delayWrite(piece.first, piece);
      return;
    }
    this.#admit(piece);
    if (this.#order.enter(piece)) this.#afterOrder(piece);
  }

  /** The log write that `pieces` waited for has ended. */
  logAnswered(pieces: readonly WritePiece[], marked: boolean): void {
    for (const piece of pieces) {
      if (marked) this.#issue(piece);
      else this.#end(piece, 'failed');
    }
  }

  /** Writes that are done, and not answered before the owner decides. */
  get heldCount(): number {
    return this.#held.count;
  }

  /** Answers writes that need not be held any longer. */
  releaseHeld(): void {
    for (const request of this.#held.takeDecided()) this.#answer(request);
  }

  /** Answers writes that are held, and those of which `pieces` wait for the log, with `again`. */
  giveBack(pieces: readonly WritePiece[]): void {
    for (const request of this.#held.takeAll()) this.#reply(request, 'again');
    for (const piece of pieces) this.#end(piece, 'again');
  }

  /** Nobody will decide any more. */
  failHeld(): void {
    for (const request of this.#held.close()) this.#reply(request, 'failed');
  }

  shareEnded(share: WriteShare, outcome: IoOutcome): void {
    const { piece, leg, first, last } = share;
    if (outcome !== 'ok') {
      this.#state.legFailed(leg, 'write');
      piece.failures ??= [];
      piece.failures.push({ leg, first, last, outcome });
    }
    piece.legSharesLeft -= 1;
    if (piece.legSharesLeft > 0) return;
    this.#end(piece, piece.failures === null ? 'ok' : this.#judge(piece));
  }

  /** Runs of regions that may go on together; a claimed region stands alone. */
  #cut(request: WriteRequest, offset: number, length: number): WritePiece[] {
    const { geometry, hash } = this.#state;
    const end = offset + length;
    const pieces: WritePiece[] = [];
    for (let first = request.first, from = offset; from < end; ) {
      let next = (first + 1) as RegionIndex;
      if (!hash.isClaimed(first)) {
        while (next <= request.last && !hash.isClaimed(next)) next = (next + 1) as RegionIndex;
      }
      const to = Math.min(end, next * geometry.regionBytes);
      const last = (next - 1) as RegionIndex;
      pieces.push(new WritePiece(request, first, last, from, to - from, from - offset));
      first = next;
      from = to;
    }
    return pieces;
  }

  #admit(piece: WritePiece): void {
    const { hash, log, content } = this.#state;
    for (let region = piece.first; region <= piece.last; region = (region + 1) as RegionIndex) {
      const epoch = hash.beginWrite(region) ?? hash.marked(region, log.mark(region));
      piece.epoch = Math.max(piece.epoch, epoch);
      if (!content.isInSync(region)) this.#scheduler.written(region);
    }
  }

  /** As if each had been written, so that the sweep will clear those that never are. */
  #markAhead(first: number): void {
    const { hash, log, content, geometry, now } = this.#state;
    const end = Math.min(first + regionsMarkedAhead(geometry.regionBytes), content.regionCount);
    for (let region = first as RegionIndex; region < end; region = (region + 1) as RegionIndex) {
      if (!log.isClean(region) || hash.isClaimed(region)) return;
      hash.beginWrite(region);
      hash.marked(region, log.mark(region));
      hash.endWrite(region, now);
    }
  }

  #afterOrder(piece: WritePiece): void {
    const verdict = this.#log.admits(piece);
    if (verdict === 'yes') this.#issue(piece);
    if (verdict === 'no') this.#end(piece, 'failed');
  }

  #issue(piece: WritePiece): void {
    if (this.#leaveOut(piece)) this.#send(piece);
    else this.#end(piece, 'failed');
  }

  #send(piece: WritePiece): void {
    const { content, legs } = this.#state;
    if (piece.request.issuedAt < 0) piece.request.issuedAt = legs.losses;
    for (let leg = 0; leg < legs.legCount; leg += 1) {
      let region = piece.first;
      while (region <= piece.last) {
        const first = region;
        const takes = has(content.serving(region), leg as LegIndex);
        while (region <= piece.last && has(content.serving(region), leg as LegIndex) === takes) {
          region = (region + 1) as RegionIndex;
        }
        if (takes) this.#issueShare(piece, leg as LegIndex, first, (region - 1) as RegionIndex);
      }
    }
  }

  /** Legs out of service lose what is about to be written. False: the primary is one of them. */
  #leaveOut({ first, last }: WritePiece): boolean {
    const { content, legs } = this.#state;
    if (content.inService === content.all) return true;
    if (!has(content.inService, legs.primary)) return false;
    for (let region = first; region <= last; region = (region + 1) as RegionIndex) {
      const out = without(content.holders(region), content.inService);
      if (out !== NO_LEGS) this.#state.lose(region, out);
    }
    return true;
  }

  #issueShare(piece: WritePiece, leg: LegIndex, first: RegionIndex, last: RegionIndex): void {
    const { regionBytes } = this.#state.geometry;
    const { request } = piece;
    const from = Math.max(piece.offset, first * regionBytes);
    const to = Math.min(piece.offset + piece.length, (last + 1) * regionBytes);
    piece.legSharesLeft += 1;
    this.#state.emit({
      kind: 'writeLeg',
      verb: request.verb,
      io: this.#nameShare({ of: 'write', piece, leg, first, last }),
      request: request.id,
      leg,
      offset: byteOffset(from),
      length: byteCount(to - from),
      at: piece.at + (from - piece.offset),
      fua: request.fua,
      mayPunch: request.mayPunch,
    });
  }

  /** Some leg failed its share: settles who holds what, and whether this still is a success. */
  #judge(piece: WritePiece): IoOutcome {
    const failures = piece.failures ?? [];
    const everFailed = legsOfFailures(failures);
    // Moved first, so that every region below is judged with the primary that will remain.
    if (has(everFailed, this.#state.legs.primary)) this.#state.movePrimary(everFailed);
    let outcome: IoOutcome = 'ok';
    for (let region = piece.first; region <= piece.last; region = (region + 1) as RegionIndex) {
      const here = failures.filter(({ first, last }) => first <= region && region <= last);
      if (here.length === 0 || this.#settle(region, legsOfFailures(here))) continue;
      outcome = here.every((failure) => failure.outcome === 'noSpace') ? 'noSpace' : 'failed';
    }
    return outcome;
  }

  /**
   * `failed` did not take a write to `region`. True: somebody who counts did, and they alone hold the
   * region now. False: nobody, or not the primary; then the client hears of an error, and the primary
   * is believed, so that everybody reads the same.
   */
  #settle(region: RegionIndex, failed: LegMask): boolean {
    const { content, legs } = this.#state;
    const holders = content.holders(region);
    const survivors = without(holders, failed);
    if (survivors !== NO_LEGS && !has(failed, legs.primary)) {
      this.#state.lose(region, without(holders, survivors));
      return true;
    }
    this.#state.lose(region, without(holders, maskOf(legs.primary)));
    return false;
  }

  #end(piece: WritePiece, outcome: PieceOutcome): void {
    const { hash, now, readyToCopy } = this.#state;
    for (let region = piece.first; region <= piece.last; region = (region + 1) as RegionIndex) {
      if (hash.endWrite(region, now)) readyToCopy.push(region);
    }
    const { request } = piece;
    if (outcome !== 'ok' && request.outcome !== 'failed') request.outcome = outcome;
    request.piecesLeft -= 1;
    if (request.piecesLeft === 0) this.#answer(request);
    else request.isMissed ||= this.#isMissed(piece);
    for (const follower of this.#order.leave(piece)) this.#afterOrder(follower);
  }

  #answer(request: WriteRequest): void {
    request.isMissed ||= this.#isMissed(request);
    if (request.outcome !== 'ok' || !request.isMissed) {
      this.#reply(request, request.outcome);
      return;
    }
    const verdict = this.#held.judge(request);
    if (verdict === 'fail') this.#reply(request, 'failed');
    if (verdict === 'answer') this.#answerWhenKept(request);
  }

  /** What a leg misses must be known after a crash, before the client may know of success. */
  #answerWhenKept(request: WriteRequest): void {
    const isHeld = this.#memory.holds((kept) => {
      // Another leg may have failed meanwhile.
      if (kept) this.#answer(request);
      else this.#reply(request, 'failed');
    });
    if (!isHeld) this.#reply(request, 'ok');
  }

  /** Some leg misses a region that was written. */
  #isMissed({ first, last }: Pick<WritePiece, 'first' | 'last'>): boolean {
    const { content } = this.#state;
    for (let region = first; region <= last; region = (region + 1) as RegionIndex) {
      if (!content.isInSync(region)) return true;
    }
    return false;
  }

  #reply(request: WriteRequest, outcome: PieceOutcome): void {
    this.#state.requestsInFlight -= 1;
    const told = outcome === 'ok' && this.#isLost(request) ? 'failed' : outcome;
    const answer = told === 'failed' ? 'ioError' : told;
    this.#state.emit({ kind: 'reply', request: request.id, outcome: answer });
  }

  /**
   * The leg that is believed may have lost it meanwhile, in a flush that failed. Whoever flushes is told
   * of writes that had been answered before, so this one must not be answered well now.
   */
  #isLost({ issuedAt }: WriteRequest): boolean {
    const { legs } = this.#state;
    return has(legs.lostSince(issuedAt), legs.primary);
  }
}

function legsOfFailures(failures: readonly LegShareFailure[]): LegMask {
  return failures.reduce((mask, { leg }) => union(mask, maskOf(leg)), NO_LEGS);
}
