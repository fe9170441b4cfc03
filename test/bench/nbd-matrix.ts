/**
 * IOPS and CPU of mirrorctl against its peers over NBD, in one alternating run.
 *
 *   round 1   cell 1: A B C D   cell 2: A B C D   …     each cell back to back on every server,
 *   round 2   cell 1: B C D A   cell 2: B C D A   …     the order rotated every round
 *
 * Ratios are medians of per-round ratios, so that the drift of the machine cancels out. All servers
 * stay up and share the two legs, which lie in memory: this measures servers, not disks.
 *
 * Not to be read from it: qemu's quorum and the plain C mirror keep no log and order nothing, so they do
 * less than they are compared for.
 */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import {
  cpuSeconds,
  has,
  inScratch,
  MIRRORCTL,
  makeLeg,
  median,
  mirrorctl,
  startServer,
  stopServer,
  table,
} from './scratch.ts';

interface Cell {
  readonly name: string;
  readonly args: readonly string[];
}

const CELLS: readonly Cell[] = [
  { name: 'randwrite 4k QD32', args: ['--rw=randwrite', '--bs=4k', '--iodepth=32'] },
  { name: 'randread 4k QD32', args: ['--rw=randread', '--bs=4k', '--iodepth=32'] },
  { name: 'randwrite 4k QD1', args: ['--rw=randwrite', '--bs=4k', '--iodepth=1'] },
  { name: 'randread 4k QD1', args: ['--rw=randread', '--bs=4k', '--iodepth=1'] },
  { name: '64k mixed QD16', args: ['--rw=randrw', '--rwmixread=70', '--bs=64k', '--iodepth=16'] },
  { name: '1M sequential read QD4', args: ['--rw=read', '--bs=1m', '--iodepth=4'] },
  { name: '1M sequential write QD4', args: ['--rw=write', '--bs=1m', '--iodepth=4'] },
  { name: '4k write + flush QD1', args: ['--rw=randwrite', '--bs=4k', '--iodepth=1', '--fsync=1'] },
  {
    name: 'randwrite 4k 4×QD8',
    args: ['--rw=randwrite', '--bs=4k', '--iodepth=8', '--numjobs=4'],
  },
  { name: 'randread 4k 4×QD8', args: ['--rw=randread', '--bs=4k', '--iodepth=8', '--numjobs=4'] },
];

const WARM_UP_SECONDS = 0.7;

interface Peer {
  readonly name: string;
  readonly uri: string;
  readonly server: ChildProcess;
}

interface Measured {
  readonly iops: number;
  readonly cpuMsPerThousand: number;
}

export interface MatrixOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly legMib: number;
  /** Where the legs lie. */
  readonly parent: string;
}

export async function benchMatrix(options: MatrixOptions): Promise<string> {
  return inScratch(options.parent, async (directory) => {
    makeLeg(path.join(directory, 'a.img'), options.legMib, 1);
    makeLeg(path.join(directory, 'b.img'), options.legMib, 1);
    const peers = await startPeers(directory);
    try {
      const runs = runRounds(peers, options);
      return report(peers, runs);
    } finally {
      for (const { server } of peers) await stopServer(server);
    }
  });
}

/** By `CELL/PEER`, one figure a round. */
function runRounds(
  peers: readonly Peer[],
  { rounds, seconds }: MatrixOptions,
): ReadonlyMap<string, readonly Measured[]> {
  const runs = new Map<string, Measured[]>();
  for (let round = 0; round < rounds; round += 1) {
    const first = round % peers.length;
    const order = [...peers.slice(first), ...peers.slice(0, first)];
    for (const [cell, peer] of CELLS.flatMap((cell) =>
      order.map((peer) => [cell, peer] as const),
    )) {
      const key = `${cell.name}/${peer.name}`;
      process.stderr.write(`\r${`round ${round + 1}: ${key}`.padEnd(70)}`);
      runs.set(key, [...(runs.get(key) ?? []), runCell(cell, peer, seconds)]);
    }
  }
  process.stderr.write(`\r${' '.repeat(70)}\r`);
  return runs;
}

