/**
 * What to believe of a log area that was just read, before anything is written to it.
 *
 *   as read               intent            bits believed            the others
 *   ───────────────────── ───────────────── ──────────────────────── ─────────────────────
 *   all zeroes            –                 none: a new log          dirty
 *   no magic              –                 refused                  (init: a new log)
 *   unknown version       –                 refused                  (init: a new log)
 *   a log, any count      sync              none                     dirty
 *   a log, any count      nosync            none                     clean
 *   count is ours         –                 all                      –
 *   count is LVM's 2^64-1 –                 all                      –
 *   count is remembered   –                 up to the smaller count  dirty (a resized mirror)
 *   another count         –                 refused                  (accept: as after a resize)
 *   count above 2^32-1    –                 refused                  (init: a new log)
 *   other region size     –                 refused                  (init: a new log)
 *
 * `sync` and `nosync` decide about a new log too. Version 1 is read as 2.
 *
 * Source of the rules: Linux 6.12 drivers/md/dm-log.c (`disk_resume`, `read_header`), and what one
 * did with each of these (fixtures/kernel-logs). Different on purpose, since a kernel goes on with
 * any content: a foreign area is never overwritten; an unknown version is not (the kernel keeps
 * that version and resyncs at every activation); a count is compared in all its 64 bits (the kernel
 * sees 2^32+3 as 3), and one that no kernel can have written is evidence of damage, so not even
 * `accept` believes it; and the region size, which the log does not record, is compared with what
 * the sidecar remembers, since the same bits would speak of other places.
 */
import type { Result } from '../errors/mirror-error.ts';
import { accept, MirrorError, reject } from '../errors/mirror-error.ts';
import type { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount, RegionCount } from '../geometry/units.ts';
import type { LogHeader } from './disk-format.ts';
import {
  decodeLogHeader,
  isVersionKnown,
  LOG_MAGIC,
  LVM_NEW_REGION_COUNT,
  logImageBytes,
  plausibleRegionCount,
} from './disk-format.ts';

export interface LogArea {
  /** For messages. */
  readonly path: string;
  /** Read from the start of the log's device; `logImageBytes` of them are the log. */
  readonly bytes: Uint8Array;
  /** Logical block size of the log's device. */
  readonly blockBytes: ByteCount;
  /** Of the mirror it is to serve. */
  readonly geometry: Pick<RegionGeometry, 'regionCount' | 'regionBytes'>;
  /** Whether the legs are to be taken as different or as equal, whatever the log says. */
  readonly syncIntent: 'sync' | 'nosync' | null;
  /** How to go on with a log that cannot be taken as it is. */
  readonly logIntent: 'accept' | 'init' | null;
  /** What the sidecar says the log was last resumed for; null: no sidecar. */
  readonly remembered: {
    readonly regionCount: RegionCount;
    readonly regionSizeBytes: ByteCount;
  } | null;
}

export interface LogBelief {
  /**
   * Where the bits come from: `log` and `lvm-new` believed what was there; `empty` and `init` began
   * a new log; `sync` and `nosync` did as they were told.
   */
  readonly basis: 'log' | 'lvm-new' | 'empty' | 'init' | 'sync' | 'nosync';
  /** The version found; null: there was no log. */
  readonly version: number | null;
  /** The regions that the log found speaks of; null: no log, or LVM's "all there are". */
  readonly regionCountFound: RegionCount | null;
  /** So many bits from the front stay as they are. */
  readonly bitsKept: RegionCount;
  /** The value of the others. */
  readonly restClean: boolean;
}

export type LogRefusal = MirrorError<
  | 'LOG_TRUNCATED'
  | 'LOG_MAGIC_MISSING'
  | 'LOG_VERSION_UNSUPPORTED'
  | 'LOG_REGION_COUNT_UNSAFE'
  | 'LOG_GEOMETRY_MISMATCH'
>;

const HINT_INIT = '--init-log starts a new log there, so that everything is copied';

