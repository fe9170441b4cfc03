/**
 * What the dashboard costs, and what an engine notices of it: `tui` on a pseudo-terminal of 200 × 50 shows
 * a mirror of a million regions while a client writes all over it.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PtyScreen } from '../terminal/pty-screen.ts';
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
const WARM_UP_SECONDS = 2;
/** Node compiles for a while after a start. */
const SETTLE_MS = 2000;

interface Measured {
  readonly alone: number;
  readonly watched: number;
  readonly firstFrameSeconds: number;
  readonly firstFrameCpuSeconds: number;
  /** Percent of one core, while the client writes. */
  readonly cpu: number;
  readonly kibPerSecond: number;
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
    const engine = await startMirror(state, socket);
    try {
      const load = (how: number) => runFio(`nbd+unix:///m?socket=${socket}`, RANDOM_WRITES, how);
      await load(WARM_UP_SECONDS);
      const runs: Measured[] = [];
      for (let round = 0; round < rounds; round += 1) {
        runs.push(await measure(state, async () => (await load(seconds)).iops));
      }
      return report(runs);
    } finally {
      await stopServer(engine);
    }
  });
}

async function measure(state: string, load: () => Promise<number>): Promise<Measured> {
  const before = await load();
  const started = performance.now();
  const words = ['tui', 'm', '--state-dir', state];
  const screen = new PtyScreen(MIRRORCTL, words, { columns: COLUMNS, rows: ROWS });
  await screen.until(/clean [\d,]{6,}/);
  const firstFrameSeconds = (performance.now() - started) / 1000;
  const firstFrameCpuSeconds = cpuSeconds(screen.pid);
  await sleep(SETTLE_MS);
  const cpuBefore = cpuSeconds(screen.pid);
  const loadStarted = performance.now();
  const written = screen.output.length;
  const watched = await load();
  const lasted = (performance.now() - loadStarted) / 1000;
  const cpu = ((cpuSeconds(screen.pid) - cpuBefore) / lasted) * 100;
  const kibPerSecond = (screen.output.length - written) / lasted / 1024;
  screen.send('q');
  await screen.exited;
  const after = await load();
  const alone = (before + after) / 2;
  return { alone, watched, firstFrameSeconds, firstFrameCpuSeconds, cpu, kibPerSecond };
}

function report(runs: readonly Measured[]): string {
  const of = (value: (run: Measured) => number, digits: number) =>
    median(runs.map(value)).toFixed(digits);
  const head = [
    ...['IOPS alone', 'IOPS watched', 'watched × alone'],
    ...['first frame, s', 'its CPU, s', 'CPU under load, %', 'KiB/s to the terminal'],
  ];
  const row = [
    of((run) => run.alone, 0),
    of((run) => run.watched, 0),
    of((run) => run.watched / run.alone, 3),
    of((run) => run.firstFrameSeconds, 2),
    of((run) => run.firstFrameCpuSeconds, 2),
    of((run) => run.cpu, 1),
    of((run) => run.kibPerSecond, 1),
  ];
  const title = `The dashboard at ${COLUMNS} × ${ROWS}, 1048576 regions, random 4k writes QD32 (medians)`;
  return `### ${title}\n\n${table(['mirror', ...head], [['4 GiB', ...row]])}`;
}
