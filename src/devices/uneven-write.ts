/**
 * A write of any bytes to a device that takes whole blocks only. What the first and the last block hold
 * around it is read first:
 *
 *   blocks   │ read ▓▓▓▓▓│▓▓▓▓▓▓▓▓▓▓│▓▓▓ read │      ▓ what is to be written
 *            ├───────── one write ───────────┤
 *
 * Long ones are done in parts, one after the other. No other write may be under way in those blocks.
 */
import type { Done, IoError } from './leg-io.ts';

const PART_BYTES = 1024 * 1024;

interface Lent {
  data(length: number): Uint8Array;
  release(): void;
}

/** Takes native memory, and ranges of whole blocks. */
export interface WholeBlocks {
  readonly memory: { take(length: number): Lent };
  readonly blockBytes: number;
  read(into: Uint8Array, position: number, done: Done): void;
  write(from: Uint8Array, position: number, fua: boolean, done: Done): void;
}

/** `from` may lie anywhere, and stays as it is until `done`. */
export function writeUneven(
  device: WholeBlocks,
  from: Uint8Array,
  position: number,
  fua: boolean,
  done: Done,
): void {
  const { memory, blockBytes } = device;
  const start = position - (position % blockBytes);
  const part = from.subarray(0, start + PART_BYTES - position);
  const end = position + part.length;
  const length = Math.ceil((end - start) / blockBytes) * blockBytes;
  const slot = memory.take(length);
  const blocks = slot.data(length);
  const ended = (error: IoError | null) => {
    slot.release();
    if (error !== null || part.length === from.length) done(error);
    else writeUneven(device, from.subarray(part.length), end, fua, done);
  };
  readEnds(device, blocks, { start, from: position, to: end }, (error) => {
    if (error !== null) return ended(error);
    blocks.set(part, position - start);
    device.write(blocks, start, fua, ended);
  });
}

/** The first and the last of `blocks`, if what is to be written does not fill them. */
function readEnds(
  device: WholeBlocks,
  blocks: Uint8Array,
  at: { readonly start: number; readonly from: number; readonly to: number },
  done: Done,
): void {
  const { blockBytes } = device;
  const lastAt = blocks.length - blockBytes;
  const needsLast = at.to < at.start + blocks.length;
  const needsFirst = at.from > at.start && !(needsLast && lastAt === 0);
  const readLast = (error: IoError | null) => {
    if (error !== null || !needsLast) done(error);
    else device.read(blocks.subarray(lastAt), at.start + lastAt, done);
  };
  if (needsFirst) device.read(blocks.subarray(0, blockBytes), at.start, readLast);
  else readLast(null);
}
