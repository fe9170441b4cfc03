/**
 * The dirty log on a device: which bits are wanted there, which of them a write must carry, and
 * whether it owes a flush.
 *
 *   mark, clear ─▶ image ──takeWrite──▶ handed ─────▶ device
 *                  what the log          what the device holds, or will
 *                  is to say             when the write under way ends
 *
 * Two buffers, so that a write under way is never changed: marks and clears go to `image`, and
 * `takeWrite` copies the changed blocks to `handed`, whose bytes the device reads. A clear that comes
 * in meanwhile cannot slip into a write that was taken before it.
 *
 * Invariants:
 * - a bit is 0 in `handed` only if it is durably 0 on the device, or will be when the write under way
 *   ends well. What a failed write may have left there counts as 1.
 * - hence a mark has to be waited for only if its bit is still 1 in `handed` (`#marksWaiting`) or
 *   came with the write taken last (`#marksTaken`); any other is on the device since epoch 0.
 * - epoch 0 is the resume's: the whole image, durable. Before it ended nothing is believed. A rewrite
 *   is the same again, with a later epoch.
 * - the header is resumed last, in a write of its own: with the new region count over the old bits,
 *   a power cut between the two would make clean regions of whatever lies behind the old ones.
 *
 * Bytes 16 to 1023 and the slack come through as they were read.
 *
 * Compatible with: Linux 6.12 drivers/md/dm-log.c (`disk_resume`, `disk_flush`). Different on purpose:
 * only changed blocks are written (the kernel writes the whole area), and resync work causes no
 * writes.
 */
import { invariant } from '../errors/invariant.ts';
import type { Result } from '../errors/mirror-error.ts';
import { accept } from '../errors/mirror-error.ts';
import type { ByteCount, RegionCount, RegionIndex } from '../geometry/units.ts';
import type { DirtyLog, LogEpoch, LogWrite } from './dirty-log.ts';
import {
  CLEAN_BITS_OFFSET,
  cleanBitsIn,
  encodeLogHeader,
  LOG_MAGIC,
  LOG_VERSION,
  logImageBytes,
} from './disk-format.ts';
import type { LogArea, LogBelief, LogRefusal } from './log-resume.ts';
import { beliefIn } from './log-resume.ts';
import type { RegionBitset } from './region-bitset.ts';

/** The epoch of the resume's write, and of every mark that is on the device at rest. */
const RESUME_EPOCH: LogEpoch = 0;

export interface ResumedLog {
  readonly log: DiskLog;
  readonly found: LogBelief;
}

interface WriteUnderWay {
  /** Null: it is the resume's first, without the header. */
  readonly epoch: LogEpoch | null;
  readonly blocks: readonly number[];
}

export class DiskLog implements DirtyLog {
  readonly type = 'disk';
  readonly regionCount: RegionCount;
  readonly #blockBytes: ByteCount;
  readonly #image: Uint8Array;
  readonly #handed: Uint8Array;
  readonly #cleanBits: RegionBitset;
  readonly #handedBits: RegionBitset;
  /** Blocks in which `image` and `handed` may differ. */
  readonly #changedBlocks = new Set<number>();
  #marksWaiting = new Set<RegionIndex>();
  #marksTaken = new Set<RegionIndex>();
  #underWay: WriteUnderWay | null = null;
  #nextEpoch = RESUME_EPOCH;
  #durableEpoch = RESUME_EPOCH - 1;
  /** All but the first block, which holds the header, is on the device since the resume. */
  #bodyIsWritten = false;

  /** `image` becomes the log's own. */
  private constructor(image: Uint8Array, regionCount: RegionCount, blockBytes: ByteCount) {
    this.regionCount = regionCount;
    this.#blockBytes = blockBytes;
    this.#image = image;
    this.#handed = image.slice();
    this.#cleanBits = cleanBitsIn(this.#image, regionCount);
    this.#handedBits = cleanBitsIn(this.#handed, regionCount);
    this.rewrite();
  }

  /** Decides what to believe; the first two writes are the whole image. `area.bytes` is left alone. */
  static resume(area: LogArea): Result<ResumedLog, LogRefusal> {
    const belief = beliefIn(area);
    if (!belief.ok) return belief;
    const found = belief.value;
    const { regionCount } = area.geometry;
    const image = area.bytes.slice(0, logImageBytes(regionCount, area.blockBytes));
    encodeLogHeader(
      { magic: LOG_MAGIC, version: LOG_VERSION, regionCount: BigInt(regionCount) },
      image,
    );
    cleanBitsIn(image, regionCount).fill(found.bitsKept, regionCount, found.restClean);
    return accept({ log: new DiskLog(image, regionCount, area.blockBytes), found });
  }

