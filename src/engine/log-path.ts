/**
 * Who waits for the log, and what happens when it fails.
 *
 *   marks of this step ─┐
 *   marks of the next  ─┴─▶ one write + flush ─▶ every piece whose epoch is now durable goes on
 *
 * Group commit: while a log write is under way further marks collect, and the next write takes them
 * all. Clears ride along; they never make anybody wait.
 *
 * A log that failed is not written again until somebody says that it can be (`reattach`). What becomes
 * of writes that it should record until then is the owner's choice:
 *
 *   core       they go on unrecorded, once the mirror's memory says "do not believe this log": the
 *              next activation copies everything
 *   readonly   they fail (dm's keep_log); the log on disk lacks nothing, and stays believed
 *   hold       they wait for the log; it stays believed, too
 *
 *   alive ──a write fails──▶ distrusted | refusing | holding
 *     ▲                           │ reattach, once it is on record that the log is not to be believed
 *     │                           ▼
 *     └─── all is written ─── rewriting: header last, and every write waits
 *
 * The record comes first because nobody knows what the device says now, or which one it is; it is taken
 * back afterwards, when the memory is next written.
 */
import type { LogWrite } from '../dirty-log/dirty-log.ts';
import { invariant } from '../errors/invariant.ts';
import type { LogFailurePolicy } from '../mirror-set/mirror-spec.ts';
import type { IoOutcome } from './input.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';
import { RESUMED_EPOCH } from './mirror-state.ts';
import type { WritePiece } from './write-piece.ts';

type Health = 'alive' | 'failing' | 'distrusted' | 'refusing' | 'holding' | 'rewriting';

/** `later`: the piece has been kept and will be given to `answered`. */
type Verdict = 'yes' | 'no' | 'later';
type Answer = (pieces: readonly WritePiece[], marked: boolean) => void;

export class LogPath {
  readonly #state: MirrorState;
  readonly #memory: MemoryKeeper;
  #policy: LogFailurePolicy;
  #waiting: WritePiece[] = [];
  #isWriting = false;
  /** The write under way came from the log, which must hear how it ended. */
  #taken = false;
  #health: Health = 'alive';

  constructor(state: MirrorState, memory: MemoryKeeper, policy: LogFailurePolicy) {
    this.#state = state;
    this.#memory = memory;
    this.#policy = policy;
  }

  get hasFailed(): boolean {
    return this.#health !== 'alive';
  }

  /** Pieces of writes that wait until it can be written again. */
  get heldCount(): number {
    return this.#health === 'holding' ? this.#waiting.length : 0;
  }

  /** No mark becomes durable until it can be written again. */
  get refuses(): boolean {
    return this.#health === 'refusing' || this.#health === 'holding';
  }

  get isIdle(): boolean {
    return !this.#isWriting && (!this.#isWritable || this.#state.log.owes() === 'nothing');
  }

  get #isWritable(): boolean {
    return this.#health === 'alive' || this.#health === 'rewriting';
  }

  admits(piece: WritePiece): Verdict {
    if (this.#health === 'distrusted' || piece.epoch <= this.#state.log.durableEpoch) return 'yes';
    if (this.#health === 'refusing') return 'no';
    this.#waiting.push(piece);
    return 'later';
  }

  /** At the end of a step: begins a log write if one is owed. */
  kick(): void {
    if (this.#isWriting || !this.#isWritable) return;
    const write = this.#state.log.takeWrite();
    if (write !== null) this.#begin(write);
  }

  /**
   * The log can be written again: all of it is, and then it is relied upon. Nothing happens while it
   * is alive, or while what to do about its failure is being put on record.
   */
  reattach(answer: Answer): void {
    if (this.#health === 'distrusted') this.#rewrite();
    if (!this.refuses) return;
    this.#distrust((kept) => {
      if (kept) this.#rewrite();
      else this.#stopRecording(answer);
    });
  }

  #rewrite(): void {
    this.#health = 'rewriting';
    this.#state.log.rewrite();
  }

  /** Nobody will say any more that the log can be written: whoever waits for that, or would, fails. */
  giveUp(answer: Answer): void {
    if (this.#policy === 'hold') this.#policy = 'readonly';
    if (this.#health === 'holding') this.#stopRecording(answer);
  }

  /** Those who wait for a log that cannot be written; they wait no longer. */
  takeHeld(): readonly WritePiece[] {
    if (this.#health !== 'holding') return [];
    const waiting = this.#waiting;
    this.#waiting = [];
    return waiting;
  }

  /** The last write of all carries nothing: it makes every clear durable that was written before. */
  seal(): void {
    invariant(this.isIdle, 'the log is still being written');
    if (!this.hasFailed) this.#begin({ epoch: 0, parts: [], durable: true });
  }

  #begin(write: LogWrite): void {
    this.#isWriting = true;
    this.#taken = write.parts.length > 0;
    this.#state.emit({ kind: 'writeLog', write });
  }

  /** `answer` gets the pieces whose wait is over. */
  writeEnded(outcome: IoOutcome, answer: Answer): void {
    invariant(this.#isWriting, 'the log is not being written');
    this.#isWriting = false;
    const { log } = this.#state;
    if (this.#taken) log.writeEnded(outcome === 'ok');
    if (outcome !== 'ok') {
      this.#fail(answer);
      return;
    }
    const isWhole = log.durableEpoch >= RESUMED_EPOCH && log.owes() !== 'marks';
    if (this.#health === 'rewriting' && isWhole) this.#rewritten();
    const { durableEpoch } = log;
    const ready = this.#waiting.filter((piece) => piece.epoch <= durableEpoch);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((piece) => piece.epoch > durableEpoch);
    answer(ready, true);
  }

  #fail(answer: Answer): void {
    this.#state.emit({ kind: 'event', event: { event: 'logFailed' } });
    if (this.#policy !== 'core') {
      this.#stopRecording(answer);
      return;
    }
    this.#distrust((kept) => {
      if (!kept) {
        this.#stopRecording(answer);
        return;
      }
      this.#health = 'distrusted';
      this.#release(answer, true);
    });
  }

  /** Nothing goes on that the log should record. */
  #stopRecording(answer: Answer): void {
    this.#health = this.#policy === 'hold' ? 'holding' : 'refusing';
    if (this.#health === 'refusing') this.#release(answer, false);
  }

  /** Puts on record that the log is not to be believed; `then` hears whether that is durable. */
  #distrust(then: (kept: boolean) => void): void {
    this.#health = 'failing';
    this.#memory.trustLog(false);
    const ended = (kept: boolean) => {
      if (kept) this.#state.logIsBelieved = false;
      then(kept);
    };
    if (!this.#memory.holds(ended)) ended(true);
  }

  #rewritten(): void {
    this.#health = 'alive';
    this.#state.logIsBelieved = true;
    this.#memory.trustLog(true);
    this.#memory.improve();
    this.#state.emit({ kind: 'event', event: { event: 'logReattached' } });
  }

  #release(answer: Answer, marked: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    answer(waiting, marked);
  }
}
