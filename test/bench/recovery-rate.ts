/**
 * How fast a whole mirror recovers, next to `dd bs=1M` copying the same pair of files.
 *
 * Both legs are cached; each round runs dd, then a recovery, so that drift hits both. dd writes into the
 * existing file (conv=notrunc) and is not asked to sync, as recovery's clock stops when the regions are in
 * sync, before the sweep has flushed them: both figures are copies into the page cache.
 */
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import {
  inScratch,
  MIB,
  MIRRORCTL,
  makeLeg,
  median,
  mirrorctl,
  stopServer,
  table,
} from './scratch.ts';

export interface RecoveryOptions {
  readonly rounds: number;
  readonly legMib: number;
  readonly parents: readonly string[];
}

export async function benchRecovery({ rounds, legMib, parents }: RecoveryOptions): Promise<string> {
  const rows: string[][] = [];
  for (const parent of parents) {
    await inScratch(parent, async (directory) => {
      const [a, b] = [path.join(directory, 'a.img'), path.join(directory, 'b.img')];
      makeLeg(a, legMib, 1);
      makeLeg(b, legMib, 2);
      const state = path.join(directory, 'state');
      mirrorctl(state, 'create', 'm', a, b);
      const [dd, recovery]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        dd.push(ddSeconds(a, b));
        recovery.push(await recoverySeconds(state));
      }
      const rate = (seconds: number) => ((legMib * MIB) / 1e6 / seconds).toFixed(0);
      const ratio = median(dd.map((seconds, round) => seconds / (recovery[round] ?? 0)));
      rows.push([parent, rate(median(dd)), rate(median(recovery)), ratio.toFixed(2)]);
    });
  }
  return `### Recovery of a cached pair, MB/s (medians)\n\n${table(['legs on', 'dd bs=1M', 'mirrorctl', '× dd'], rows)}`;
}

function ddSeconds(from: string, to: string): number {
  const started = performance.now();
  execFileSync('dd', [`if=${from}`, `of=${to}`, 'bs=1M', 'conv=notrunc', 'status=none']);
  return (performance.now() - started) / 1000;
}

/** From the first client that could connect to the engine's word that all is in sync. */
async function recoverySeconds(state: string): Promise<number> {
  const engine = spawn(MIRRORCTL, ['activate', 'm', '--init-log', '--state-dir', state], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const serving = lineWith(engine.stdout, 'serving').then(() => performance.now());
  const inSync = lineWith(engine.stderr, 'all regions are in sync\n').then(() => performance.now());
  const seconds = ((await inSync) - (await serving)) / 1000;
  await stopServer(engine);
  return seconds;
}

/** Resolves when `words` have come; keeps reading, so that the engine can go on talking. */
function lineWith(stream: NodeJS.ReadableStream, words: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(words)) resolve();
    });
    stream.on('end', () =>
      reject(new Error(`the engine ended without saying '${words}': ${said}`)),
    );
  });
}
