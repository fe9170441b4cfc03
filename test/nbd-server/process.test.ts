/**
 * A server as a process of its own: it must end when told to, and its remains must not keep the next
 * one from starting.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_PATHS } from './data-paths.ts';
import { SocketClient } from './socket-client.ts';

const SCRIPT = fileURLToPath(new URL('./memory-export.ts', import.meta.url));
/** A busy machine may take its time to start a process. */
const PATIENCE_MS = 60_000;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'nbd-process-'));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end('SIGKILL')));
  rmSync(directory, { recursive: true });
});

const servers: ServerProcess[] = [];

class ServerProcess {
  readonly #process: ChildProcess;
  /** With its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.ended = new Promise((resolve) => process.once('exit', resolve));
  }

  /** Resolves when it says that it listens. */
  static async at(socketPath: string, io: string): Promise<ServerProcess> {
    const stdio = ['ignore', 'pipe', 'inherit'] as const;
    const child = spawn(process.execPath, [SCRIPT, socketPath, '1', io], { stdio: [...stdio] });
    const server = new ServerProcess(child);
    servers.push(server);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    return server;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.#process.kill(signal);
    return await this.ended;
  }
}

describe.each(DATA_PATHS)('a server over %s', (io) => {
  test(
    'that was killed is followed by another at the same place, which ends cleanly',
    async () => {
      const path = join(directory, io);
      const killed = await ServerProcess.at(path, io);
      await killed.end('SIGKILL');
      expect(existsSync(path)).toBe(true);

      const next = await ServerProcess.at(path, io);
      const client = await SocketClient.at({ path });
      const exitCode = await next.end('SIGTERM');
      await client.closed;
      expect(exitCode).toBe(0);
      expect(existsSync(path)).toBe(false);
    },
    PATIENCE_MS,
  );
});
