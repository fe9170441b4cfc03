/**
 * The sweep: regions that have come to rest are forgotten and cleared in the log.
 *
 *   at rest for IDLE ─▶ flush the legs ─▶ still at rest? ─▶ clear ─▶ one log write for all of them
 *
 * Lazy on purpose: a region that is written again soon keeps its mark, and costs no log write at all.
 * What laziness costs is a copy of the regions written last, should the machine stop. The sweep slows
 * itself down to a fifth of the time when flushing the legs is slow, and hurries when there are many
 * entries, so that memory stays bounded.
 */
import type { RegionIndex } from '../geometry/units.ts';
import type { FlushPath } from './flush-path.ts';
import type { MemoryKeeper } from './memory-keeper.ts';
import type { MirrorState } from './mirror-state.ts';

const IDLE = 3_000;
const INTERVAL = 1_000;
const REST_PER_FLUSH = 4;
const ENTRIES_MAX = 65_536;

export class SweepPath {
  readonly #state: MirrorState;
  readonly #flush: FlushPath;
  readonly #memory: MemoryKeeper;
  #isSweeping = false;
  #nextAt = 0;

  constructor(state: MirrorState, flush: FlushPath, memory: MemoryKeeper) {
    this.#state = state;
    this.#flush = flush;
    this.#memory = memory;
  }

  get isIdle(): boolean {
    return !this.#isSweeping;
  }

  tick(): void {
    const { now, hash } = this.#state;
    if (this.#isSweeping || now < this.#nextAt || hash.entryCount === 0) return;
    this.#begin(hash.entryCount > ENTRIES_MAX ? now : now - IDLE);
  }

  /** Everything that is at rest, now; `ended` hears whether the legs could be flushed. */
  sweepAll(ended: (flushed: boolean) => void): void {
    this.#begin(this.#state.now, ended, true);
  }

  #begin(idleBefore: number, ended: (flushed: boolean) => void = () => {}, always = false): void {
    const regions = this.#state.hash.beginSweep(idleBefore, Number.POSITIVE_INFINITY);
    if (regions.length === 0 && !always) return;
    this.#isSweeping = true;
    const began = this.#state.now;
    this.#flush.join((answer) => {
      this.#isSweeping = false;
      const took = this.#state.now - began;
      this.#nextAt = this.#state.now + Math.max(INTERVAL, took * REST_PER_FLUSH);
      if (answer !== 'failed') this.#end(regions);
      ended(answer !== 'failed');
    });
  }

  #end(regions: readonly RegionIndex[]): void {
    const { hash, log, content } = this.#state;
    for (const region of regions) {
      if (hash.endSweep(region)) log.clear(region, content.isInSync(region));
    }
    this.#memory.improve();
  }
}
