/**
 * IOPS and CPU of mirrorctl against its peers over NBD, in one alternating run.
 *
 *   round 1   cell 1: A B C D   cell 2: A B C D   …     each cell back to back on every server,
 *   round 2   cell 1: B C D A   cell 2: B C D A   …     the order rotated every round
 *
 * Ratios are medians of per-round ratios, so that the drift of the machine cancels out. All servers
 * stay up and share the two legs. Legs in memory measure servers; legs on a disk measure both.
 *
 * Not to be read from it: qemu's quorum and the plain C mirror keep no log and order nothing, so they do
 * less than they are compared for.
 */
import path from 'node:path';
import { RANDOM_WRITES, runFio } from './fio.ts';
import type { Peer } from './peers.ts';
import { OURS, startPeers } from './peers.ts';
import { cpuSeconds, inScratch, makeLeg, median, stopServer, table } from './scratch.ts';

interface Cell {
  readonly name: string;
  readonly args: readonly string[];
}

const RANDOM_READS = ['--rw=randread', '--bs=4k', '--iodepth=32'];

const IN_MEMORY: readonly Cell[] = [
  { name: 'randwrite 4k QD32', args: RANDOM_WRITES },
  { name: 'randread 4k QD32', args: RANDOM_READS },
  { name: 'randwrite 4k QD1', args: ['--rw=randwrite', '--bs=4k', '--iodepth=1'] },
  { name: 'randread 4k QD1', args: ['--rw=randread', '--bs=4k', '--iodepth=1'] },
  { name: '64k mixed QD16', args: ['--rw=randrw', '--rwmixread=70', '--bs=64k', '--iodepth=16'] },
  { name: '1M sequential read QD4', args: ['--rw=read', '--bs=1m', '--iodepth=4'] },
  { name: '1M sequential write QD4', args: ['--rw=write', '--bs=1m', '--iodepth=4'] },
  { name: '4k write + flush QD1', args: ['--rw=randwrite', '--bs=4k', '--iodepth=1', '--fsync=1'] },
  ...[8, 32].flatMap((depth) =>
    ['randwrite', 'randread'].map((rw) => ({
      name: `${rw} 4k 4×QD${depth}`,
      args: [`--rw=${rw}`, '--bs=4k', `--iodepth=${depth}`, '--numjobs=4'],
    })),
  ),
];

/** What is measured over which legs. */
export const MATRICES = {
  matrix: { title: 'legs in memory', direct: false, cells: IN_MEMORY },
  buffered: {
    title: 'legs on a disk, buffered',
    direct: false,
    cells: [{ name: 'randwrite 4k QD32', args: RANDOM_WRITES }],
  },
  direct: {
    title: 'legs on a disk, O_DIRECT',
    direct: true,
    cells: [
      { name: 'randwrite 4k QD32', args: RANDOM_WRITES },
      { name: 'randread 4k QD32', args: RANDOM_READS },
    ],
  },
} as const;

const WARM_UP_SECONDS = 0.7;
const BEST_QUORUM = 'best quorum';

interface Measured {
  readonly iops: number;
  readonly cpuMsPerThousand: number;
}

type Runs = ReadonlyMap<string, readonly Measured[]>;

export interface MatrixOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly legMib: number;
  /** Where the legs lie. */
  readonly parent: string;
}

export async function benchMatrix(
  which: keyof typeof MATRICES,
  options: MatrixOptions,
): Promise<string> {
  const { title, direct, cells } = MATRICES[which];
  return inScratch(options.parent, async (directory) => {
    makeLeg(path.join(directory, 'a.img'), options.legMib, 1);
    makeLeg(path.join(directory, 'b.img'), options.legMib, 1);
    const peers = await startPeers(directory, direct);
    try {
      const runs = await runRounds(cells, peers, options);
      return report(
        title,
        cells.map(({ name }) => name),
        peers.map(({ name }) => name),
        runs,
      );
    } finally {
      for (const { server } of peers) await stopServer(server);
    }
  });
}

/** By `CELL/PEER`, one figure a round. */
async function runRounds(
  cells: readonly Cell[],
  peers: readonly Peer[],
  { rounds, seconds }: MatrixOptions,
): Promise<Runs> {
  const runs = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % peers.length;
    const order = [...peers.slice(first), ...peers.slice(0, first)];
    for (const [cell, peer] of cells.flatMap((cell) =>
      order.map((peer) => [cell, peer] as const),
    )) {
      const key = `${cell.name}/${peer.name}`;
      process.stderr.write(`\r${`round ${round + 1}: ${key}`.padEnd(70)}`);
      runs.set(key, [...(runs.get(key) ?? []), await runCell(cell, peer, seconds)]);
    }
  }
  process.stderr.write(`\r${' '.repeat(70)}\r`);
  return runs;
}

/** A short run first, not counted: memory is touched, regions are marked, caches are warm. */
async function runCell({ args }: Cell, { uri, server }: Peer, seconds: number): Promise<Measured> {
  await runFio(uri, args, WARM_UP_SECONDS);
  const pid = server.pid ?? 0;
  const before = cpuSeconds(pid);
  const { iops, requests } = await runFio(uri, args, seconds);
  return { iops, cpuMsPerThousand: ((cpuSeconds(pid) - before) * 1e6) / requests };
}

function report(title: string, cells: readonly string[], names: readonly string[], runs: Runs) {
  const others = names.filter((name) => name !== OURS);
  const rivals = [...others, ...(others.some(isQuorum) ? [BEST_QUORUM] : [])];
  const iops = cells.map((cell) => [
    cell,
    ...names.map((peer) => Math.round(median(iopsOf(runs, cell, peer))).toString()),
    ...rivals.map((rival) => ratio(runs, cell, names, rival).toFixed(2)),
  ]);
  const cpu = cells.map((cell) => [
    cell,
    ...names.map((peer) =>
      median((runs.get(`${cell}/${peer}`) ?? []).map((run) => run.cpuMsPerThousand)).toFixed(1),
    ),
  ]);
  return [
    `### IOPS (medians), and mirrorctl as a multiple of each peer: ${title}`,
    table(['cell', ...names, ...rivals.map((name) => `× ${name}`)], iops),
    `### CPU of the server, ms per 1000 operations (medians): ${title}`,
    table(['cell', ...names], cpu),
  ].join('\n\n');
}

const isQuorum = (name: string) => name.startsWith('quorum');

function iopsOf(runs: Runs, cell: string, peer: string): number[] {
  return (runs.get(`${cell}/${peer}`) ?? []).map((run) => run.iops);
}

/** The median of the rounds' ratios; the best quorum is whichever was faster in that round. */
function ratio(runs: Runs, cell: string, names: readonly string[], rival: string): number {
  const rivals = rival === BEST_QUORUM ? names.filter(isQuorum) : [rival];
  const theirs = rivals.map((peer) => iopsOf(runs, cell, peer));
  return median(
    iopsOf(runs, cell, OURS).map(
      (ours, round) => ours / Math.max(...theirs.map((each) => each[round] ?? 0)),
    ),
  );
}
