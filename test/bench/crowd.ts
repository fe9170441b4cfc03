/**
 * What one client notices of a thousand others that are connected and do little, and of one that asks
 * for much and reads nothing.
 */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import path from 'node:path';
import { NbdClient } from '../../src/nbd-client/nbd-client.ts';
import { COMMAND } from '../../src/nbd-protocol/numbers.ts';
import { encodeRequest } from '../../src/nbd-protocol/request.ts';
import { RANDOM_WRITES, runFio } from './fio.ts';
import {
  inScratch,
  MIB,
  makeLeg,
  mirrorctl,
  residentMib,
  startMirror,
  stopServer,
  table,
} from './scratch.ts';

const CROWD = 1000;
const UNREAD_REQUESTS = 500;

export async function benchCrowd(seconds: number, parent: string): Promise<string> {
  return inScratch(parent, async (directory) => {
    for (const name of ['a.img', 'b.img']) makeLeg(path.join(directory, name), 256, 1);
    const state = path.join(directory, 'state');
    const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
    mirrorctl(state, 'create', 'm', ...legs, '--nosync');
    const socket = path.join(directory, 'nbd');
    const engine = await startMirror(state, socket);
    const rows: string[][] = [];
    const measure = async (who: string) => {
      const { iops, p99Micros } = await runFio(
        `nbd+unix:///m?socket=${socket}`,
        RANDOM_WRITES,
        seconds,
      );
      const mebibytes = residentMib(engine.pid ?? 0).toFixed(0);
      rows.push([who, iops.toFixed(0), p99Micros.toFixed(0), mebibytes]);
    };
    try {
      await measure('alone, once to warm up');
      await measure('alone');
      const crowd = await Promise.all(
        Array.from({ length: CROWD }, () => NbdClient.connect({ path: socket }, 'm')),
      );
      await Promise.all(crowd.map((client) => client.read(0, 4096)));
      await measure(`beside ${CROWD} that have each read once`);
      const deaf = await deafClient(socket);
      await measure('and one that asked for 500 MiB and reads nothing');
      deaf.destroy();
      await Promise.all(crowd.map((client) => client.close()));
      await measure('alone again');
    } finally {
      await stopServer(engine);
    }
    const head = ['a client', 'IOPS', 'p99 µs', 'MiB resident'];
    return `### Random 4k writes QD32 in a crowd\n\n${table(head, rows)}`;
  });
}

/** Negotiates with the shortest of all handshakes, asks, and never looks at the answers. */
async function deafClient(socket: string) {
  const client = createConnection(socket);
  await once(client, 'readable');
  client.pause();
  const hello = Buffer.alloc(4 + 16 + 1);
  hello.writeUInt32BE(3, 0); // fixed newstyle, no zeroes
  hello.write('IHAVEOPT', 4);
  hello.writeUInt32BE(1, 12); // NBD_OPT_EXPORT_NAME
  hello.writeUInt32BE(1, 16);
  hello.write('m', 20);
  client.write(hello);
  for (let cookieLow = 0; cookieLow < UNREAD_REQUESTS; cookieLow += 1) {
    const read = { flags: 0, command: COMMAND.READ, offset: 0, length: MIB };
    client.write(encodeRequest({ ...read, cookieHigh: 0, cookieLow }));
  }
  return client;
}
