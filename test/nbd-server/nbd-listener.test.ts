/**
 * Real sockets: names in the file system, ports, and an orderly end. Nothing here waits for time to
 * pass; grace periods are either not used up or zero.
 */
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListenAddress } from '../../src/nbd-protocol/listen-address.ts';
import { MEMORY_LIMITS } from '../../src/nbd-server/memory-budget.ts';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { SocketCarrier } from '../../src/nbd-server/socket-transport.ts';
import { exportChoice, option, replies, request } from '../nbd-protocol/client-side.ts';
import { MemoryMirror } from './memory-mirror.ts';

const READ = 0;
const WRITE = 1;
const MEMORY_BYTES_MAX = 1024 * 1024;
const GRACE_MS = 60_000;
const GO_REPLY_BYTES = 18 + 32 + 20;

let directory: string;
let listeners: NbdListener[];
let connectionCount: number;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'nbd-listener-'));
  listeners = [];
});
afterEach(async () => {
  await Promise.all(listeners.map((listener) => listener.close(0)));
  rmSync(directory, { recursive: true });
});

const socketPath = (name = 'm0.nbd') => path.join(directory, name);

function listenerOf(mirror = new MemoryMirror({ sizeBytes: 1024 * 1024 })): NbdListener {
  const listener = new NbdListener(
    mirror,
    (count) => {
      connectionCount = count;
    },
    new SocketCarrier(),
    { ...MEMORY_LIMITS, totalBytesMax: MEMORY_BYTES_MAX },
  );
  listeners.push(listener);
  return listener;
}

/** A client over a real socket that has come as far as the transmission. */
class SocketClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #wanted = { bytes: 0, resolve: () => {} };

  constructor(where: { path: string } | { host: string; port: number }) {
    this.socket = connect(where);
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      if (this.#received.length >= this.#wanted.bytes) this.#wanted.resolve();
    });
  }

  static async at(where: { path: string } | { host: string; port: number }): Promise<SocketClient> {
    const client = new SocketClient(where);
    client.socket.write(Buffer.from([0, 0, 0, 3]));
    client.socket.write(option(7, exportChoice('m0')));
    await client.received(GO_REPLY_BYTES);
    return client;
  }

  async received(bytes: number): Promise<Buffer> {
    if (this.#received.length < bytes) {
      await new Promise<void>((resolve) => {
        this.#wanted = { bytes, resolve };
      });
    }
    const taken = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(bytes);
    return taken;
  }
}

describe('a unix socket', () => {
  test('is served, is its owner’s alone, and has one name', async () => {
    const uri = await listenerOf().listen({ unix: socketPath() });
    expect(uri).toBe(`nbd+unix:///m0?socket=${socketPath()}`);
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['m0.nbd']);
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.write(request({ command: READ, length: 512, cookie: 6 }));
    const [reply] = replies(await client.received(528), new Map([[6, 512]]));
    expect(reply).toMatchObject({ cookie: 6, error: 0 });
    client.socket.destroy();
  });

  test('an address that is not plain is escaped in the URI', async () => {
    const uri = await listenerOf().listen({ unix: socketPath('a b&c#?.nbd') });
    expect(uri).toBe(`nbd+unix:///m0?socket=${directory}/a%20b%26c%23%3F.nbd`);
  });

  test('is gone after close', async () => {
    const listener = listenerOf();
    await listener.listen({ unix: socketPath() });
    await listener.close(GRACE_MS);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('that a crash has left behind is replaced', async () => {
    await leaveOrphan(socketPath());
    await listenerOf().listen({ unix: socketPath() });
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.destroy();
    expect(readdirSync(directory)).toEqual(['m0.nbd']);
  });
});

describe('the name of a unix socket', () => {
  test('is not taken from a file or a link', async () => {
    writeFileSync(socketPath('data'), 'precious');
    symlinkSync('nowhere', socketPath('link'));
    for (const name of ['data', 'link']) {
      const listening = listenerOf().listen({ unix: socketPath(name) });
      await expect(listening).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    }
    expect(readdirSync(directory).sort()).toEqual(['data', 'link']);
  });

  test('that somebody listens on is left alone', async () => {
    await listenerOf().listen({ unix: socketPath() });
    await expect(listenerOf().listen({ unix: socketPath() })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      facts: { path: socketPath() },
    });
    expect(readdirSync(directory)).toEqual(['m0.nbd']);
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.destroy();
  });

  test('that somebody else has taken since is not removed on close', async () => {
    const listener = listenerOf();
    await listener.listen({ unix: socketPath() });
    rmSync(socketPath());
    writeFileSync(socketPath(), 'not ours');
    await listener.close(GRACE_MS);
    expect(existsSync(socketPath())).toBe(true);
  });

  test('that no client could connect to is refused', async () => {
    const long = path.join(directory, 'x'.repeat(110));
    await expect(listenerOf().listen({ unix: long })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      facts: { bytesMax: 100 },
    });
  });

  test('in a directory that is not there is refused, with the place', async () => {
    const unix = path.join(directory, 'no', 'm0.nbd');
    await expect(listenerOf().listen({ unix })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      facts: { place: unix },
    });
  });
});

