/** Scratch legs: filled so that no two have a block in common, and compared byte for byte. */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';

const MIB = 1024 * 1024;

/** Makes `file` with `sizeBytes` (whole MiB) that depend on `seed`. */
export function fillLeg(file: string, sizeBytes: number, seed: number): void {
  const chunk = new Uint32Array(MIB / 4);
  const fd = openSync(file, 'wx', 0o600);
  try {
    for (let at = 0; at < sizeBytes; at += MIB) {
      for (let word = 0; word < chunk.length; word += 1) {
        chunk[word] = Math.imul(at + word + seed, 0x9e3779b1);
      }
      writeSync(fd, new Uint8Array(chunk.buffer), 0, MIB, at);
    }
  } finally {
    closeSync(fd);
  }
}

/** The offset of the first byte that differs, or null. */
export function firstDifference(fileA: string, fileB: string, sizeBytes: number): number | null {
  const [a, b] = [openSync(fileA, 'r'), openSync(fileB, 'r')];
  const [partA, partB] = [Buffer.alloc(MIB), Buffer.alloc(MIB)];
  try {
    for (let at = 0; at < sizeBytes; at += MIB) {
      readSync(a, partA, 0, MIB, at);
      readSync(b, partB, 0, MIB, at);
      if (!partA.equals(partB)) return at + partA.findIndex((byte, place) => byte !== partB[place]);
    }
    return null;
  } finally {
    closeSync(a);
    closeSync(b);
  }
}
