import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createConnection, createServer } from 'node:net';
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { askEngine } from '../../src/control/control-client.ts';
import type { ControlHandler, ControlServer } from '../../src/control/control-server.ts';
import { serveControl } from '../../src/control/control-server.ts';
import { CONTROL_LINE_BYTES_MAX } from '../../src/control-protocol/control-request.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { scratchDirectory } from '../scratch-directory.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const PLENTY_MS = 20_000;
const asksStatus: ControlHandler = async () => ({ status: RUNNING });

async function serve(handler: ControlHandler, socketPath = newSocketPath(), idleMsMax?: number) {
  const server = await serveControl(socketPath, handler, idleMsMax);
  onTestFinished(async () => {
    if (existsSync(socketPath)) await server.close();
  });
  return { socketPath, server };
}

function newSocketPath(): string {
  return path.join(scratchDirectory(), 'm0.control');
}

/** Sends `bytes` and collects what comes back until the other end closes. */
async function talk(socketPath: string, bytes: string, end: 'halfClose' | 'stay'): Promise<string> {
  const socket = await connect(socketPath);
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', () => {});
  if (end === 'halfClose') socket.end(bytes);
  else socket.write(bytes);
  await once(socket, 'close');
  return heard;
}

async function connect(socketPath: string): Promise<Socket> {
  const socket = createConnection({ path: socketPath, allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.on('end', () => socket.end());
  await once(socket, 'connect');
  return socket;
}

test('the engine answers what it is asked', async () => {
  const asked: unknown[] = [];
  const { socketPath } = await serve(async (request) => {
    asked.push(request);
    return { status: RUNNING };
  });
  expect(await askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).toEqual({ status: RUNNING });
  expect(asked).toEqual([{ ask: 'status' }]);
});

test('an answer of many megabytes arrives whole', async () => {
  const regions = Array.from({ length: 100_000 }, (_, index) => ({
    first: index,
    count: 1,
    state: index % 2 === 0 ? ('clean' as const) : ('dirty' as const),
  }));
  const answer = { regions, regionSizeBytes: 4096, sizeBytes: 4096 * 100_000 };
  const { socketPath } = await serve(async () => answer);
  expect(await askEngine(socketPath, { ask: 'regions', states: null }, PLENTY_MS)).toEqual(answer);
});

test('the error of the handler reaches the client as it was thrown', async () => {
  const { socketPath } = await serve(async () => {
    throw new MirrorError('MIRROR_BUSY', 'a check is under way', {}, 'wait for it');
  });
  await expect(askEngine(socketPath, { ask: 'pauseRecovery' }, PLENTY_MS)).rejects.toMatchObject({
    code: 'MIRROR_BUSY',
    message: 'a check is under way',
    hint: 'wait for it',
  });
});

test('one connection may ask several times, and is answered in order', async () => {
  let calls = 0;
  const { socketPath } = await serve(async () => {
    calls += 1;
    return { deactivated: true, outOfSyncRegions: calls, logClean: true };
  });
  const line = '{"version":1,"ask":"status"}\n';
  const heard = await talk(socketPath, line.repeat(3), 'halfClose');
  const counts = heard
    .trim()
    .split('\n')
    .map((reply) => JSON.parse(reply).answer.outOfSyncRegions);
  expect(counts).toEqual([1, 2, 3]);
});

test('a client that has said everything still hears the answer, however late', async () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { socketPath } = await serve(async ({ ask }) => {
    if (ask === 'status') return { status: RUNNING };
    asked.resolve();
    await released.promise;
    return { done: true };
  });
  const heard = talk(socketPath, '{"version":1,"ask":"pauseRecovery"}\n', 'halfClose');
  await asked.promise;
  // A whole round trip in the meantime, so that the end of the first client has arrived.
  await askEngine(socketPath, { ask: 'status' }, PLENTY_MS);
  released.resolve();
  expect(JSON.parse(await heard).answer).toEqual({ done: true });
});

test('the next request of a connection waits for the answer to the one before', async () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const begun: string[] = [];
  const { socketPath } = await serve(async ({ ask }) => {
    if (ask === 'status') return { status: RUNNING };
    begun.push(ask);
    asked.resolve();
    await released.promise;
    return { done: true };
  });
  const socket = await connect(socketPath);
  socket.write('{"version":1,"ask":"pauseRecovery"}\n');
  await asked.promise;
  socket.write('{"version":1,"ask":"resumeRecovery"}\n');
  await askEngine(socketPath, { ask: 'status' }, PLENTY_MS);
  expect(begun).toEqual(['pauseRecovery']);
  released.resolve();
  socket.end();
  socket.resume();
  await once(socket, 'close');
  expect(begun).toEqual(['pauseRecovery', 'resumeRecovery']);
});

