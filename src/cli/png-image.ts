/**
 * A raster as a PNG file with a palette (W3C PNG specification, third edition): signature, IHDR, PLTE,
 * IDAT, IEND; each chunk is length, type, data and the CRC of type and data.
 */
import { crc32, deflateSync } from 'node:zlib';
import type { Raster } from '../forensics/log-picture.ts';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Clean, partly dirty, dirty, past the last region. */
const PALETTE = Uint8Array.of(220, 239, 220, 246, 194, 107, 209, 52, 47, 255, 255, 255);
const PAST_THE_END = 3;

export function pngImage({ width, height, cells }: Raster): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8); // 8 bits a pixel, palette, deflate, no filter method, not interlaced
  const rows = Buffer.alloc((width + 1) * height); // each row begins with filter type 0
  cells.forEach((share, cell) => {
    rows[Math.floor(cell / width) * (width + 1) + 1 + (cell % width)] = colourOf(share);
  });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', PALETTE),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', new Uint8Array()),
  ]);
}

function colourOf(share: number | null): number {
  if (share === null) return PAST_THE_END;
  if (share === 0) return 0;
  return share < 1 ? 1 : 2;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}
