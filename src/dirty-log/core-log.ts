/**
 * The dirty log kept in memory only (dm's "core"): nothing is ever written, so every mark is as
 * durable as it will get, and after a restart all regions are dirty.
 *
 * Source of the semantics: Linux 6.12 drivers/md/dm-log.c (`core_ctr`): starts all dirty, or all
 * clean when told that the legs are equal.
 */
import { invariant } from '../errors/invariant.ts';
import type { RegionCount, RegionIndex } from '../geometry/units.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { DirtyLog, LogEpoch, LogWrite } from './dirty-log.ts';
import { encodeLog } from './disk-format.ts';
import { RegionBitset } from './region-bitset.ts';

const ONLY_EPOCH: LogEpoch = 0;

export class CoreLog implements DirtyLog {
  readonly type = 'core';
  readonly regionCount: RegionCount;
  readonly durableEpoch = ONLY_EPOCH;
  readonly #cleanBits: RegionBitset;

  constructor(regionCount: RegionCount, syncIntent: 'sync' | 'nosync' | null) {
    this.regionCount = regionCount;
    this.#cleanBits = new RegionBitset(regionCount);
    this.#cleanBits.fill(0, regionCount, syncIntent === 'nosync');
  }

  isClean(region: RegionIndex): boolean {
    return this.#cleanBits.has(region);
  }

  cleanCount(): RegionCount {
    return this.#cleanBits.count();
  }

  mark(region: RegionIndex): LogEpoch {
    this.#cleanBits.clear(region);
    return ONLY_EPOCH;
  }

  clear(region: RegionIndex, inSync: boolean): void {
    if (inSync) this.#cleanBits.set(region);
  }

  owes(): 'nothing' {
    return 'nothing';
  }

  takeWrite(): LogWrite | null {
    return null;
  }

  writeEnded(): void {
    invariant(false, 'a core log has no write that could end');
  }

  rewrite(): void {}

  copy(): Uint8Array {
    return encodeLog(this.#cleanBits, byteCount(SECTOR_BYTES));
  }
}
