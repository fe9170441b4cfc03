/**
 * Makes a log again from its dump (mirrorctl.log/1): the same bytes, of a damaged or foreign log too.
 * Only what the bytes depend on is read; everything else in the dump follows from them.
 */
import { HEADER_BYTES } from '../dirty-log/disk-format.ts';
import { byteCount, REGION_COUNT_MAX, regionCount } from '../geometry/units.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  converted,
  count,
  JsonFault,
  listOf,
  nullable,
  object,
  oneOf,
  text,
} from '../json/json-shape.ts';
import { bytesOfHex } from './hex.ts';
import type { LogDump } from './log-dump.ts';
import { LOG_DUMP_SCHEMA } from './log-dump.ts';
import type { OtherBytes, RegionSpan } from './log-remainder.ts';
import { overlay, plainLog } from './log-remainder.ts';

/** A log of 2^32-1 regions and as much again; a dump that claims more is damaged. */
const EXCERPT_BYTES_MAX = 2 ** 30 + 2 ** 20;

type Restorable = Pick<
  LogDump,
  | 'schema'
  | 'excerptBytes'
  | 'headerHex'
  | 'dirtyRuns'
  | 'otherBytes'
  | 'cleanRegions'
  | 'dirtyRegions'
>;

const hex: Reader<string> = converted(text, (value, at) => {
  if (bytesOfHex(value) === null) throw new JsonFault(at, 'is not pairs of hexadecimal digits');
  return value;
});

const shape = object<Restorable>(
  {
    schema: oneOf(LOG_DUMP_SCHEMA),
    excerptBytes: count,
    headerHex: hex,
    cleanRegions: nullable(count),
    dirtyRegions: nullable(count),
    dirtyRuns: listOf(object<RegionSpan>({ first: count, count }, 'refuse')),
    otherBytes: listOf(
      object<OtherBytes>({ offsetBytes: count, lengthBytes: count, hex }, 'refuse'),
    ),
  },
  'ignore',
);

/** Throws JsonFault where the parts of the dump contradict each other. */
export const restoredLog: Reader<Uint8Array> = converted(shape, (dump) => {
  const { excerptBytes, headerHex, dirtyRuns, otherBytes } = dump;
  const shown = (dump.cleanRegions ?? 0) + (dump.dirtyRegions ?? 0);
  if (excerptBytes > EXCERPT_BYTES_MAX)
    throw new JsonFault('excerptBytes', 'is larger than any log');
  if (shown > Math.min(REGION_COUNT_MAX, 8 * excerptBytes)) {
    throw new JsonFault('cleanRegions', 'is more than there is room for');
  }
  if (headerHex.length !== 2 * Math.min(HEADER_BYTES, excerptBytes)) {
    throw new JsonFault('headerHex', 'is not the header');
  }
  checkOrder(
    dirtyRuns.map(({ first, count: length }) => [first, length]),
    shown,
    'dirtyRuns',
  );
  const stretches = otherBytes.map(({ offsetBytes, lengthBytes }) => [offsetBytes, lengthBytes]);
  checkOrder(stretches as [number, number][], excerptBytes, 'otherBytes');
  const empty = otherBytes.findIndex((stretch) => stretch.hex === '');
  if (empty >= 0) throw new JsonFault(`otherBytes[${empty}].hex`, 'is empty');

  const image = plainLog({
    ...{ length: byteCount(excerptBytes), headerHex, shown: regionCount(shown), dirtyRuns },
  });
  overlay(image, otherBytes);
  return image;
});

/** Spans ascend, are not empty, do not overlap, and end by `end`. */
function checkOrder(spans: readonly (readonly number[])[], end: number, at: string): void {
  let reached = 0;
  for (const [index, [first = 0, length = 0]] of spans.entries()) {
    if (first < reached || length === 0) throw new JsonFault(`${at}[${index}]`, 'is out of order');
    reached = first + length;
    if (reached > end) throw new JsonFault(`${at}[${index}]`, 'goes past the end');
  }
}
