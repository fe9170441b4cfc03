/**
 * The table line of dm's mirror target: what `dmsetup table` prints and `dmsetup create` takes.
 *
 *   [NAME:] 0 LENGTH mirror  LOG  #legs (DEVICE OFFSET)×#legs  [#features FEATURE…]
 *
 *   LOG       core 1 REGION            core 2 REGION sync|nosync
 *             disk 2 DEVICE REGION     disk 3 DEVICE REGION sync|nosync
 *   FEATURE   handle_errors, keep_log (not without handle_errors)
 *
 * Lengths, offsets and region sizes are sectors. A device is a path or MAJOR:MINOR; which of them is
 * printed is up to the caller.
 *
 * Source: Linux 6.12 drivers/md/dm-raid1.c (`mirror_ctr`, `parse_features`, `mirror_status`) and
 * dm-log.c (`core_ctr`, `disk_ctr`); accepted and refused are the lines that such a kernel accepted
 * and refused (fixtures/kernel-oracle), except that here the start must be 0: a mirror is a whole
 * device and not a piece of one. Logs kept by a daemon (`userspace`) are known and refused.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { ByteCount } from '../geometry/units.ts';
import {
  byteCount,
  bytesToSectors,
  LEG_COUNT_MAX,
  LEG_COUNT_MIN,
  SECTOR_BYTES,
} from '../geometry/units.ts';
import { DmWords, escapeWord } from './dm-words.ts';
import type { MirrorSpec, SyncIntent } from './mirror-spec.ts';

export interface TableLeg {
  /** As written: a path or MAJOR:MINOR. */
  readonly device: string;
  readonly offsetBytes: ByteCount;
}

export type TableLog =
  | { readonly type: 'core' }
  | { readonly type: 'disk'; readonly device: string };

export interface MirrorTable {
  readonly name: string | null;
  readonly sizeBytes: ByteCount;
  readonly regionSizeBytes: ByteCount;
  readonly log: TableLog;
  readonly syncIntent: SyncIntent;
  readonly legs: readonly TableLeg[];
  readonly handleErrors: boolean;
  readonly keepLog: boolean;
}

/** `major:minor` for a block device, the path for a file. */
export type DeviceNamer = (path: string) => string;

const FEATURES = ['handle_errors', 'keep_log'] as const;
/** Logs that live in a cluster daemon: today's type, and those of kernels before 2.6.31. */
const DAEMON_LOGS = ['userspace', 'clustered-core', 'clustered-disk', 'cluster'];
/** The longest length whose bytes can still be counted exactly. */
const SECTORS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / SECTOR_BYTES);
const REGION_SECTORS_MAX = 2 ** 31;
/** As many as a kernel would ever be asked for; a wrong count shows as a missing word anyway. */
const COUNT_MAX = 2 ** 32 - 1;

/** Throws TABLE_MALFORMED, which names the word, its place and what was expected there. */
export function parseTableLine(line: string): MirrorTable {
  const words = new DmWords(line, 'table line');
  takeStart(words);
  const sizeBytes = takeSectors(words, 'the length in sectors', 1);
  words.takeOneOf(['mirror'], 'the target type mirror');
  const log = takeLog(words, sizeBytes);
  const legs = takeLegs(words);
  const features = takeFeatures(words);
  words.end();
  return { name: words.name, sizeBytes, ...log, legs, ...features };
}

function takeStart(words: DmWords): void {
  const expected = 'the start 0';
  if (words.takeNumber(expected, 0, SECTORS_MAX) === 0) return;
  words.refuse(expected, 'a mirror here is a whole device; give each target a mirror of its own');
}

function takeSectors(words: DmWords, expected: string, min: number): ByteCount {
  return byteCount(words.takeNumber(expected, min, SECTORS_MAX) * SECTOR_BYTES);
}

function takeLog(words: DmWords, sizeBytes: ByteCount) {
  const expected = 'the log type core or disk';
  const type = words.take(expected);
  if (DAEMON_LOGS.includes(type)) {
    words.refuse(expected, `a ${type} log lives in a cluster daemon, not in a place we could read`);
  }
  if (type !== 'core' && type !== 'disk') words.refuse(expected);
  const least = type === 'core' ? 1 : 2;
  const counted = `the number of ${type} log arguments, ${least} or ${least + 1}`;
  const count = words.takeNumber(counted, least, least + 1);
  const log: TableLog = type === 'core' ? { type } : { type, device: words.take('the log device') };
  const regionSizeBytes = takeRegionSize(words, sizeBytes);
  const syncIntent = count > least ? words.takeOneOf(['sync', 'nosync']) : null;
  return { log, regionSizeBytes, syncIntent };
}

/** The rules of region sizes are the geometry's; only the words are ours. */
function takeRegionSize(words: DmWords, sizeBytes: ByteCount): ByteCount {
  const sectors = bytesToSectors(sizeBytes);
  const expected = `a region size: a power of two from 2 to ${sectors} sectors`;
  const regionBytes = byteCount(words.takeNumber(expected, 2, REGION_SECTORS_MAX) * SECTOR_BYTES);
  try {
    return RegionGeometry.of(sizeBytes, regionBytes).regionBytes;
  } catch (error) {
    if (error instanceof MirrorError) words.refuse(expected, error.message);
    throw error;
  }
}

function takeLegs(words: DmWords): TableLeg[] {
  const counted = `the number of legs, ${LEG_COUNT_MIN} to ${LEG_COUNT_MAX}`;
  const count = words.takeNumber(counted, LEG_COUNT_MIN, LEG_COUNT_MAX);
  return Array.from({ length: count }, (_, index) => ({
    device: words.take(`the device of leg ${index}`),
    offsetBytes: takeSectors(words, `the offset of leg ${index} in sectors`, 0),
  }));
}

function takeFeatures(words: DmWords): Pick<MirrorTable, 'handleErrors' | 'keepLog'> {
  const count = words.left === 0 ? 0 : words.takeNumber('the number of features', 0, COUNT_MAX);
  const given = new Set<string>();
  for (let index = 0; index < count; index += 1) given.add(words.takeOneOf(FEATURES));
  const handleErrors = given.has('handle_errors');
  const keepLog = given.has('keep_log');
  if (keepLog && !handleErrors) words.refuse('handle_errors as well, which keep_log needs');
  return { handleErrors, keepLog };
}

/** As `dmsetup table NAME` with the name in front. Sizes are whole sectors. */
export function printTableLine(spec: MirrorSpec, nameDevice: DeviceNamer): string {
  const device = (path: string) => escapeWord(nameDevice(path));
  const logArguments = [
    ...(spec.log.type === 'disk' ? [device(spec.log.path)] : []),
    bytesToSectors(spec.regionSizeBytes),
    ...(spec.syncIntent === null ? [] : [spec.syncIntent]),
  ];
  const features = [
    ...(spec.handleErrors ? ['handle_errors'] : []),
    ...(spec.onLogFailure === 'readonly' ? ['keep_log'] : []),
  ];
  return [
    `${spec.name}: 0 ${bytesToSectors(spec.sizeBytes)} mirror`,
    ...[spec.log.type, logArguments.length, ...logArguments],
    spec.legs.length,
    ...spec.legs.flatMap((leg) => [device(leg.path), bytesToSectors(leg.offsetBytes)]),
    ...(features.length === 0 ? [] : [features.length, ...features]),
  ].join(' ');
}
