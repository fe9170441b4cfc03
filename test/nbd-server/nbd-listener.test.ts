/**
 * Where clients come in: names in the file system, and ports.
 */
import {
  existsSync,
  linkSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ListenAddress } from '../../src/nbd-protocol/listen-address.ts';
import { SocketCarrier } from '../../src/nbd-server/socket-transport.ts';
import { Serving } from './serving.ts';
import { SocketClient } from './socket-client.ts';

const GRACE_MS = 60_000;

let serving: Serving;
beforeEach(() => {
  serving = new Serving(new SocketCarrier());
});
afterEach(() => serving.close());

const socketPath = (name?: string) => serving.socketPath(name);

describe('a unix socket', () => {
  test('is served, is its owner’s alone, and has one name', async () => {
    const uri = await serving.listener().listen({ unix: socketPath() });
    expect(uri).toBe(`nbd+unix:///m0?socket=${socketPath()}`);
    expect(statSync(socketPath()).mode & 0o777).toBe(0o600);
    expect(readdirSync(serving.directory)).toEqual(['m0.nbd']);
    const client = await SocketClient.at({ path: socketPath() });
    expect(serving.connectionCount).toBe(1);
    client.socket.destroy();
  });

  test('an address that is not plain is escaped in the URI', async () => {
    const uri = await serving.listener().listen({ unix: socketPath('a b&c#?.nbd') });
    expect(uri).toBe(`nbd+unix:///m0?socket=${serving.directory}/a%20b%26c%23%3F.nbd`);
  });

  test('is gone after close', async () => {
    const listener = serving.listener();
    await listener.listen({ unix: socketPath() });
    await listener.close(GRACE_MS);
    expect(readdirSync(serving.directory)).toEqual([]);
  });

  test('that a crash has left behind is replaced', async () => {
    await leaveOrphan(socketPath());
    await serving.listener().listen({ unix: socketPath() });
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.destroy();
    expect(readdirSync(serving.directory)).toEqual(['m0.nbd']);
  });
});

describe('the name of a unix socket', () => {
  test('is not taken from a file or a link', async () => {
    writeFileSync(socketPath('data'), 'precious');
    symlinkSync('nowhere', socketPath('link'));
    for (const name of ['data', 'link']) {
      const listening = serving.listener().listen({ unix: socketPath(name) });
      await expect(listening).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    }
    expect(readdirSync(serving.directory).sort()).toEqual(['data', 'link']);
  });

  test('that somebody listens on is left alone', async () => {
    await serving.listener().listen({ unix: socketPath() });
    await expect(serving.listener().listen({ unix: socketPath() })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      facts: { path: socketPath() },
    });
    expect(readdirSync(serving.directory)).toEqual(['m0.nbd']);
    const client = await SocketClient.at({ path: socketPath() });
    client.socket.destroy();
  });

  test('that somebody else has taken since is not removed on close', async () => {
    const listener = serving.listener();
    await listener.listen({ unix: socketPath() });
    rmSync(socketPath());
    writeFileSync(socketPath(), 'not ours');
    await listener.close(GRACE_MS);
    expect(existsSync(socketPath())).toBe(true);
  });

  test('that no client could connect to is refused', async () => {
    const long = path.join(serving.directory, 'x'.repeat(110));
    await expect(serving.listener().listen({ unix: long })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      facts: { bytesMax: 100 },
    });
  });

  test('in a directory that is not there is refused, with the place', async () => {
    const unix = path.join(serving.directory, 'no', 'm0.nbd');
    await expect(serving.listener().listen({ unix })).rejects.toMatchObject({
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
    const uri = await serving.listener().listen({ host, port: 0 });
    const [, authority, port] = /^nbd:\/\/(.*):(\d+)\/m0$/.exec(uri) ?? [];
    expect(authority).toBe(host === '::1' ? '[::1]' : host);
    const client = await SocketClient.at({ host, port: Number(port) });
    client.socket.destroy();
  });

  test('that is taken is refused', async () => {
    const uri = await serving.listener().listen({ host: '127.0.0.1', port: 0 });
    const address: ListenAddress = { host: '127.0.0.1', port: Number(/\d+(?=\/)/.exec(uri)) };
    await expect(serving.listener().listen(address)).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    });
  });
});

test('one connection too many is hung up on, until another one leaves', async () => {
  await serving.listener().listen({ unix: socketPath() });
  const clients = [];
  for (let k = 0; k < 3; k += 1) clients.push(await SocketClient.at({ path: socketPath() }));
  const surplus = new SocketClient({ path: socketPath() });
  await surplus.closed;
  for (const { socket } of clients) socket.destroy();
  await serving.everybodyLeft();
  const next = await SocketClient.at({ path: socketPath() });
  next.socket.destroy();
  expect(serving.connectionCount).toBe(1);
});
