/**
 * Reads and writes of any bytes on a device that takes whole blocks only. For a write, what the first and
 * the last block hold around it is read first:
 *
 *   blocks   │ read ▓▓▓▓▓│▓▓▓▓▓▓▓▓▓▓│▓▓▓ read │      ▓ what is to be written
 *            ├───────── one write ───────────┤
 *
 * Long ones are done in parts, one after the other. While one is written, no other write may be under way
 * in its blocks.
 */
import type { Done, IoError } from './leg-io.ts';
import type { NativeSlot } from './native-memory.ts';

const PART_BYTES = 1024 * 1024;

/** Takes native memory, and ranges of whole blocks. */
export interface WholeBlocks {
  readonly memory: { take(length: number): Pick<NativeSlot, 'data' | 'release'> };
  readonly blockBytes: number;
  read(into: Uint8Array, position: number, done: Done): void;
  write(from: Uint8Array, position: number, fua: boolean, done: Done): void;
}

/** `into` may lie anywhere. */
export function readUneven(
  device: WholeBlocks,
  into: Uint8Array,
  position: number,
  done: Done,
): void {
  const { part, start, end, slot, blocks } = firstPart(device, into, position);
  device.read(blocks, start, (error) => {
    if (error === null) part.set(blocks.subarray(position - start, end - start));
    slot.release();
    if (error !== null || part.length === into.length) done(error);
    else readUneven(device, into.subarray(part.length), end, done);
  });
}

/** `from` may lie anywhere, and stays as it is until `done`. */
export function writeUneven(
  device: WholeBlocks,
  from: Uint8Array,
  position: number,
  fua: boolean,
  done: Done,
): void {
  const { part, start, end, slot, blocks } = firstPart(device, from, position);
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

/** The first part of `bytes`, which belong at `position`, and room for the blocks that it touches. */
function firstPart({ memory, blockBytes }: WholeBlocks, bytes: Uint8Array, position: number) {
  const start = position - (position % blockBytes);
  const part = bytes.subarray(0, start + PART_BYTES - position);
  const end = position + part.length;
  const length = Math.ceil((end - start) / blockBytes) * blockBytes;
  const slot = memory.take(length);
  return { part, start, end, slot, blocks: slot.data(length) };
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