export function beliefIn(area: LogArea): Result<LogBelief, LogRefusal> {
  const wanted = logImageBytes(area.geometry.regionCount, area.blockBytes);
  if (area.bytes.length < wanted) return reject(truncated(area, wanted));

  const header = decodeLogHeader(area.bytes);
  const isLog = header.magic === LOG_MAGIC;
  const isEmpty = area.bytes.subarray(0, wanted).every((byte) => byte === 0);
  if (area.logIntent === 'init' || isEmpty) {
    return accept(newLog(area, isEmpty ? 'empty' : 'init', isLog ? header : null));
  }
  if (!isLog) return reject(magicMissing(area));
  if (!isVersionKnown(header.version)) return reject(versionUnsupported(area, header.version));
  if (area.syncIntent !== null) return accept(newLog(area, area.syncIntent, header));
  return beliefInBits(area, header);
}

function newLog(
  { syncIntent }: LogArea,
  basis: LogBelief['basis'],
  replaced: LogHeader | null,
): LogBelief {
  return {
    basis: syncIntent ?? basis,
    version: replaced?.version ?? null,
    regionCountFound: replaced === null ? null : plausibleRegionCount(replaced.regionCount),
    bitsKept: 0 as RegionCount,
    restClean: syncIntent === 'nosync',
  };
}

function beliefInBits(area: LogArea, header: LogHeader): Result<LogBelief, LogRefusal> {
  const { geometry, remembered, logIntent } = area;
  if (remembered !== null && remembered.regionSizeBytes !== geometry.regionBytes) {
    return reject(regionSizeChanged(area, remembered.regionSizeBytes));
  }
  const believed = (basis: 'log' | 'lvm-new', found: RegionCount | null, kept: number) => ({
    basis,
    version: header.version,
    regionCountFound: found,
    bitsKept: kept as RegionCount,
    restClean: false,
  });
  const wanted = geometry.regionCount;
  if (header.regionCount === LVM_NEW_REGION_COUNT) return accept(believed('lvm-new', null, wanted));

  const found = plausibleRegionCount(header.regionCount);
  if (found === null) return reject(countUnsafe(area, header.regionCount));
  if (found !== wanted && found !== remembered?.regionCount && logIntent !== 'accept') {
    return reject(countMismatch(area, found));
  }
  return accept(believed('log', found, Math.min(found, wanted)));
}

function truncated({ path, bytes }: LogArea, wanted: number): LogRefusal {
  return new MirrorError(
    'LOG_TRUNCATED',
    `${path} ends after ${bytes.length} bytes, a log of this mirror needs ${wanted}`,
    { path, foundBytes: bytes.length, wantedBytes: wanted },
    'give a larger file or device as the log',
  );
}

function magicMissing({ path, bytes }: LogArea): LogRefusal {
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0'));
  return new MirrorError(
    'LOG_MAGIC_MISSING',
    `${path} holds something that is not a dirty log (it begins ${start.join(' ')})`,
    { path, start: start.join('') },
    `if nobody needs that content, ${HINT_INIT}`,
  );
}

function versionUnsupported({ path }: LogArea, version: number): LogRefusal {
  return new MirrorError(
    'LOG_VERSION_UNSUPPORTED',
    `${path} is a dirty log of version ${version}; known are 1 and 2`,
    { path, version },
    HINT_INIT,
  );
}

function countUnsafe({ path }: LogArea, found: bigint): LogRefusal {
  return new MirrorError(
    'LOG_REGION_COUNT_UNSAFE',
    `${path} speaks of ${found} regions, more than any log can have: its header is damaged`,
    { path, regionCount: found.toString() },
    HINT_INIT,
  );
}

function countMismatch({ path, geometry }: LogArea, found: RegionCount): LogRefusal {
  const common = Math.min(found, geometry.regionCount);
  return new MirrorError(
    'LOG_GEOMETRY_MISMATCH',
    `${path} speaks of ${found} regions, this mirror has ${geometry.regionCount}`,
    { path, regionCount: found, wantedRegionCount: geometry.regionCount },
    `if the mirror was resized, --accept-log believes the first ${common} bits; ${HINT_INIT}`,
  );
}

function regionSizeChanged({ path, geometry }: LogArea, remembered: ByteCount): LogRefusal {
  return new MirrorError(
    'LOG_GEOMETRY_MISMATCH',
    `${path} was written for regions of ${remembered} bytes, this mirror has ${geometry.regionBytes}`,
    { path, regionSizeBytes: remembered, wantedRegionSizeBytes: geometry.regionBytes },
    `give the mirror its old region size; or ${HINT_INIT}`,
  );
}