async function startPeers(directory: string): Promise<Peer[]> {
  const leg = (name: string) => path.join(directory, name);
  const peers: Peer[] = [];
  const start = async (name: string, exportName: string, command: (socket: string) => string[]) => {
    const socket = leg(`${peers.length}.sock`);
    const server = await startServer(command(socket), socket);
    peers.push({ name, uri: `nbd+unix:///${exportName}?socket=${socket}`, server });
  };
  const state = leg('state');
  mirrorctl(state, 'create', 'm', leg('a.img'), leg('b.img'), '--nosync');
  await start('mirrorctl', 'm', (socket) => [
    ...[MIRRORCTL, 'activate', 'm', '--state-dir', state, '--listen', `unix:${socket}`],
  ]);
  if (has('qemu-storage-daemon')) {
    for (const aio of ['threads', 'io_uring']) {
      await start(`quorum ${aio}`, 'q', (socket) =>
        quorum(leg('a.img'), leg('b.img'), aio, socket),
      );
    }
  } else console.log('not measured: qemu quorum (qemu-storage-daemon is not installed)');
  if (has('nbdkit') && buildPlainMirror(leg('plain-mirror.so'))) {
    await start('plain C', '', (socket) => [
      ...['nbdkit', '-f', '-U', socket, leg('plain-mirror.so')],
      ...[`first=${leg('a.img')}`, `second=${leg('b.img')}`],
    ]);
  } else console.log('not measured: plain C mirror (needs nbdkit, its headers and a compiler)');
  return peers;
}

function quorum(legA: string, legB: string, aio: string, socket: string): string[] {
  const file = (node: string, name: string) =>
    `driver=file,node-name=${node},filename=${name},aio=${aio},locking=off,discard=unmap`;
  const children = 'vote-threshold=1,read-pattern=fifo,children.0=f0,children.1=f1';
  return [
    'qemu-storage-daemon',
    ...['--blockdev', file('f0', legA), '--blockdev', file('f1', legB)],
    ...['--blockdev', `driver=quorum,node-name=q,${children}`],
    ...['--nbd-server', `addr.type=unix,addr.path=${socket},max-connections=0`],
    ...['--export', 'type=nbd,id=e,node-name=q,name=q,writable=on'],
  ];
}

function buildPlainMirror(library: string): boolean {
  try {
    const source = path.join(import.meta.dirname, 'plain-mirror.c');
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, source], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A short run first, not counted: memory is touched, regions are marked, caches are warm. */
function runCell(cell: Cell, peer: Peer, seconds: number): Measured {
  runFio(cell, peer, WARM_UP_SECONDS);
  const pid = peer.server.pid ?? 0;
  const before = cpuSeconds(pid);
  const { read, write } = runFio(cell, peer, seconds);
  const cpuMs = (cpuSeconds(pid) - before) * 1000;
  return {
    iops: read.iops + write.iops,
    cpuMsPerThousand: (cpuMs * 1000) / (read.total_ios + write.total_ios),
  };
}

interface Direction {
  readonly iops: number;
  readonly total_ios: number;
}

function runFio(
  { args }: Cell,
  { uri }: Peer,
  seconds: number,
): { readonly read: Direction; readonly write: Direction } {
  const words = [
    ...['--name=j', '--ioengine=nbd', `--uri=${uri}`, '--thread', '--time_based'],
    ...[`--runtime=${Math.round(seconds * 1000)}ms`, '--randrepeat=0', '--norandommap'],
    ...['--group_reporting', '--output-format=json', ...args],
  ];
  const { status, stdout, stderr } = spawnSync('fio', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`fio ${words.join(' ')}: ${stderr}`);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))).jobs[0];
}

function report(peers: readonly Peer[], runs: ReadonlyMap<string, readonly Measured[]>): string {
  const names = peers.map(({ name }) => name);
  const of = (cell: string, peer: string) => runs.get(`${cell}/${peer}`) ?? [];
  const others = names.filter((name) => name !== 'mirrorctl');
  const iops = CELLS.map(({ name }) => [
    name,
    ...names.map((peer) => Math.round(median(of(name, peer).map((run) => run.iops))).toString()),
    ...others.map((peer) => {
      const theirs = of(name, peer);
      return median(
        of(name, 'mirrorctl').map((run, at) => run.iops / (theirs[at]?.iops ?? 0)),
      ).toFixed(2);
    }),
  ]);
  const cpu = CELLS.map(({ name }) => [
    name,
    ...names.map((peer) => median(of(name, peer).map((run) => run.cpuMsPerThousand)).toFixed(1)),
  ]);
  return [
    '### IOPS (medians), and mirrorctl as a multiple of each peer',
    table(['cell', ...names, ...others.map((name) => `× ${name}`)], iops),
    '### CPU of the server, ms per 1000 operations (medians)',
    table(['cell', ...names], cpu),
  ].join('\n\n');
}
