/**
 * Says when recovery begins and when it stalls, for those who are not looking. That it ended well is
 * `inSync`; that it was paused is known to whoever did it.
 *
 *   at rest ─a region is claimed─▶ under way ─nothing left─▶ at rest
 *                                     └─ nothing recovered for STALL_AFTER ─▶ told once ─ a region recovered ─▶ …
 */
import type { MirrorState } from './mirror-state.ts';
import type { RecoveryPath } from './recovery-path.ts';

const STALL_AFTER = 30_000;

export class RecoveryWatch {
  readonly #state: MirrorState;
  readonly #recovery: RecoveryPath;
  #isUnderWay = false;
  #isStalled = false;
  #recoveredBytes = 0;
  #movedAt = 0;

  constructor(state: MirrorState, recovery: RecoveryPath) {
    this.#state = state;
    this.#recovery = recovery;
  }

  /** At the end of a step. */
  look(): void {
    const { content, now } = this.#state;
    if (content.workCount === 0) {
      this.#isUnderWay = false;
      return;
    }
    const { isPaused, claimed, progress } = this.#recovery;
    if (isPaused) {
      this.#movedAt = now;
      return;
    }
    if (!this.#isUnderWay && claimed > 0) {
      this.#isUnderWay = true;
      this.#moved(progress.recoveredBytes);
      this.#tell('recoveryStarted');
    }
    if (progress.recoveredBytes !== this.#recoveredBytes) this.#moved(progress.recoveredBytes);
    if (!this.#isUnderWay || this.#isStalled || now - this.#movedAt < STALL_AFTER) return;
    this.#isStalled = true;
    this.#tell('recoveryStalled');
  }

  #moved(bytes: number): void {
    this.#recoveredBytes = bytes;
    this.#movedAt = this.#state.now;
    this.#isStalled = false;
  }

  #tell(event: 'recoveryStarted' | 'recoveryStalled'): void {
    const regions = this.#state.content.workCount;
    this.#state.emit({ kind: 'event', event: { event, regions } });
  }
}
