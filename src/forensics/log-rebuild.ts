/** A new log with the bits it is given, as a kernel of 64 bits would begin it on an empty device. */
import {
  cleanBitsIn,
  encodeLogHeader,
  LOG_MAGIC,
  LOG_VERSION,
  logImageBytes,
} from '../dirty-log/disk-format.ts';
import type { RegionBitset } from '../dirty-log/region-bitset.ts';
import type { ByteCount } from '../geometry/units.ts';

export function rebuiltLog(cleanBits: RegionBitset, blockBytes: ByteCount): Uint8Array {
  const { regionCount } = cleanBits;
  const image = new Uint8Array(logImageBytes(regionCount, blockBytes));
  encodeLogHeader(
    { magic: LOG_MAGIC, version: LOG_VERSION, regionCount: BigInt(regionCount) },
    image,
  );
  cleanBitsIn(image, regionCount).bytes.set(cleanBits.bytes);
  return image;
}
