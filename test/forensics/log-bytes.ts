/** Logs made by hand for the tests of this room. */
import type { LogExcerpt, MirrorFacts } from '../../src/forensics/log-excerpt.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { byteCount } from '../../src/geometry/units.ts';
import type { KernelLog } from '../dirty-log/kernel-fixtures.ts';

/** Header and bits in an area of 4 KiB; `around` fills the rest. */
export function logBytes(
  count: bigint | number,
  bits: readonly number[],
  { version = 2, around = 0, length = 4096 } = {},
): Uint8Array {
  const bytes = new Uint8Array(4096).fill(around);
  bytes.set([0x72, 0x52, 0x69, 0x4d, version, 0, 0, 0]);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(count), true);
  bytes.fill(0, 1024, 1024 + 8 * Math.ceil(bits.length / 8));
  bytes.set(bits, 1024);
  return bytes.slice(0, length);
}

export function excerptOf(bytes: Uint8Array, rest: Partial<LogExcerpt> = {}): LogExcerpt {
  return { path: 'm0.log', bytes, roomBytes: bytes.length, blockBytes: byteCount(512), ...rest };
}

export function factsOf(sizeBytes: number | null, regionSizeBytes: number | null): MirrorFacts {
  return {
    ...NO_FACTS,
    sizeBytes: sizeBytes === null ? null : byteCount(sizeBytes),
    regionSizeBytes: regionSizeBytes === null ? null : byteCount(regionSizeBytes),
    source: 'the test',
  };
}

export function factsOfKernelLog({ geometry }: KernelLog): MirrorFacts {
  return factsOf(geometry.sizeBytes, geometry.regionBytes);
}
