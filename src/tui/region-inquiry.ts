/**
 * What `mirrorctl why` says of the region under the cursor, asked again and again while the cursor
 * stands there, so that the screen and the command cannot disagree.
 */
import type { CommandEnd } from './state-directory.ts';

export class RegionInquiry {
  /** Whose answer `lines` is; null: nobody asks. */
  region: number | null = null;
  /** Without the first, which names the region; empty: nothing is known yet. */
  lines: readonly string[] = [];
  readonly #ask: (region: number) => Promise<CommandEnd>;
  readonly #answered: () => void;
  #isAsking = false;

  constructor(ask: (region: number) => Promise<CommandEnd>, answered: () => void) {
    this.#ask = ask;
    this.#answered = answered;
  }

  /** At most one question is under way; a region that comes meanwhile is asked about after it. */
  async look(region: number | null): Promise<void> {
    if (region !== this.region) this.lines = [];
    this.region = region;
    if (region === null || this.#isAsking) return;
    this.#isAsking = true;
    const { isDone, lines } = await this.#ask(region);
    this.#isAsking = false;
    if (region !== this.region) {
      await this.look(this.region);
      return;
    }
    this.lines = isDone ? lines.slice(1).map((line) => line.slice(INDENT)) : [];
    this.#answered();
  }
}

const INDENT = 2;