test.each([
  ['no JSON', 'hello\n'],
  ['another version', '{"version":7,"ask":"status"}\n'],
  ['a line without end', 'x'.repeat(CONTROL_LINE_BYTES_MAX + 1)],
])('%s is answered with an error, and the connection is closed', async (_, bytes) => {
  const { socketPath } = await serve(asksStatus);
  const heard = await talk(socketPath, bytes, 'stay');
  expect(JSON.parse(heard).error.code).toBe('CONTROL_REQUEST_MALFORMED');
});

test('the longest line there may be is read', async () => {
  const { socketPath } = await serve(asksStatus);
  const start = '{"version":1,"ask":"status","padding":"';
  const line = `${start}${'x'.repeat(CONTROL_LINE_BYTES_MAX - start.length - 2)}"}`;
  expect(line.length).toBe(CONTROL_LINE_BYTES_MAX);
  expect(JSON.parse(await talk(socketPath, `${line}\n`, 'halfClose'))).toHaveProperty('answer');
});

test('silent clients hold nobody up', async () => {
  const { socketPath } = await serve(asksStatus);
  await Promise.all(Array.from({ length: 20 }, () => connect(socketPath)));
  expect(await askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).toHaveProperty('status');
});

test('a client that stays silent is cut off', async () => {
  const { socketPath } = await serve(asksStatus, newSocketPath(), 5);
  expect(await talk(socketPath, '', 'stay')).toBe('');
});

test('a client that does not read its answer is cut off', async () => {
  const regions = Array.from({ length: 300_000 }, (_, first) => {
    return { first, count: 1, state: 'clean' as const };
  });
  const asked = Promise.withResolvers<void>();
  const { socketPath, server } = await serveUntilClosed(async () => {
    asked.resolve();
    return { regions, regionSizeBytes: 4096, sizeBytes: 4096 * regions.length };
  });
  const socket = await connect(socketPath);
  socket.on('error', () => {});
  socket.pause();
  socket.write('{"version":1,"ask":"regions","states":null}\n');
  await asked.promise;
  // Closing waits until every connection has ended, and this one ends only by being cut off.
  await server.close();
  expect(existsSync(socketPath)).toBe(false);
});

async function serveUntilClosed(handler: ControlHandler) {
  const socketPath = newSocketPath();
  return { socketPath, server: await serveControl(socketPath, handler, 5) };
}

test('a client may wait longer than that for a handler that works', async () => {
  const working = Promise.withResolvers<void>();
  const { socketPath } = await serve(
    async () => {
      await working.promise;
      return { done: true };
    },
    newSocketPath(),
    300, // a busy machine needs more than the bound of the others to say anything at all
  );
  const slow = askEngine(socketPath, { ask: 'pauseRecovery' }, PLENTY_MS);
  // The same bound has cut off this one in the meantime, so it is over for the other one, too.
  await talk(socketPath, '', 'stay');
  working.resolve();
  expect(await slow).toEqual({ done: true });
});

test('past the bound of clients a connection is closed at once, and later there is room again', async () => {
  const { socketPath } = await serve(asksStatus);
  const clients = await Promise.all(Array.from({ length: 64 }, () => connect(socketPath)));
  await expect(askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
  });
  for (const client of clients) client.destroy();
  const answered = async () => askEngine(socketPath, { ask: 'status' }, PLENTY_MS);
  await expect.poll(answered, { timeout: PLENTY_MS }).toHaveProperty('status');
});

test('only the owner may connect', async () => {
  const { socketPath } = await serve(asksStatus);
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
});