  get durableEpoch(): LogEpoch {
    return this.#durableEpoch;
  }

  isClean(region: RegionIndex): boolean {
    return this.#cleanBits.has(region);
  }

  cleanCount(): RegionCount {
    return this.#cleanBits.count();
  }

  mark(region: RegionIndex): LogEpoch {
    if (this.#cleanBits.has(region)) this.#setDirty(region);
    if (this.#marksWaiting.has(region)) return this.#nextEpoch;
    if (this.#marksTaken.has(region)) return this.#nextEpoch - 1;
    return RESUME_EPOCH;
  }

  clear(region: RegionIndex, inSync: boolean): void {
    if (!inSync || this.#cleanBits.has(region)) return;
    this.#cleanBits.set(region);
    this.#marksWaiting.delete(region);
    this.#changedBlocks.add(this.#blockOf(region));
  }

  owes(): 'nothing' | 'clears' | 'marks' {
    if (this.#changedBlocks.size === 0) return 'nothing';
    return this.#durableEpoch < RESUME_EPOCH || this.#marksWaiting.size > 0 ? 'marks' : 'clears';
  }

  takeWrite(): LogWrite | null {
    const owed = this.owes();
    if (this.#underWay !== null || owed === 'nothing') return null;
    const underWay = this.#bodyIsWritten ? this.#takeChanges() : this.#takeBody();
    this.#underWay = underWay;
    const parts = this.#handOver(underWay.blocks);
    return { epoch: underWay.epoch ?? RESUME_EPOCH, durable: owed === 'marks', parts };
  }

  writeEnded(ok: boolean): void {
    invariant(this.#underWay !== null, 'no log write is under way');
    const { epoch, blocks } = this.#underWay;
    this.#underWay = null;
    if (!ok) this.#oweAgain(blocks);
    else if (epoch === null) this.#bodyIsWritten = true;
    else this.#durableEpoch = epoch;
  }

  rewrite(): void {
    invariant(this.#underWay === null, 'a log write is under way');
    for (let block = 0; block * this.#blockBytes < this.#image.length; block += 1) {
      this.#changedBlocks.add(block);
    }
    this.#bodyIsWritten = this.#image.length <= this.#blockBytes;
    this.#durableEpoch = RESUME_EPOCH - 1;
  }

  copy(): Uint8Array {
    return this.#handed.slice();
  }

  #takeChanges(): WriteUnderWay {
    const blocks = [...this.#changedBlocks].sort((one, other) => one - other);
    const epoch = this.#nextEpoch;
    this.#nextEpoch += 1;
    this.#changedBlocks.clear();
    this.#marksTaken = this.#marksWaiting;
    this.#marksWaiting = new Set();
    return { epoch, blocks };
  }

  /** Marks that it happens to carry wait for the header all the same. */
  #takeBody(): WriteUnderWay {
    const blocks = [...this.#changedBlocks].filter((block) => block > 0);
    this.#changedBlocks.clear();
    this.#changedBlocks.add(0);
    return { epoch: null, blocks: blocks.sort((one, other) => one - other) };
  }

  #setDirty(region: RegionIndex): void {
    this.#cleanBits.clear(region);
    if (!this.#handedBits.has(region)) return; // takes back a clear that was not written yet
    this.#marksWaiting.add(region);
    this.#changedBlocks.add(this.#blockOf(region));
  }

  /** The device may hold any mix of old and new, so the marks of the write count as not made. */
  #oweAgain(blocks: readonly number[]): void {
    for (const block of blocks) this.#changedBlocks.add(block);
    for (const region of this.#marksTaken) {
      this.#handedBits.set(region);
      // The resume's header is owed for marks that went with the body.
      this.#changedBlocks.add(this.#blockOf(region));
      if (!this.#cleanBits.has(region)) this.#marksWaiting.add(region);
    }
  }

  #handOver(blocks: readonly number[]): LogWrite['parts'] {
    const parts: { offset: number; bytes: Uint8Array }[] = [];
    for (let index = 0; index < blocks.length; ) {
      const first = blocks[index] ?? 0;
      let count = 1;
      while (blocks[index + count] === first + count) count += 1;
      const offset = first * this.#blockBytes;
      const end = offset + count * this.#blockBytes;
      this.#handed.set(this.#image.subarray(offset, end), offset);
      parts.push({ offset, bytes: this.#handed.subarray(offset, end) });
      index += count;
    }
    return parts;
  }

  #blockOf(region: RegionIndex): number {
    return Math.floor((CLEAN_BITS_OFFSET + (region >>> 3)) / this.#blockBytes);
  }
}
