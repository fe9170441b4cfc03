/**
 * Reads that are answered with a leg's own pages, over a ring: the client gets what the leg holds, in
 * step, however slowly it reads, and whatever becomes of it.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PagePipe } from '../../src/devices/page-pipe.ts';
import type { DataPath } from '../../src/mirrord/data-path.ts';
import type { BlockRequest } from '../../src/nbd-server/mirror-port.ts';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { noRing } from '../devices/ring-for-test.ts';
import { describeUnless, scratchDirectory } from '../devices/scratch-devices.ts';
import type { RequestFields } from '../nbd-protocol/client-side.ts';
import { replies, request } from '../nbd-protocol/client-side.ts';
import { openPath } from './data-paths.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { SocketClient } from './socket-client.ts';

const READ = 0;
const WRITE = 1;
const KIB = 1024;
const MIB = KIB * KIB;
const HEADER_BYTES = 16;

/** One whose bytes lie in a file, too, and are lent from there. */
class LendingMirror extends MemoryMirror {
  readonly #fd: number;
  lent = 0;

  constructor(file: string) {
    super({ sizeBytes: 4 * MIB });
    for (let at = 0; at < this.sizeBytes; at += 4) this.bytes.writeUInt32LE(at, at);
    fs.writeFileSync(file, this.bytes);
    this.#fd = fs.openSync(file, 'r+');
  }

  override submit(asked: BlockRequest): void {
    const { verb, pipe, offset, length } = asked;
    if (verb === 'write') fs.writevSync(this.#fd, [...asked.pieces], offset);
    const fits = verb === 'read' && PagePipe.fits(offset, length);
    if (fits && pipe?.fill(this.#fd, offset, length)) {
      this.lent += 1;
      asked.done('ok');
    } else super.submit(asked);
  }

  close(): void {
    fs.closeSync(this.#fd);
  }
}

let data: DataPath;
let mirror: LendingMirror;
let listener: NbdListener;
let socketPath: string;
let allLeft = () => {};

beforeEach(async () => {
  if (noRing !== null) return;
  const directory = scratchDirectory();
  data = openPath('uring');
  mirror = new LendingMirror(path.join(directory, 'leg.img'));
  const told = (count: number) => {
    if (count === 0) allLeft();
  };
  listener = new NbdListener(mirror, told, data.carrier);
  socketPath = path.join(directory, 'nbd');
  await listener.listen({ unix: socketPath });
});
afterEach(async () => {
  if (noRing !== null) return;
  await listener.close(0);
  data.close();
  mirror.close();
});

/** Nobody is connected, and somebody was when this was called. */
const everybodyLeft = () =>
  new Promise<void>((resolve) => {
    allLeft = resolve;
  });

const read = (cookie: number, offset: number, length: number): RequestFields => ({
  ...{ command: READ, cookie, offset, length },
});

/** Sends `asked` and takes all the replies, by their cookies. */
async function answers(client: SocketClient, asked: readonly RequestFields[]) {
  const lengths = new Map(
    asked.flatMap(({ command, cookie, length }) =>
      command === READ ? [[Number(cookie), Number(length)] as const] : [],
    ),
  );
  const bytes = asked.length * HEADER_BYTES + [...lengths.values()].reduce((a, b) => a + b, 0);
  client.socket.write(Buffer.concat(asked.map(request)));
  const found = replies(await client.received(bytes), lengths);
  return new Map(found.map((reply) => [reply.cookie, reply]));
}

function expectContent(reply: { data: Buffer | null } | undefined, offset: number): void {
  const got = reply?.data ?? Buffer.alloc(0);
  assert(got.length > 0);
  assert(got.equals(mirror.bytes.subarray(offset, offset + got.length)), `from byte ${offset} on`);
}

describeUnless(noRing)('pages', () => {
  test('and bytes, large and small, even and odd, come in step', async () => {
    const client = await SocketClient.at({ path: socketPath });
    const asked = [
      read(1, 0, MIB),
      read(2, 4096, 64 * KIB),
      read(3, 100, 64 * KIB),
      { command: WRITE, cookie: 4, offset: 2 * MIB, length: 5, payload: Buffer.from('hello') },
      read(5, 2 * MIB, 16 * KIB),
      read(6, 3, 7),
      read(7, MIB, 2 * MIB),
      read(8, 3 * MIB, MIB),
    ];
    const found = await answers(client, asked);
    for (const { command, cookie, offset } of asked) {
      if (command === READ) expectContent(found.get(Number(cookie)), Number(offset));
    }
    expect(mirror.lent).toBe(4);
    client.socket.destroy();
  });

  test('wait for a client that reads later, and more than there are pipes are asked for', async () => {
    const client = await SocketClient.at({ path: socketPath });
    const other = await SocketClient.at({ path: socketPath });
    client.socket.pause();
    const asked = Array.from({ length: 200 }, (_, at) => read(at, (at % 64) * 64 * KIB, 64 * KIB));
    const late = answers(client, asked);
    // Nobody else is kept waiting.
    expectContent((await answers(other, [read(1, MIB, 64 * KIB)])).get(1), MIB);
    client.socket.resume();
    for (const [cookie, reply] of await late) expectContent(reply, (cookie % 64) * 64 * KIB);
    client.socket.destroy();
    other.socket.destroy();
  });

  test.each([
    ['lent', 0, 100],
    ['not lent', 1, 0],
  ])('after a hundred reads that are %s there are as many pipes as before', async (_, at, lent) => {
    const client = await SocketClient.at({ path: socketPath });
    for (let round = 0; round < 100; round += 10) {
      const asked = Array.from({ length: 10 }, (__, index) => read(index, at, 64 * KIB));
      await answers(client, asked);
    }
    expect(mirror.lent).toBe(lent);
    expectContent((await answers(client, [read(1, MIB, 64 * KIB)])).get(1), MIB);
    expect(mirror.lent).toBe(lent + 1);
    client.socket.destroy();
  });

  test('of clients that leave without them are let go', async () => {
    for (let round = 0; round < 6; round += 1) {
      const client = await SocketClient.at({ path: socketPath });
      client.socket.pause();
      const asked = Array.from({ length: 15 }, (_, at) => read(at, 0, MIB / 2));
      client.socket.write(Buffer.concat(asked.map(request)));
      const other = await SocketClient.at({ path: socketPath });
      await answers(other, [read(1, 0, 16 * KIB)]);
      const left = everybodyLeft();
      client.socket.destroy();
      other.socket.destroy();
      await left;
    }
    const before = mirror.lent;
    const client = await SocketClient.at({ path: socketPath });
    expectContent((await answers(client, [read(1, MIB, MIB)])).get(1), MIB);
    expect(mirror.lent).toBe(before + 1);
    client.socket.destroy();
  });
});
