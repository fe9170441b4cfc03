/**
 * How long a copy will take at least: a few reads, spread over the leg that is copied from, tell how
 * fast it is read now. Writing may be slower, and clients come first, so the truth is at least as long.
 */
import fs from 'node:fs';

const PIECE_BYTES = 1024 * 1024;
const PIECES = 24;
const LOOK_MS = 250;

/** Null: it cannot be read, or so little is copied that nothing can be said. */
export function secondsAtLeast(path: string, copyBytes: number): number | null {
  if (copyBytes < PIECE_BYTES) return null;
  let fd: number;
  try {
    fd = fs.openSync(path, fs.constants.O_RDONLY);
  } catch {
    return null; // Whoever copies will say why; here it only means that nobody knows.
  }
  try {
    const bytesPerSecond = readRate(fd, copyBytes);
    return bytesPerSecond === null ? null : copyBytes / bytesPerSecond;
  } finally {
    fs.closeSync(fd);
  }
}

function readRate(fd: number, spread: number): number | null {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const began = performance.now();
  let bytes = 0;
  for (let number = 0; number < PIECES && performance.now() - began < LOOK_MS; number += 1) {
    const at = Math.floor((spread / PIECES) * number);
    try {
      bytes += fs.readSync(fd, piece, 0, PIECE_BYTES, at);
    } catch {
      return null;
    }
  }
  const seconds = (performance.now() - began) / 1000;
  return bytes === 0 || seconds === 0 ? null : bytes / seconds;
}
