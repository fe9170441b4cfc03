/**
 * Listeners in a directory of their own, and everything closed and gone afterwards.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Carrier } from '../../src/nbd-server/carrier.ts';
import { MEMORY_LIMITS } from '../../src/nbd-server/memory-budget.ts';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { MemoryMirror } from './memory-mirror.ts';

/** Little, so that a test can use it up. */
const LIMITS = { ...MEMORY_LIMITS, totalBytesMax: 1024 * 1024, connectionsMax: 3 };

export class Serving {
  readonly directory = mkdtempSync(path.join(os.tmpdir(), 'nbd-'));
  /** As the listeners told it. */
  connectionCount = 0;
  #counted = () => {};
  readonly #carrier: Carrier;
  readonly #listeners: NbdListener[] = [];

  constructor(carrier: Carrier) {
    this.#carrier = carrier;
  }

  socketPath(name = 'm0.nbd'): string {
    return path.join(this.directory, name);
  }

  listener(mirror = new MemoryMirror({ sizeBytes: 1024 * 1024 })): NbdListener {
    const tell = (count: number) => {
      this.connectionCount = count;
      this.#counted();
    };
    const listener = new NbdListener(mirror, tell, this.#carrier, LIMITS);
    this.#listeners.push(listener);
    return listener;
  }

  /** Resolves when nobody is connected. */
  async everybodyLeft(): Promise<void> {
    if (this.connectionCount === 0) return;
    await new Promise<void>((resolve) => {
      this.#counted = () => {
        if (this.connectionCount === 0) resolve();
      };
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#listeners.map((listener) => listener.close(0)));
    rmSync(this.directory, { recursive: true });
  }
}
