/**
 * Does the cost of a request depend on how large the mirror is, or on how many connections there are?
 * And what does a mirror of two million regions cost before anybody asks for anything? Sparse legs in
 * memory; a load is so many requests, not so many seconds, so that the legs stay small.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { runFioFor } from './fio.ts';
import {
  cpuSeconds,
  inScratch,
  median,
  mirrorctl,
  residentMib,
  startMirror,
  stopServer,
  table,
} from './scratch.ts';

const SIZES = ['1G', '64G', '1T', '16T'];
const CONNECTIONS = [1, 4, 16, 64];
const REQUESTS = 30_000;
const DEPTH = 64;
const IDLE_SECONDS = 3;
/** Node compiles and tidies up for a while after a start. */
const SETTLE_MS = 1000;

export async function benchScale(rounds: number, parent: string): Promise<string> {
  return [
    await bySize(rounds, parent),
    await byConnections(rounds, parent),
    await ofTwoMillionRegions(rounds, parent),
  ].join('\n\n');
}

async function bySize(rounds: number, parent: string): Promise<string> {
  const costs = new Map(SIZES.map((size): [string, number[]] => [size, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [size, each] of costs) {
      each.push(await inMirror(parent, ['--size', size], ({ uri, pid }) => cpuMs(uri, pid, 1)));
    }
  }
  return `### CPU ms per 1000 random 4k writes QD${DEPTH}, by size (medians)\n\n${costTable(costs)}`;
}

async function byConnections(rounds: number, parent: string): Promise<string> {
  const costs = new Map(CONNECTIONS.map((count): [string, number[]] => [`${count}`, []]));
  await inMirror(parent, ['--size', '1G'], async ({ uri, pid }) => {
    await cpuMs(uri, pid, 1);
    for (let round = 0; round < rounds; round += 1) {
      for (const [count, each] of costs) each.push(await cpuMs(uri, pid, Number(count)));
    }
  });
  const title = `CPU ms per 1000 random 4k writes, ${DEPTH} in flight, by connections (medians)`;
  return `### ${title}\n\n${costTable(costs)}`;
}

async function ofTwoMillionRegions(rounds: number, parent: string): Promise<string> {
  const [seconds, mebibytes, idle]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    await inMirror(parent, ['--size', '16T', '--region-size', '8M'], async (engine) => {
      seconds.push(engine.seconds);
      await sleep(SETTLE_MS);
      mebibytes.push(residentMib(engine.pid));
      const before = cpuSeconds(engine.pid);
      await sleep(IDLE_SECONDS * 1000);
      idle.push(((cpuSeconds(engine.pid) - before) / IDLE_SECONDS) * 100);
    });
  }
  const row = [seconds, mebibytes, idle].map((values, at) =>
    median(values).toFixed(at === 1 ? 0 : 2),
  );
  return `### A mirror of 2097152 regions (medians)\n\n${table(['mirror', 'seconds until served', 'MiB resident', 'CPU when idle, %'], [['16 TiB', ...row]])}`;
}

interface Engine {
  readonly uri: string;
  readonly pid: number;
  readonly seconds: number;
}

async function inMirror<Value>(
  parent: string,
  how: readonly string[],
  use: (engine: Engine) => Value | Promise<Value>,
): Promise<Value> {
  return inScratch(parent, async (directory) => {
    const state = path.join(directory, 'state');
    const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
    mirrorctl(state, 'create', 'm', ...legs, '--nosync', ...how);
    const socket = path.join(directory, 'nbd');
    const started = performance.now();
    const engine = await startMirror(state, socket);
    const seconds = (performance.now() - started) / 1000;
    try {
      return await use({ uri: `nbd+unix:///m?socket=${socket}`, pid: engine.pid ?? 0, seconds });
    } finally {
      await stopServer(engine);
    }
  });
}

async function cpuMs(uri: string, pid: number, connections: number): Promise<number> {
  const args = ['--rw=randwrite', '--bs=4k', `--iodepth=${DEPTH / connections}`];
  const before = cpuSeconds(pid);
  const each = Math.ceil(REQUESTS / connections);
  const { requests } = await runFioFor(each, uri, [...args, `--numjobs=${connections}`]);
  return ((cpuSeconds(pid) - before) * 1e6) / requests;
}

function costTable(costs: ReadonlyMap<string, readonly number[]>): string {
  const row = [...costs.values()].map((each) => median(each).toFixed(1));
  return table([...costs.keys()], [row]);
}
