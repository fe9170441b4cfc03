/**
 * mirrorctl and what it is compared with, over the same two legs: qemu's quorum and a plain mirror in C.
 * The others do not lock the legs, so all of them may be up at once; only one is asked at a time.
 */
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { has, MIRRORCTL, mirrorctl, startServer } from './scratch.ts';

export interface Peer {
  readonly name: string;
  readonly uri: string;
  readonly server: ChildProcess;
}

export const OURS = 'mirrorctl';

/** The legs are `a.img` and `b.img` in `directory`; `direct`: past the page cache. */
export async function startPeers(directory: string, direct: boolean): Promise<Peer[]> {
  const leg = (name: string) => path.join(directory, name);
  const peers: Peer[] = [];
  const start = async (name: string, exportName: string, command: (socket: string) => string[]) => {
    const socket = leg(`${peers.length}.sock`);
    const server = await startServer(command(socket), socket);
    peers.push({ name, uri: `nbd+unix:///${exportName}?socket=${socket}`, server });
  };
  const state = leg('state');
  mirrorctl(state, 'create', 'm', leg('a.img'), leg('b.img'), '--nosync');
  await start(OURS, 'm', (socket) => [
    ...[MIRRORCTL, 'activate', 'm', '--state-dir', state, '--listen', `unix:${socket}`],
    ...(direct ? ['--direct'] : []),
  ]);
  if (has('qemu-storage-daemon')) {
    for (const aio of direct ? ['native', 'io_uring'] : ['threads', 'io_uring']) {
      await start(`quorum ${aio}`, 'q', (socket) =>
        quorum(leg('a.img'), leg('b.img'), { aio, direct }, socket),
      );
    }
  } else console.log('not measured: qemu quorum (qemu-storage-daemon is not installed)');
  if (direct) return peers; // the C mirror knows no O_DIRECT
  if (has('nbdkit') && buildPlainMirror(leg('plain-mirror.so'))) {
    await start('plain C', '', (socket) => [
      ...['nbdkit', '-f', '-U', socket, leg('plain-mirror.so')],
      ...[`first=${leg('a.img')}`, `second=${leg('b.img')}`],
    ]);
  } else console.log('not measured: plain C mirror (needs nbdkit, its headers and a compiler)');
  return peers;
}

function quorum(
  legA: string,
  legB: string,
  { aio, direct }: { readonly aio: string; readonly direct: boolean },
  socket: string,
): string[] {
  const cache = direct ? 'cache.direct=on' : 'discard=unmap';
  const file = (node: string, name: string) =>
    `driver=file,node-name=${node},filename=${name},aio=${aio},locking=off,${cache}`;
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