/** What a process that was killed leaves: a name nobody listens behind. */
async function leaveOrphan(name: string): Promise<void> {
  const hidden = `${name}.gone`;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(hidden, resolve));
  linkSync(hidden, name);
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

describe('a TCP port', () => {
  test.each(['127.0.0.1', '::1'])('of %s is served, and the URI names it', async (host) => {
    const uri = await listenerOf().listen({ host, port: 0 });
    const [, authority, port] = /^nbd:\/\/(.*):(\d+)\/m0$/.exec(uri) ?? [];
    expect(authority).toBe(host === '::1' ? '[::1]' : host);
    const client = await SocketClient.at({ host, port: Number(port) });
    client.socket.destroy();
  });

  test('that is taken is refused', async () => {
    const uri = await listenerOf().listen({ host: '127.0.0.1', port: 0 });
    const address: ListenAddress = { host: '127.0.0.1', port: Number(/\d+(?=\/)/.exec(uri)) };
    await expect(listenerOf().listen(address)).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
  });
});

describe('connections', () => {
  test('are counted, on all addresses together', async () => {
    const listener = listenerOf();
    await listener.listen({ unix: socketPath('a') });
    await listener.listen({ unix: socketPath('b') });
    const a = await SocketClient.at({ path: socketPath('a') });
    const b = await SocketClient.at({ path: socketPath('b') });
    expect(connectionCount).toBe(2);
    await listener.close(GRACE_MS);
    await Promise.all([a.closed, b.closed]);
    expect(connectionCount).toBe(0);
  });

  test('see each other’s writes', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024 });
    await listenerOf(mirror).listen({ unix: socketPath() });
    const writer = await SocketClient.at({ path: socketPath() });
    const reader = await SocketClient.at({ path: socketPath() });
    const payload = Buffer.alloc(200_000, 'x');
    writer.socket.write(request({ command: WRITE, offset: 77, length: payload.length, payload }));
    await writer.received(16);
    reader.socket.write(
      request({ command: READ, offset: 76, length: payload.length + 1, cookie: 1 }),
    );
    const [read] = replies(await reader.received(16 + 200_001), new Map([[1, 200_001]]));
    expect(read?.data?.equals(Buffer.concat([Buffer.alloc(1), payload]))).toBe(true);
    writer.socket.destroy();
    reader.socket.destroy();
  });
});

describe('a client that leaves', () => {
  test('by half is answered, and then the connection is closed', async () => {
    await listenerOf().listen({ unix: socketPath() });
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.end(request({ command: READ, length: 512, cookie: 3 }));
    const [reply] = replies(await client.received(528), new Map([[3, 512]]));
    expect(reply).toMatchObject({ cookie: 3, error: 0 });
    await client.closed;
  });

  test('in the middle of a payload leaves the memory to others', async () => {
    await listenerOf().listen({ unix: socketPath() });
    const length = 600_000;
    const [first, second] = await Promise.all([
      SocketClient.at({ path: socketPath() }),
      SocketClient.at({ path: socketPath() }),
    ]);
    first.socket.write(request({ command: READ, length: 512, cookie: 1 }));
    first.socket.write(request({ command: WRITE, length, payload: Buffer.alloc(10) }));
    await first.received(528);
    second.socket.write(request({ command: READ, length, cookie: 2 }));
    first.socket.destroy();
    const [reply] = replies(await second.received(16 + length), new Map([[2, length]]));
    expect(reply).toMatchObject({ cookie: 2, error: 0 });
    second.socket.destroy();
  });
});

describe('closing', () => {
  test('waits for what is in flight, and answers it', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
    const listener = listenerOf(mirror);
    await listener.listen({ unix: socketPath() });
    const client = await SocketClient.at({ path: socketPath() });
    const submitted = nextSubmission(mirror);
    client.socket.write(request({ command: READ, length: 512, cookie: 1 }));
    await submitted;
    const closed = listener.close(GRACE_MS);
    mirror.releaseAll();
    const [reply] = replies(await client.received(528), new Map([[1, 512]]));
    expect(reply).toMatchObject({ cookie: 1, error: 0 });
    await Promise.all([closed, client.closed]);
  });

  test('cuts off who has not left when the grace is over', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
    const listener = listenerOf(mirror);
    await listener.listen({ unix: socketPath() });
    const client = await SocketClient.at({ path: socketPath() });
    const submitted = nextSubmission(mirror);
    client.socket.write(request({ command: READ, length: 512 }));
    await submitted;
    await listener.close(0);
    await client.closed;
    mirror.releaseAll();
    expect(connectionCount).toBe(0);
  });

  test('ends those who are still shaking hands', async () => {
    const listener = listenerOf();
    await listener.listen({ unix: socketPath() });
    const client = new SocketClient({ path: socketPath() });
    await client.received(18);
    await listener.close(GRACE_MS);
    await client.closed;
    expect(connectionCount).toBe(0);
  });
});

function nextSubmission(mirror: MemoryMirror): Promise<void> {
  return new Promise((resolve) => {
    const submit = mirror.submit.bind(mirror);
    mirror.submit = (held) => {
      submit(held);
      resolve();
    };
  });
}
