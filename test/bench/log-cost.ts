/**
 * What the dirty log costs: random 4k writes all over a thousand regions, with the log on a device and
 * with the log in memory, in alternation over the same legs. Says too what was written to the log.
 */
import path from 'node:path';
import { RANDOM_WRITES, runFio } from './fio.ts';
import {
  cpuSeconds,
  inScratch,
  makeLeg,
  median,
  mirrorctl,
  startMirror,
  statusOf,
  stopServer,
  table,
} from './scratch.ts';

const REGION_COUNT = 1024;

export interface LogCostOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly legMib: number;
  /** Where the legs lie; the log lies on each of `logParents`. */
  readonly parent: string;
  readonly logParents: readonly string[];
}

const COLD_SECONDS = 1;

interface Measured {
  /** While every region is marked for the first time. */
  readonly coldIops: number;
  /** Afterwards. */
  readonly iops: number;
  readonly cpuMsPerThousand: number;
  readonly logBytesPerGib: number;
}

export async function benchLogCost(options: LogCostOptions): Promise<string> {
  const rows: string[][] = [];
  for (const logParent of options.logParents) {
    await inScratch(options.parent, (legs) =>
      inScratch(logParent, async (logs) => {
        for (const name of ['a.img', 'b.img']) makeLeg(path.join(legs, name), options.legMib, 1);
        const [core, disk]: [Measured[], Measured[]] = [[], []];
        for (let round = 0; round < options.rounds; round += 1) {
          core.push(await measure(legs, 'core', options));
          disk.push(await measure(legs, path.join(logs, `${round}.log`), options));
        }
        rows.push(row(logParent, core, disk));
      }),
    );
  }
  const head = [
    ...['log on', 'core log', 'disk log', '× core', 'CPU × core'],
    ...['× core in the first second', 'log bytes a GiB'],
  ];
  return `### Random 4k writes QD32 over ${REGION_COUNT} regions, IOPS (medians)\n\n${table(head, rows)}`;
}

function row(logParent: string, core: readonly Measured[], disk: readonly Measured[]): string[] {
  const ratio = (of: (run: Measured) => number) =>
    median(disk.map((run, round) => of(run) / of(core[round] as Measured))).toFixed(2);
  const iops = (runs: readonly Measured[]) => median(runs.map((run) => run.iops)).toFixed(0);
  return [
    logParent,
    iops(core),
    iops(disk),
    ratio((run) => run.iops),
    ratio((run) => run.cpuMsPerThousand),
    ratio((run) => run.coldIops),
    median(disk.map((run) => run.logBytesPerGib)).toFixed(0),
  ];
}

/** Every region is clean at first. */
async function measure(
  legs: string,
  log: string,
  { seconds, legMib }: LogCostOptions,
): Promise<Measured> {
  return inScratch(legs, async (directory) => {
    const state = path.join(directory, 'state');
    const socket = path.join(directory, 'nbd');
    const [a, b] = [path.join(legs, 'a.img'), path.join(legs, 'b.img')];
    const regionKib = (legMib * 1024) / REGION_COUNT;
    const how = ['--nosync', '--log', log, '--region-size', `${regionKib}k`];
    mirrorctl(state, 'create', 'm', a, b, ...how);
    const engine = await startMirror(state, socket);
    const pid = engine.pid ?? 0;
    const uri = `nbd+unix:///m?socket=${socket}`;
    const cold = await runFio(uri, RANDOM_WRITES, COLD_SECONDS);
    const before = cpuSeconds(pid);
    const load = await runFio(uri, RANDOM_WRITES, seconds);
    const cpu = cpuSeconds(pid) - before;
    const { io } = statusOf(state);
    const bytesWritten = cold.bytesWritten + load.bytesWritten;
    await stopServer(engine);
    return {
      coldIops: cold.iops,
      iops: load.iops,
      cpuMsPerThousand: (cpu * 1e6) / load.requests,
      logBytesPerGib: (io.logWriteBytes ?? 0) / (bytesWritten / 2 ** 30),
    };
  });
}