test('a server that closes first answers what it was asked', async () => {
  let server: ControlServer | null = null;
  let closed: Promise<void> | undefined;
  const { socketPath, server: started } = await serveUntilAsked(() => {
    closed = server?.close();
  });
  server = started;
  const answer = await askEngine(socketPath, { ask: 'deactivate' }, PLENTY_MS);
  expect(answer).toEqual({ deactivated: true, outOfSyncRegions: 0, logClean: true });
  await closed;
  expect(existsSync(socketPath)).toBe(false);
});

test('closing ends the connection of a client that would stay', async () => {
  const asked = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { socketPath, server } = await serve(async () => {
    asked.resolve();
    await released.promise;
    return { done: true };
  });
  const heard = talk(socketPath, '{"version":1,"ask":"pauseRecovery"}\n', 'stay');
  await asked.promise;
  const closed = server.close();
  released.resolve();
  expect(JSON.parse(await heard).answer).toEqual({ done: true });
  await closed;
});

async function serveUntilAsked(onAsked: () => void) {
  const socketPath = newSocketPath();
  const server = await serveControl(socketPath, async () => {
    onAsked();
    return { deactivated: true, outOfSyncRegions: 0, logClean: true };
  });
  return { socketPath, server };
}

test('the socket of a living engine is never replaced', async () => {
  const { socketPath } = await serve(asksStatus);
  await expect(serveControl(socketPath, asksStatus)).rejects.toMatchObject({
    code: 'MIRROR_ACTIVE',
  });
  expect(await askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).toHaveProperty('status');
});

test('the socket that a dead engine left behind is replaced', async () => {
  const socketPath = newSocketPath();
  const listenAndDie = `require('net').createServer().listen(${JSON.stringify(socketPath)},
    () => process.kill(process.pid, 'SIGKILL'))`;
  await execa(process.execPath, ['-e', listenAndDie], { reject: false });
  expect(statSync(socketPath).isSocket()).toBe(true);
  await serve(asksStatus, socketPath);
  expect(await askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).toHaveProperty('status');
});

test('a file that is no socket is left alone', async () => {
  const socketPath = newSocketPath();
  writeFileSync(socketPath, 'precious');
  await expect(serveControl(socketPath, asksStatus)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
  });
  expect(readFileSync(socketPath, 'utf8')).toBe('precious');
});

test('a path that is too long for a socket is refused with its length', async () => {
  const socketPath = path.join(scratchDirectory(), 'm'.repeat(120));
  await expect(serveControl(socketPath, asksStatus)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
    message: expect.stringContaining('at most 107'),
  });
});

test('a directory that is not there is a failure to listen', async () => {
  const socketPath = path.join(scratchDirectory(), 'gone', 'm0.control');
  await expect(serveControl(socketPath, asksStatus)).rejects.toMatchObject({
    code: 'LISTEN_FAILED',
  });
});

test.each([
  ['nothing', 'm0.control'],
  ['a path that no socket can have', `${'m'.repeat(120)}.control`],
])('without an engine (%s) the next step is to activate', async (_, file) => {
  const socketPath = path.join(scratchDirectory(), file);
  const name = path.basename(file, '.control');
  await expect(askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    message: `no engine runs for ${name}`,
    hint: `mirrorctl activate ${name} starts it`,
  });
});

/** Something that listens where an engine should, and does `reply` with each connection. */
async function pretendEngine(reply: (socket: Socket) => void): Promise<string> {
  const socketPath = newSocketPath();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    reply(socket);
  });
  server.listen(socketPath);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return socketPath;
}

test('an engine that is silent is not waited for for ever', async () => {
  const socketPath = await pretendEngine(() => {});
  await expect(askEngine(socketPath, { ask: 'status' }, 5)).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
    message: expect.stringContaining('does not answer'),
  });
});

test('an engine that hangs up is unreachable', async () => {
  const socketPath = await pretendEngine((socket) => socket.end('{"version":1,'));
  await expect(askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).rejects.toMatchObject({
    code: 'ENGINE_UNREACHABLE',
  });
});

test('an engine that speaks nonsense is told apart from one that is not there', async () => {
  const socketPath = await pretendEngine((socket) => socket.end('220 smtp ready\n'));
  await expect(askEngine(socketPath, { ask: 'status' }, PLENTY_MS)).rejects.toMatchObject({
    code: 'ENGINE_REPLY_MALFORMED',
  });
});
