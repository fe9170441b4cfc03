/** Files of lines that grow at the end: events, history. What a power cut takes is missed by nobody. */
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';

const NEWLINE = 0x0a;

/**
 * Appends `line`, newline and all, without waiting for the disk. What was being written when the power
 * went, or the disk was full, stays a line of its own. Throws what the file system throws.
 */
export function appendLine(file: string, line: string): void {
  const fd = openSync(file, 'a+', 0o600);
  try {
    writeFileSync(fd, endsTorn(fd) ? `\n${line}` : line);
  } finally {
    closeSync(fd);
  }
}

function endsTorn(fd: number): boolean {
  const { size } = fstatSync(fd);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last[0] !== NEWLINE;
}
