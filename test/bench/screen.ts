/**
 * What the dashboard costs, and what an engine notices of it: `tui` on a pseudo-terminal of 200 × 50 shows
 * a mirror of a million regions while a client writes all over it.
 */
import path from 'node:path';
import { PtyScreen } from '../terminal/pty-screen.ts';
import type { Load } from './fio.ts';
import { RANDOM_WRITES, runFio } from './fio.ts';
import {
  cpuSeconds,
  inScratch,
  MIRRORCTL,
  median,
  mirrorctl,
  startMirror,
  stopServer,
  table,
} from './scratch.ts';

const COLUMNS = 200;
const ROWS = 50;
/** Node compiles for a while after a start, and again when there is more to do. */
const WARM_UP_SECONDS = 4;
const PAIRS = 5;

const ONE_AT_A_TIME = ['--rw=randwrite', '--bs=4k', '--iodepth=1'];

interface Measured {
  readonly firstFrameSeconds: number;
  /** Percent of one core, while the client writes as fast as it can. */
  readonly cpu: number;
  readonly kibPerSecond: number;
  /** IOPS watched × alone, with one request in flight and with 32. */
  readonly one: number;
  readonly many: number;
}

export async function benchScreen(rounds: number, seconds: number, parent: string) {
  return inScratch(parent, async (directory) => {
    const state = path.join(directory, 'state');
    const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
    mirrorctl(
      state,
      'create',
      'm',
      ...legs,
      ...['--size', '4G', '--region-size', '4k'],
      '--nosync',
    );
    const socket = path.join(directory, 'nbd');
    const uri = `nbd+unix:///m?socket=${socket}`;
    const engine = await startMirror(state, socket);
    try {
      await runFio(uri, RANDOM_WRITES, WARM_UP_SECONDS);
      const runs: Measured[] = [];
      for (let round = 0; round < rounds; round += 1) runs.push(await measure(state, uri, seconds));
      return report(runs);
    } finally {
      await stopServer(engine);
    }
  });
}

async function measure(state: string, uri: string, seconds: number): Promise<Measured> {
  const started = performance.now();
  const words = ['tui', 'm', '--state-dir', state];
  const screen = new PtyScreen(MIRRORCTL, words, { columns: COLUMNS, rows: ROWS });
  await screen.until(/clean [\d,]{6,}/);
  const firstFrameSeconds = (performance.now() - started) / 1000;
  await runFio(uri, RANDOM_WRITES, WARM_UP_SECONDS);
  const before = {
    cpu: cpuSeconds(screen.pid),
    at: performance.now(),
    bytes: screen.output.length,
  };
  await runFio(uri, RANDOM_WRITES, seconds);
  const lasted = (performance.now() - before.at) / 1000;
  const cpu = ((cpuSeconds(screen.pid) - before.cpu) / lasted) * 100;
  const kibPerSecond = (screen.output.length - before.bytes) / lasted / 1024;
  const one = await watchedByAlone(screen, () => runFio(uri, ONE_AT_A_TIME, seconds / 2));
  const many = await watchedByAlone(screen, () => runFio(uri, RANDOM_WRITES, seconds / 2));
  screen.send('q');
  await screen.exited;
  return { firstFrameSeconds, cpu, kibPerSecond, one, many };
}

/** While it is stopped, the dashboard asks nothing: the shortest way from alone to watched and back. */
async function watchedByAlone(screen: PtyScreen, load: () => Promise<Load>): Promise<number> {
  const ratios: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    screen.kill('SIGSTOP');
    const alone = await load();
    screen.kill('SIGCONT');
    const watched = await load();
    ratios.push(watched.iops / alone.iops);
  }
  return median(ratios);
}

function report(runs: readonly Measured[]): string {
  const of = (value: (run: Measured) => number, digits: number) =>
    median(runs.map(value)).toFixed(digits);
  const head = ['first frame, s', 'CPU, % of a core', 'KiB/s to the terminal'];
  const ratios = ['IOPS QD1, watched × alone', 'QD32'];
  const row = [
    of((run) => run.firstFrameSeconds, 2),
    of((run) => run.cpu, 1),
    of((run) => run.kibPerSecond, 1),
    of((run) => run.one, 3),
    of((run) => run.many, 3),
  ];
  const title = `The dashboard at ${COLUMNS} × ${ROWS}, 1048576 regions, random 4k writes (medians)`;
  return `### ${title}\n\n${table(['mirror', ...head, ...ratios], [['4 GiB', ...row]])}`;
}
