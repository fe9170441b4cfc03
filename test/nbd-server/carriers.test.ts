/**
 * What clients may expect of a connection, whatever carries it: sockets of Node or a ring. Nothing
 * here waits for time to pass; grace periods are either not used up or zero.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DataPath } from '../../src/mirrord/data-path.ts';
import { MEMORY_LIMITS } from '../../src/nbd-server/memory-budget.ts';
import { replies, request } from '../nbd-protocol/client-side.ts';
import { DATA_PATHS, openPath } from './data-paths.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { Serving } from './serving.ts';
import { SocketClient } from './socket-client.ts';

const READ = 0;
const WRITE = 1;
const DISC = 2;
const FLUSH = 3;
const GRACE_MS = 60_000;

let path: DataPath;
let serving: Serving;

describe.each(DATA_PATHS)('over %s', (backend) => {
  beforeAll(() => {
    path = openPath(backend);
  });
  afterAll(() => path.close());
  beforeEach(() => {
    serving = new Serving(path.carrier);
  });
  afterEach(() => serving.close());

  describe('connections', connectionsShareTheMirror);
  describe('a client that leaves', leavingIsNoticed);
  describe('memory', memoryIsBoundedAndGivenBack);
  describe('closing', closingIsOrderly);
});

function connectionsShareTheMirror(): void {
  test('are counted, on all addresses together', async () => {
    const listener = serving.listener();
    await listener.listen({ unix: serving.socketPath('a') });
    await listener.listen({ unix: serving.socketPath('b') });
    const a = await SocketClient.at({ path: serving.socketPath('a') });
    const b = await SocketClient.at({ path: serving.socketPath('b') });
    expect(serving.connectionCount).toBe(2);
    await listener.close(GRACE_MS);
    await Promise.all([a.closed, b.closed]);
    expect(serving.connectionCount).toBe(0);
  });

  test('see each other’s writes', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024 });
    await serving.listener(mirror).listen({ unix: serving.socketPath() });
    const writer = await SocketClient.at({ path: serving.socketPath() });
    const reader = await SocketClient.at({ path: serving.socketPath() });
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
}

function leavingIsNoticed(): void {
  test('by half is answered, and then the connection is closed', async () => {
    await serving.listener().listen({ unix: serving.socketPath() });
    const client = await SocketClient.at({ path: serving.socketPath() });
    client.socket.end(request({ command: READ, length: 512, cookie: 3 }));
    const [reply] = replies(await client.received(528), new Map([[3, 512]]));
    expect(reply).toMatchObject({ cookie: 3, error: 0 });
    await client.closed;
  });

  test('in the middle of a payload leaves the memory to others', async () => {
    await serving.listener().listen({ unix: serving.socketPath() });
    const length = 600_000;
    const [first, second] = await Promise.all([
      SocketClient.at({ path: serving.socketPath() }),
      SocketClient.at({ path: serving.socketPath() }),
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

  test('with a request in flight leaves the memory to others, once it has ended', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
    await serving.listener(mirror).listen({ unix: serving.socketPath() });
    const length = 600_000;
    const first = await SocketClient.at({ path: serving.socketPath() });
    const second = await SocketClient.at({ path: serving.socketPath() });
    const submitted = nextSubmission(mirror);
    first.socket.write(request({ command: READ, length }));
    await submitted;
    first.socket.destroy();
    second.socket.write(request({ command: READ, length, cookie: 2 }));
    mirror.hold = false;
    mirror.releaseAll();
    const [reply] = replies(await second.received(16 + length), new Map([[2, length]]));
    expect(reply).toMatchObject({ cookie: 2, error: 0 });
    second.socket.destroy();
  });
}

function memoryIsBoundedAndGivenBack(): void {
  test('a client that is not heard has to wait, and is heard again later', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
    await serving.listener(mirror).listen({ unix: serving.socketPath() });
    const crowd = await SocketClient.at({ path: serving.socketPath() });
    const other = await SocketClient.at({ path: serving.socketPath() });
    const count = 50_000;
    crowd.socket.write(Buffer.concat(Array(count).fill(request({ command: FLUSH }))));
    // By then the server has had its turn more often than it needs for a MB.
    for (let turns = 0; turns < 300; turns += 1) {
      other.socket.write(request({ command: READ, offset: 2 ** 30, length: 1 }));
      await other.received(16);
    }
    expect(crowd.socket.writableLength).toBeGreaterThan(0);
    expect(mirror.held.length).toBe(MEMORY_LIMITS.requestsInFlightMax);
    mirror.hold = false;
    mirror.releaseAll();
    await crowd.received(16 * count);
    crowd.socket.destroy();
    other.socket.destroy();
  });

  test('a connection gives back all memory it had, whether its replies have left or not', async () => {
    const lengths = [4096, 128 * 1024, 512 * 1024];
    const take = () => lengths.map((length) => path.carrier.payloads.take(length));
    const before = take();
    for (const payload of before) payload.release();
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024 });
    await serving.listener(mirror).listen({ unix: serving.socketPath() });
    for (const reads of [true, false]) {
      const client = await SocketClient.at({ path: serving.socketPath() });
      if (!reads) client.socket.pause();
      const submitted = nextSubmission(mirror);
      client.socket.write(request({ command: READ, length: 500_000 }));
      await submitted;
      if (reads) await client.received(16 + 500_000);
      client.socket.destroy();
      await serving.everybodyLeft();
    }
    const after = take();
    expect(after.map((payload, index) => payload === before[index])).toEqual([true, true, true]);
    for (const payload of after) payload.release();
  });
}

function closingIsOrderly(): void {
  test('lets a large reply leave before it hangs up', async () => {
    await serving.listener().listen({ unix: serving.socketPath() });
    const client = await SocketClient.at({ path: serving.socketPath() });
    const length = 900_000;
    client.socket.write(request({ command: READ, length, cookie: 1 }));
    client.socket.write(request({ command: DISC }));
    const [reply] = replies(await client.received(16 + length), new Map([[1, length]]));
    expect(reply).toMatchObject({ cookie: 1, error: 0 });
    await client.closed;
  });

  test('waits for what is in flight, and answers it', async () => {
    const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
    const listener = serving.listener(mirror);
    await listener.listen({ unix: serving.socketPath() });
    const client = await SocketClient.at({ path: serving.socketPath() });
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
    const listener = serving.listener(mirror);
    await listener.listen({ unix: serving.socketPath() });
    const client = await SocketClient.at({ path: serving.socketPath() });
    const submitted = nextSubmission(mirror);
    client.socket.write(request({ command: READ, length: 512 }));
    await submitted;
    await listener.close(0);
    await client.closed;
    mirror.releaseAll();
    expect(serving.connectionCount).toBe(0);
  });

  test('ends those who are still shaking hands', async () => {
    const listener = serving.listener();
    await listener.listen({ unix: serving.socketPath() });
    const client = new SocketClient({ path: serving.socketPath() });
    await client.received(18);
    await listener.close(GRACE_MS);
    await client.closed;
    expect(serving.connectionCount).toBe(0);
  });
}

function nextSubmission(mirror: MemoryMirror): Promise<void> {
  return new Promise((resolve) => {
    const submit = mirror.submit.bind(mirror);
    mirror.submit = (held) => {
      submit(held);
      resolve();
    };
  });
}
