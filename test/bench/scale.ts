/** How long a 16 TiB mirror takes to serve, and how much memory it then holds. Sparse legs in memory. */
import path from 'node:path';
import {
  inScratch,
  MIRRORCTL,
  median,
  mirrorctl,
  residentMib,
  startServer,
  stopServer,
  table,
} from './scratch.ts';

export async function benchScale(rounds: number, parent: string): Promise<string> {
  return inScratch(parent, async (directory) => {
    const state = path.join(directory, 'state');
    const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
    mirrorctl(state, 'create', 'big', ...legs, '--size', '16T', '--nosync');
    const [seconds, mebibytes]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const socket = path.join(directory, `nbd-${round}`);
      const started = performance.now();
      const command = [
        MIRRORCTL,
        'activate',
        'big',
        '--state-dir',
        state,
        '--listen',
        `unix:${socket}`,
      ];
      const engine = await startServer(command, socket);
      seconds.push((performance.now() - started) / 1000);
      mebibytes.push(residentMib(engine.pid ?? 0));
      await stopServer(engine);
    }
    const row = ['16 TiB', median(seconds).toFixed(2), median(mebibytes).toFixed(0)];
    return `### Activation of a large mirror (medians)\n\n${table(['mirror', 'seconds until served', 'MiB resident'], [row])}`;
  });
}
