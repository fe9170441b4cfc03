/**
 * Who waits for the log, and what happens when it fails.
 *
 *   marks of this step ─┐
 *   marks of the next  ─┴─▶ one write + flush ─▶ every piece whose epoch is now durable goes on
 *
 * Group commit: while a log write is under way further marks collect, and the next write takes them
 * all. Clears ride along; they never make anybody wait.
 *
 * A log that failed once is not written again in this session: what it says on disk claims too much,
 * so before any write goes on unrecorded the mirror's memory says "do not believe this log", and the
 * next activation copies everything. With `keepLog` those writes fail instead, as in the kernel; then
 * the log on disk lacks nothing, and stays believed.
 */
import type { LogWrite } from '../dirty-log/dirty-log.ts';
import { invariant } from '../errors/invariant.ts';
import type { IoOutcome } from './input.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';
import type { WritePiece } from './write-piece.ts';

/** `later`: the piece has been kept and will be given to `answered`. */
type Verdict = 'yes' | 'no' | 'later';
type Answer = (pieces: readonly WritePiece[], marked: boolean) => void;

export class LogPath {
  readonly #state: MirrorState;
  readonly #memory: MemoryKeeper;
  readonly #keepLog: boolean;
  #waiting: WritePiece[] = [];
  #isWriting = false;
  /** The write under way came from the log, which must hear how it ended. */
  #taken = false;
  #health: 'alive' | 'failing' | 'distrusted' | 'refusing' = 'alive';

  constructor(state: MirrorState, memory: MemoryKeeper, keepLog: boolean) {
    this.#state = state;
    this.#memory = memory;
    this.#keepLog = keepLog;
  }

  get hasFailed(): boolean {
    return this.#health !== 'alive';
  }

  /** No mark will become durable any more. */
  get refuses(): boolean {
    return this.#health === 'refusing';
  }

  get isIdle(): boolean {
    return !this.#isWriting && (this.hasFailed || this.#state.log.owes() === 'nothing');
  }

  admits(piece: WritePiece): Verdict {
    if (this.#state.isMarkSafe(piece.epoch)) return 'yes';
    if (this.#health === 'refusing') return 'no';
    this.#waiting.push(piece);
    return 'later';
  }

  /** At the end of a step: begins a log write if one is owed. */
  kick(): void {
    if (this.#isWriting || this.hasFailed) return;
    const write = this.#state.log.takeWrite();
    if (write !== null) this.#begin(write);
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
    const { durableEpoch } = log;
    const ready = this.#waiting.filter((piece) => piece.epoch <= durableEpoch);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((piece) => piece.epoch > durableEpoch);
    answer(ready, true);
  }

  #fail(answer: Answer): void {
    this.#state.emit({ kind: 'event', event: { event: 'logFailed' } });
    if (this.#keepLog) {
      this.#health = 'refusing';
      this.#release(answer, false);
      return;
    }
    this.#memory.distrustLog();
    this.#health = 'failing';
    this.#memory.holds((kept) => {
      this.#health = kept ? 'distrusted' : 'refusing';
      this.#state.logIsBelieved = !kept;
      this.#release(answer, kept);
    });
  }

  #release(answer: Answer, marked: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    answer(waiting, marked);
  }
}
