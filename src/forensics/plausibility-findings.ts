/**
 * Whether everything around a log's bits is as a kernel, LVM or we would have left it.
 *
 *   16 ─ unused ─ 1024 ── bits ── │ padding to 64 bits │ ── slack ──
 *        as found                   0                     as found, or 1s of a mirror that shrank
 *
 * None of this changes what a resume does; it tells what may have happened to the log.
 */
import { CLEAN_BITS_OFFSET, HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { bitsetBytes } from '../dirty-log/region-bitset.ts';
import type { RegionCount } from '../geometry/units.ts';
import type { Finding } from './finding.ts';
import { aboutLog, evidenceAt } from './finding.ts';
import { foreignContent } from './foreign-content.ts';
import type { ExaminedLog } from './log-excerpt.ts';

export function plausibilityFindings(log: ExaminedLog): Finding[] {
  if (log.state === 'foreign') return [];
  const shown = log.cleanBits?.regionCount ?? null;
  return [
    ...overlappingContent(log),
    ...unusedFindings(log),
    ...(shown === null || log.state === 'lvm-new' ? [] : paddingFindings(log, shown)),
    ...(shown === null ? [] : slackFindings(log, shown)),
    ...(shown === null ? [] : bitFindings(log, shown)),
  ];
}

/** A file system made over a log leaves its header alone if its first block is kept for a boot loader. */
function overlappingContent({ bytes }: ExaminedLog): Finding[] {
  const found = foreignContent(bytes);
  if (found === null || found.offset < HEADER_BYTES) return [];
  const message = `what lies behind the header looks like ${found.what}: something else may have been made over the log`;
  const evidence = evidenceAt(bytes, found.offset, found.length);
  return [aboutLog('LOG_OVERWRITTEN', 'critical', message, { confidence: 'possible', evidence })];
}

function unusedFindings({ bytes }: ExaminedLog): Finding[] {
  const place = firstSet(bytes, HEADER_BYTES, CLEAN_BITS_OFFSET);
  if (place === null) return [];
  const message =
    'the unused bytes 16 to 1023 are not zero: the log was begun over other content, which kernels keep';
  const evidence = evidenceAt(bytes, place, CLEAN_BITS_OFFSET - place);
  return [aboutLog('LOG_UNUSED_BYTES_SET', 'info', message, { evidence })];
}

function paddingFindings({ bytes }: ExaminedLog, shown: RegionCount): Finding[] {
  const place = paddingSetAt(bytes, shown);
  if (place === null) return [];
  const message = `bits past region ${shown - 1} are set, where every resume clears them: the log was not left like this by a kernel of 64 bits`;
  const evidence = evidenceAt(bytes, place, 8);
  return [aboutLog('LOG_PADDING_SET', 'warning', message, { confidence: 'likely', evidence })];
}

/** The first byte with a bit past the last of `count` regions, up to whole 64-bit words; null: none. */
export function paddingSetAt(bytes: Uint8Array, count: RegionCount): number | null {
  const end = CLEAN_BITS_OFFSET + bitsetBytes(count);
  const first = CLEAN_BITS_OFFSET + Math.floor(count / 8);
  if (first === end) return null;
  const isSet = (bytes[first] ?? 0) >> (count % 8) !== 0;
  return isSet ? first : firstSet(bytes, first + 1, end);
}

function slackFindings(log: ExaminedLog, shown: RegionCount): Finding[] {
  const { bytes, imageBytes, state } = log;
  const start = CLEAN_BITS_OFFSET + bitsetBytes(shown);
  const place = firstSet(bytes, start, imageBytes ?? start);
  if (place === null || state === 'lvm-new') return [];
  const message =
    'the slack after the bits is not zero: older content, or bits from when the mirror was larger';
  const evidence = evidenceAt(bytes, place, 16);
  return [aboutLog('LOG_SLACK_SET', 'info', message, { evidence })];
}

function bitFindings({ cleanBits }: ExaminedLog, shown: RegionCount): Finding[] {
  const clean = cleanBits?.count() ?? 0;
  if (shown === 0) return [];
  if (clean === 0) {
    const message = 'no region is clean: never in sync, forced to resync, or a leg failed to flush';
    return [aboutLog('LOG_ALL_DIRTY', 'info', message)];
  }
  if (clean < shown) return [];
  const message =
    'every region is clean: an orderly stop, or legs that were said to be equal (nosync); bits cannot tell which';
  return [aboutLog('LOG_ALL_CLEAN', 'info', message)];
}

/** Where the first byte is that is not 0, from `start` to before `end`. */
function firstSet(bytes: Uint8Array, start: number, end: number): number | null {
  const last = Math.min(end, bytes.length);
  for (let at = start; at < last; at += 1) if (bytes[at] !== 0) return at;
  return null;
}
