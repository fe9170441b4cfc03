/**
 * The sweep: regions that have come to rest are forgotten and cleared in the log.
 *
 *   at rest for IDLE ─▶ flush the legs ─▶ still at rest? ─▶ clear ─▶ one log write for all of them
 *
 * Lazy on purpose: a region that is written again soon keeps its mark, and costs no log write at all.
 * What laziness costs is a copy of the regions written last, should the machine stop. The sweep slows
 * itself down to a fifth of the time when flushing the legs is slow, and hurries when very many regions
 * are remembered, so that memory, and what a crash would have to copy, stay bounded.
 *
 * A log that takes no marks takes no clears either, and a mark that it never took must not be forgotten.
 */
import type { RegionIndex } from '../geometry/units.ts';
import type { FlushPath } from './flush-path.ts';
import type { LogPath } from './log-path.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';

const IDLE = 3_000;
const INTERVAL = 1_000;
const REST_PER_FLUSH = 4;
/** A process that was stopped for a day has not flushed for a day. */
const REST_MAX = 60_000;
const REMEMBERED_MAX = 65_536;

export class SweepPath {
  readonly #state: MirrorState;
  readonly #flush: FlushPath;
  readonly #memory: MemoryKeeper;
  readonly #log: LogPath;
  #isSweeping = false;
  #nextAt = 0;

  constructor(state: MirrorState, flush: FlushPath, memory: MemoryKeeper, log: LogPath) {
    this.#state = state;
    this.#flush = flush;
    this.#memory = memory;
    this.#log = log;
  }

  tick(): void {
    const { now, hash } = this.#state;
    if (this.#isSweeping || now < this.#nextAt || this.#log.refuses) return;
    this.#nextAt = now + INTERVAL;
    const regions = hash.beginSweep(hash.rememberedCount > REMEMBERED_MAX ? now : now - IDLE);
    if (regions.length > 0) this.#sweep(regions, () => {});
  }

  /** Everything that is at rest, now; flushes the legs even if that is nothing. */
  sweepAll(ended: () => void): void {
    this.#sweep(this.#state.hash.beginSweep(this.#state.now), ended);
  }

  #sweep(regions: readonly RegionIndex[], ended: () => void): void {
    this.#isSweeping = true;
    const began = this.#state.now;
    this.#flush.join((answer) => {
      const { now } = this.#state;
      this.#isSweeping = false;
      const rest = Math.min((now - began) * REST_PER_FLUSH, REST_MAX);
      this.#nextAt = now + Math.max(INTERVAL, rest);
      if (answer !== 'failed') this.#clear(regions);
      ended();
    });
  }

  #clear(regions: readonly RegionIndex[]): void {
    const { hash, log, content } = this.#state;
    for (const region of this.#log.refuses ? [] : regions) {
      if (hash.endSweep(region)) log.clear(region, content.isInSync(region));
    }
    this.#memory.improve();
  }
}
