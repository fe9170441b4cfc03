/** A directory of its own for a test, gone with it. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

export function scratchDirectory(): string {
  // Short: sockets live below, and their paths are bounded.
  const directory = mkdtempSync(path.join(os.tmpdir(), 'mc-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
