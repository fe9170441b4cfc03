/** Waits for what becomes of a log that is to be used again. */
import type { MirrorEvent } from '../engine/effect.ts';

/** The engine says it when it knows; it may not say anything if nothing can be put on record. */
const PATIENCE_MS = 60_000;

export type LogTurn = 'logReattached' | 'logFailed';

export class LogTurns {
  #waiting: ((turn: LogTurn) => void)[] = [];

  /** The next turn; `logFailed` if there is none for long. */
  next(): Promise<LogTurn> {
    const { promise, resolve } = Promise.withResolvers<LogTurn>();
    const timer = setTimeout(resolve, PATIENCE_MS, 'logFailed').unref();
    this.#waiting.push((turn) => {
      clearTimeout(timer);
      resolve(turn);
    });
    return promise;
  }

  heard({ event }: MirrorEvent): void {
    if (event !== 'logReattached' && event !== 'logFailed') return;
    for (const tell of this.#waiting.splice(0)) tell(event);
  }
}
