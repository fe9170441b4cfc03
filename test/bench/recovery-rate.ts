/**
 * How fast a whole mirror recovers, next to the tools that copy one of the same files to the other; and
 * what a client notices meanwhile.
 *
 * Both legs are cached; each round runs every tool, then a recovery, so that drift hits all. The tools
 * write into the existing file and are not asked to sync, as recovery's clock stops when the regions are
 * in sync, before the sweep has flushed them: all figures are copies into the page cache. Before each,
 * what is dirty is written, and the cache is dropped and filled again: in one that another tool has left,
 * by writing in other pieces, the same copy can take half as long or twice. Past the page cache it is the
 * disk that is compared.
 */
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { runFio } from './fio.ts';
import {
  has,
  inScratch,
  MIB,
  MIRRORCTL,
  makeLeg,
  median,
  mirrorctl,
  statusOf,
  stopServer,
  table,
} from './scratch.ts';

export interface RecoveryOptions {
  readonly rounds: number;
  readonly legMib: number;
  readonly parents: readonly string[];
}

type CopyCommand = (from: string, to: string) => string[];

/** What recovery is compared with, how the mirror is activated for it, what comes before each copy. */
interface Contest {
  readonly title: string;
  readonly tools: Readonly<Record<string, CopyCommand>>;
  readonly activation: readonly string[];
  readonly settle: (...legs: string[]) => void;
}

const dd = (from: string, to: string) => [
  'dd',
  `if=${from}`,
  `of=${to}`,
  'bs=1M',
  'conv=notrunc',
  'status=none',
];

const CACHED: Contest = {
  title: 'Recovery of a cached pair',
  tools: {
    'dd bs=1M': dd,
    cp: (from, to) => ['cp', '--sparse=never', '--reflink=never', from, to],
    nbdcopy: (from, to) => ['nbdcopy', from, to],
  },
  activation: [],
  settle: (...legs) => {
    dropCaches(...legs);
    for (const leg of legs) {
      execFileSync('dd', [`if=${leg}`, 'of=/dev/null', 'bs=1M', 'status=none']);
    }
  },
};

const DIRECT: Contest = {
  title: 'Recovery past the page cache',
  tools: { 'dd O_DIRECT': (from, to) => [...dd(from, to), 'iflag=direct', 'oflag=direct'] },
  activation: ['--direct'],
  settle: dropCaches,
};

export function benchRecovery(options: RecoveryOptions): Promise<string> {
  return runContest(CACHED, options);
}

export function benchDirectRecovery(options: RecoveryOptions): Promise<string> {
  return runContest(DIRECT, options);
}

async function runContest(
  { title, tools: all, activation, settle }: Contest,
  { rounds, legMib, parents }: RecoveryOptions,
): Promise<string> {
  const tools = Object.keys(all).filter((tool) => has(tool.split(' ')[0] ?? ''));
  const rows: string[][] = [];
  for (const parent of parents) {
    await inScratch(parent, async (directory) => {
      const { a, b, state } = makeMirror(directory, legMib);
      const tookEach = new Map(tools.map((tool): [string, number[]] => [tool, []]));
      const recovery: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const [tool, took] of tookEach) {
          settle(a, b);
          took.push(copySeconds(all[tool]?.(a, b) ?? []));
        }
        settle(a, b);
        recovery.push(await recoverySeconds(state, activation));
      }
      const rate = (seconds: number) => ((legMib * MIB) / 1e6 / seconds).toFixed(0);
      const best = recovery.map((_, round) =>
        Math.min(...[...tookEach.values()].map((took) => took[round] ?? Number.POSITIVE_INFINITY)),
      );
      const ratio = median(best.map((seconds, round) => seconds / (recovery[round] ?? 0)));
      rows.push([
        parent,
        ...[...tookEach.values()].map((took) => rate(median(took))),
        rate(median(recovery)),
        ratio.toFixed(2),
      ]);
    });
  }
  const head = ['legs on', ...tools, 'mirrorctl', '× fastest'];
  return `### ${title}, MB/s (medians)\n\n${table(head, rows)}`;
}

/** The latency of one client while nothing else goes on, and while the mirror recovers. */
export async function benchForeground({
  rounds,
  legMib,
  parents,
}: RecoveryOptions): Promise<string> {
  const rows: string[][] = [];
  for (const parent of parents) {
    await inScratch(parent, async (directory) => {
      const { state } = makeMirror(directory, legMib);
      const [idle, during]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round += 1) {
        const { idleMicros, duringMicros } = await foregroundMicros(state, directory);
        idle.push(idleMicros);
        during.push(duringMicros);
      }
      const ratio = median(during.map((micros, round) => micros / (idle[round] ?? 0)));
      rows.push([parent, median(idle).toFixed(0), median(during).toFixed(0), ratio.toFixed(2)]);
    });
  }
  return `### 4k random writes QD1 while the mirror recovers, p99 in µs (medians)\n\n${table(['legs on', 'idle', 'during recovery', '×'], rows)}`;
}

const ONE_CLIENT = ['--rw=randwrite', '--bs=4k', '--iodepth=1'];

const CLIENT_SECONDS = 2;

/**
 * The client is there before recovery begins, which must last longer than the client: it is held until
 * the client has been seen alone, and then until it has been seen writing again.
 */
async function foregroundMicros(state: string, directory: string) {
  const socket = path.join(directory, 'nbd');
  const engine = startEngine(state, '--listen', `unix:${socket}`);
  await lineWith(engine.stdout, 'serving');
  mirrorctl(state, 'recovery', 'pause', 'm');
  const uri = `nbd+unix:///m?socket=${socket}`;
  await runFio(uri, ONE_CLIENT, CLIENT_SECONDS);
  const idle = await runFio(uri, ONE_CLIENT, CLIENT_SECONDS);
  const written = statusOf(state).io.writes ?? 0;
  const client = runFio(uri, ONE_CLIENT, CLIENT_SECONDS);
  while ((statusOf(state).io.writes ?? 0) === written) await setImmediate();
  mirrorctl(state, 'recovery', 'resume', 'm');
  const during = await client;
  const { recovery } = statusOf(state);
  if (!recovery.active) console.log('recovery ended before its client did: take larger legs');
  await stopServer(engine);
  return { idleMicros: idle.p99Micros, duringMicros: during.p99Micros };
}

function makeMirror(directory: string, legMib: number) {
  const [a, b] = [path.join(directory, 'a.img'), path.join(directory, 'b.img')];
  makeLeg(a, legMib, 1);
  makeLeg(b, legMib, 2);
  const state = path.join(directory, 'state');
  mirrorctl(state, 'create', 'm', a, b);
  return { a, b, state };
}

/** Of `legs`, after what is dirty has been written. */
function dropCaches(...legs: readonly string[]): void {
  execFileSync('sync');
  for (const leg of legs) {
    execFileSync('dd', [`if=${leg}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}

function copySeconds([tool = '', ...words]: readonly string[]): number {
  const started = performance.now();
  execFileSync(tool, words);
  return (performance.now() - started) / 1000;
}

function startEngine(state: string, ...words: string[]) {
  return spawn(MIRRORCTL, ['activate', 'm', '--init-log', '--state-dir', state, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** From the first client that could connect to the engine's word that all is in sync. */
async function recoverySeconds(state: string, activation: readonly string[]): Promise<number> {
  const engine = startEngine(state, ...activation);
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
