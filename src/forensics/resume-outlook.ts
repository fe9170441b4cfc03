/**
 * What would happen if the mirror were activated on this log now: by a kernel, and by us.
 *
 * The kernel never refuses what it reads. It keeps bits up to the header's count, of which it sees
 * 32 bits only; LVM's 2^64-1 thus means all. No magic: a new log. Another version: everything is
 * copied, and the version stays, so everything is copied again at the next activation.
 *
 * Source: Linux 6.12 drivers/md/dm-log.c (`disk_resume`), checked against what one did with each log
 * of fixtures/kernel-logs.
 */

import { isVersionKnown, logImageBytes } from '../dirty-log/disk-format.ts';
import type { LogBelief } from '../dirty-log/log-resume.ts';
import { beliefIn } from '../dirty-log/log-resume.ts';
import { RegionBitset } from '../dirty-log/region-bitset.ts';
import { formatRegions } from '../geometry/size-words.ts';
import type { ByteCount, RegionCount } from '../geometry/units.ts';
import { regionCount } from '../geometry/units.ts';
import type { ExaminedLog, MirrorFacts } from './log-excerpt.ts';

export interface Outlook {
  /** Regions that would be copied; null: all of them, however many that is, or none would start. */
  readonly copies: RegionCount | null;
  readonly words: string;
}

const FROM_DEFAULT = 'from the default mirror';

/** For a mirror of `regions` regions. */
export function kernelOutlook(log: ExaminedLog, regions: RegionCount | null): Outlook {
  const { header, magicOk, roomBytes, blockBytes } = log;
  if (regions !== null && roomBytes !== null && roomBytes < logImageBytes(regions, blockBytes)) {
    return { copies: null, words: 'refuses the table: the log device is too small' };
  }
  const all = regions === null ? 'every region' : `all ${formatRegions(regions)}`;
  if (header === null || !magicOk) {
    const words = `takes it for a new log and copies ${all} ${FROM_DEFAULT}`;
    return { copies: regions, words };
  }
  if (!isVersionKnown(header.version)) {
    const words = `copies ${all} ${FROM_DEFAULT}, now and at every activation: it does not know version ${header.version} and keeps it`;
    return { copies: regions, words };
  }
  if (regions === null) return { copies: null, words: 'believes every bit' };
  const copies = copyingDirty(log, regions, Number(BigInt.asUintN(32, header.regionCount)));
  const words = copies === 0 ? 'copies nothing' : `copies ${formatRegions(copies)} ${FROM_DEFAULT}`;
  return { copies, words };
}

/** For a mirror of `regions` regions of `regionBytes`, which only a sidecar's are compared with. */
export function ownOutlook(
  log: ExaminedLog,
  regions: RegionCount | null,
  regionBytes: ByteCount,
  { intents, readOnly }: Pick<MirrorFacts, 'intents' | 'readOnly'>,
): Outlook {
  if (regions === null) return { copies: null, words: 'cannot say without the mirror’s size' };
  const { path, bytes, blockBytes } = log;
  const geometry = { regionCount: regions, regionBytes };
  const belief = beliefIn({ path, bytes, blockBytes, geometry, ...intents });
  if (!belief.ok) return { copies: null, words: `refuses it: ${belief.error.message}` };
  const { basis, bitsKept, restClean } = belief.value;
  const copies = restClean ? regionCount(0) : copyingDirty(log, regions, bitsKept);
  const source = `${formatRegions(copies)} from the source leg`;
  if (copies === 0) return { copies, words: `${BASIS_WORDS[basis]}copies nothing` };
  if (!readOnly) return { copies, words: `${BASIS_WORDS[basis]}copies ${source}` };
  return { copies: regionCount(0), words: `is read-only: reads ${source} only and copies nothing` };
}

const BASIS_WORDS: Readonly<Record<LogBelief['basis'], string>> = {
  log: '',
  'lvm-new': 'believes every bit and ',
  empty: 'starts a new log and ',
  init: 'starts a new log over it and ',
  sync: 'forgets every clean bit, as it was told, and ',
  nosync: 'takes the legs to be equal, as it was told, and ',
};

/** How many of `regions` regions are copied when clean bits below `kept` are believed. */
function copyingDirty(log: ExaminedLog, regions: RegionCount, kept: number): RegionCount {
  const bits = log.cleanBits;
  const believed = regionCount(Math.min(regions, kept, bits?.regionCount ?? 0));
  return regionCount(regions - (bits === null ? 0 : countBelow(bits, believed)));
}

function countBelow(bits: RegionBitset, end: RegionCount): number {
  const copy = new RegionBitset(bits.regionCount, bits.bytes.slice());
  copy.fill(end, bits.regionCount, false);
  return copy.count();
}
