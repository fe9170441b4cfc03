/**
 * Serves a mirror that lives in memory, for real clients, fuzzers and benchmarks:
 *
 *   node test/nbd-server/memory-export.ts SOCKET|HOST:PORT [SIZE_MIB] [fs|uring]
 *
 * Prints its URI when it listens, and ends on SIGTERM.
 */
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { openPath } from './data-paths.ts';
import { MemoryMirror } from './memory-mirror.ts';

const [place = '127.0.0.1:0', sizeMib = '64', io = 'fs'] = process.argv.slice(2);
const tcp = /^([^/]+):(\d+)$/.exec(place);
const path = openPath(io === 'uring' ? 'uring' : 'fs');
const listener = new NbdListener(
  new MemoryMirror({ sizeBytes: Number(sizeMib) * 1024 * 1024 }),
  () => {},
  path.carrier,
);
process.once('SIGTERM', async () => {
  await listener.close(1_000);
  path.close();
});
const uri = await listener.listen(
  tcp === null ? { unix: place } : { host: tcp[1] ?? '', port: Number(tcp[2]) },
);
process.stdout.write(`${uri}\n`);
