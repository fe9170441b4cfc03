/**
 * Whatever a client sends or fails to read, the memory it holds has a bound, and at the bound it is
 * made to wait, not refused.
 */
import { describe, expect, test } from 'vitest';
import type { MemoryLimits } from '../../src/nbd-server/memory-budget.ts';
import { MEMORY_LIMITS, MemoryBudget } from '../../src/nbd-server/memory-budget.ts';
import { option, request } from '../nbd-protocol/client-side.ts';
import { MemoryMirror } from './memory-mirror.ts';
import { NbdClient } from './nbd-client.ts';

const READ = 0;
const WRITE = 1;
const FLUSH = 3;
const LIST = 3;

const MIB = 1024 * 1024;

const heldMirror = () => new MemoryMirror({ sizeBytes: 64 * MIB, hold: true });
const budgetOf = (limits: Partial<MemoryLimits>) =>
  new MemoryBudget({ ...MEMORY_LIMITS, ...limits });

describe('a mirror that is slow', () => {
  test('1000 huge writes: no more are taken than fit, and in the end all are done', () => {
    const client = new NbdClient({ mirror: heldMirror() });
    const payload = Buffer.alloc(8 * MIB, 1);
    let done = 0;
    for (let cookie = 0; cookie < 1000; cookie += 1) {
      client.say(request({ command: WRITE, length: payload.length, cookie }), payload);
      expect(client.budget.heldBytes).toBeLessThanOrEqual(MEMORY_LIMITS.connectionBytesMax + 28);
      expect(client.mirror.held.length).toBeLessThanOrEqual(7);
      while (client.transport.paused) {
        client.mirror.release(0);
        client.settle();
        done += client.replies().filter(({ error }) => error === 0).length;
      }
    }
    client.mirror.releaseAll();
    client.settle();
    expect(done + client.replies().length).toBe(1000);
    expect(client.budget.heldBytes).toBe(0);
  });

  test('requests without data are bounded by their number', () => {
    const client = new NbdClient({ mirror: heldMirror() });
    client.ask(...Array.from({ length: 3000 }, (_, cookie) => ({ command: FLUSH, cookie })));
    expect(client.mirror.held.length).toBe(MEMORY_LIMITS.requestsInFlightMax);
    expect(client.transport.paused).toBe(true);
    while (client.mirror.held.length > 0) {
      client.mirror.releaseAll();
      client.settle();
    }
    expect(client.replies().map(({ cookie }) => cookie)).toEqual([...Array(3000).keys()]);
    expect(client.transport.paused).toBe(false);
  });

  test('requests that end at once do not wait for the memory of those before them for good', () => {
    const budget = budgetOf({ totalBytesMax: 100_000 });
    const client = new NbdClient({ budget });
    client.ask(...Array.from({ length: 1000 }, (_, cookie) => ({ command: FLUSH, cookie })));
    client.settle();
    expect(client.replies().length).toBe(1000);
    expect(client.transport.paused).toBe(false);
  });

  test('one request as long as the bound for a connection still fits', () => {
    const budget = budgetOf({ connectionBytesMax: 33 * MIB });
    const client = new NbdClient({ mirror: heldMirror(), budget });
    client.ask({ command: READ, length: 32 * MIB, cookie: 1 });
    client.ask({ command: READ, length: 32 * MIB, cookie: 2 });
    expect(client.mirror.held.length).toBe(1);
    client.mirror.releaseAll();
    client.settle();
    expect(client.mirror.held.length).toBe(1);
  });
});

describe('a client that does not read', () => {
  test('is not heard beyond the bound, and catches up once it reads', () => {
    const client = new NbdClient({ mirror: new MemoryMirror({ sizeBytes: 64 * MIB }) });
    client.read(false);
    const length = 128 * 1024;
    for (let cookie = 0; cookie < 1000; cookie += 1) {
      client.say(client.bytesOf({ command: READ, length, cookie }));
    }
    const bound = MEMORY_LIMITS.unsentBytesMax + length + 28;
    expect(client.transport.unsentBytes).toBeLessThanOrEqual(bound);
    expect(client.budget.heldBytes).toBeLessThanOrEqual(bound + 28);
    expect(client.transport.paused).toBe(true);
    client.read(true);
    expect(client.replies().length).toBe(1000);
    expect(client.budget.heldBytes).toBe(0);
  });

  test('is not heard in the handshake either', () => {
    const client = new NbdClient({ handshake: false });
    client.say(Buffer.from([0, 0, 0, 3]));
    client.read(false);
    const crowd = Buffer.concat(Array.from({ length: 4096 }, () => option(LIST)));
    for (let k = 0; k < 10; k += 1) client.say(crowd);
    expect(client.transport.unsentBytes).toBeLessThan(2 * MEMORY_LIMITS.unsentBytesMax);
    expect(client.transport.paused).toBe(true);
    client.read(true);
    expect(client.transport.paused).toBe(false);
    expect(client.unheard.length).toBe(0);
  });
});

test('a client that has stopped sending is served what it had asked for beyond the bound', () => {
  const client = new NbdClient({
    mirror: heldMirror(),
    budget: budgetOf({ requestsInFlightMax: 2 }),
  });
  client.ask(...[1, 2, 3].map((cookie) => ({ command: FLUSH, cookie })));
  client.session.inputEnded();
  client.mirror.releaseAll();
  client.settle();
  client.mirror.releaseAll();
  client.settle();
  expect(client.replies().map(({ cookie }) => cookie)).toEqual([1, 2, 3]);
  expect(client.transport.ended).toBe(true);
});

describe('a payload that is refused', () => {
  test('is held nowhere, however long it is', () => {
    const client = new NbdClient({ mirror: heldMirror() });
    const length = 64 * MIB;
    client.say(request({ command: WRITE, length, cookie: 1 }));
    const chunk = Buffer.alloc(64 * 1024);
    for (let sent = 0; sent < length; sent += chunk.length) {
      client.say(chunk);
      expect(client.budget.heldBytes).toBeLessThan(100);
    }
    client.ask({ command: FLUSH, cookie: 2 });
    expect(client.replies()).toMatchObject([{ cookie: 1, error: 22 }]);
    expect(client.mirror.held).toMatchObject([{ verb: 'flush' }]);
  });

  test('is refused only when all of it has come: some clients cannot hear before', () => {
    const client = new NbdClient({ mirror: heldMirror() });
    client.say(request({ command: WRITE, offset: 64 * MIB, length: 100, cookie: 1 }));
    client.say(Buffer.alloc(99));
    expect(client.replies()).toEqual([]);
    client.say(Buffer.alloc(1));
    expect(client.replies()).toMatchObject([{ cookie: 1, error: 28 }]);
  });
});

const limits = { connectionBytesMax: 8 * MIB, totalBytesMax: 12 * MIB };

describe('many clients and one budget', () => {
  test('who comes when the memory is gone waits, and is served when it comes free', () => {
    const budget = budgetOf(limits);
    const mirror = heldMirror();
    const [first, second] = [new NbdClient({ mirror, budget }), new NbdClient({ mirror, budget })];
    first.ask({ command: READ, length: 7 * MIB, cookie: 1 });
    second.ask({ command: READ, length: 7 * MIB, cookie: 2 });
    expect(mirror.held.length).toBe(1);
    expect(second.transport.paused).toBe(true);
    mirror.releaseAll();
    first.settle();
    second.settle();
    expect(mirror.held.length).toBe(1);
    mirror.releaseAll();
    second.settle();
    expect(second.replies().map(({ cookie, error }) => [cookie, error])).toEqual([[2, 0]]);
    expect(budget.heldBytes).toBe(0);
  });

  test('who cannot go on for reasons of its own lets the next one pass', () => {
    const budget = budgetOf({ ...limits, unsentBytesMax: MIB });
    const mirror = heldMirror();
    const [busy, deaf, next] = [1, 2, 3].map(() => new NbdClient({ mirror, budget }));
    deaf?.read(false).ask({ command: READ, length: 2 * MIB });
    busy?.ask({ command: READ, length: 7 * MIB });
    deaf?.ask({ command: READ, length: 5 * MIB });
    next?.ask({ command: READ, length: 4 * MIB });
    expect(mirror.held.length).toBe(2);
    mirror.release(0);
    deaf?.settle();
    expect(deaf?.transport.unsentBytes).toBeGreaterThan(MIB);
    next?.settle();
    expect(mirror.held.length).toBe(1);
    mirror.release(0);
    busy?.settle();
    next?.settle();
    expect(mirror.held).toMatchObject([{ length: 4 * MIB }]);
  });
});

describe('who waits and goes', () => {
  /** The first one has all the memory, the others wait for it. */
  function clientsOf(count: number) {
    const budget = budgetOf(limits);
    const mirror = heldMirror();
    const clients = Array.from({ length: count }, () => new NbdClient({ mirror, budget }));
    for (const client of clients) client.ask({ command: READ, length: 7 * MIB });
    expect(mirror.held.length).toBe(1);
    /** What is in flight ends, and everybody notices. */
    const release = () => {
      mirror.releaseAll();
      for (const client of clients) client.settle();
    };
    return { clients, mirror, release };
  }

  test.each([
    { what: 'is closed', go: (client?: NbdClient) => client?.session.close() },
    { what: 'hangs up', go: (client?: NbdClient) => client?.disconnect() },
  ])('who $what while it waits does not keep those behind it waiting', ({ go }) => {
    const { clients, release } = clientsOf(4);
    go(clients[2]);
    release();
    release();
    release();
    expect(clients[1]?.replies().length).toBe(1);
    expect(clients[3]?.replies().length).toBe(1);
  });

  test('who has stopped sending while it waits is served all the same', () => {
    const { clients, release } = clientsOf(2);
    clients[1]?.session.inputEnded();
    expect(clients[1]?.transport.ended).toBe(false);
    release();
    release();
    expect(clients[1]?.replies().length).toBe(1);
    expect(clients[1]?.transport.ended).toBe(true);
  });

  test('what a client had not been sent is held no longer when it is gone', () => {
    const client = new NbdClient({ mirror: heldMirror() });
    client.read(false).ask({ command: READ, length: MIB }, { command: READ, length: MIB });
    client.mirror.release(0);
    client.settle();
    client.mirror.release(0);
    client.disconnect();
    expect(client.budget.heldBytes).toBe(0);
  });
});

describe('clients that do not take part', () => {
  test('a payload announced and not sent is dropped when others wait, and they are served', () => {
    const budget = budgetOf(limits);
    const mirror = new MemoryMirror({ sizeBytes: 64 * MIB });
    const loris = new NbdClient({ mirror, budget });
    loris.say(request({ command: WRITE, length: 7 * MIB, payload: Buffer.alloc(10) }));
    const honest = new NbdClient({ mirror, budget });
    honest.ask({ command: READ, length: 7 * MIB, cookie: 1 });
    budget.sweep(0);
    budget.sweep(5_000);
    expect([loris.transport.destroyed, honest.replies().length]).toEqual([false, 0]);
    budget.sweep(7_000);
    expect([loris.transport.destroyed, honest.transport.destroyed]).toEqual([true, false]);
    loris.disconnect();
    honest.settle();
    expect(honest.replies().map(({ cookie, error }) => [cookie, error])).toEqual([[1, 0]]);
    expect(budget.heldBytes).toBe(0);
  });

  test('replies not read are dropped when others wait; so is an option never finished', () => {
    const budget = budgetOf({ ...limits, totalBytesMax: 8 * MIB });
    const mirror = new MemoryMirror({ sizeBytes: 64 * MIB });
    const deaf = new NbdClient({ mirror, budget });
    deaf.read(false).ask({ command: READ, length: 7 * MIB });
    const stuck = new NbdClient({ mirror, budget, handshake: false });
    stuck.say(Buffer.from([0, 0, 0, 3]), option(LIST, [], 60_000), Buffer.alloc(50_000));
    const honest = new NbdClient({ mirror, budget });
    honest.ask({ command: READ, length: 8 * MIB - 20_000, cookie: 1 });
    budget.sweep(0);
    budget.sweep(7_000);
    expect([deaf, stuck, honest].map(({ transport }) => transport.destroyed)).toEqual([
      true,
      false,
      false,
    ]);
    deaf.disconnect();
    honest.settle();
    expect(honest.replies().length).toBe(0);
    budget.sweep(14_000);
    expect([stuck, honest].map(({ transport }) => transport.destroyed)).toEqual([true, false]);
    stuck.disconnect();
    honest.settle();
    expect(honest.replies().length).toBe(1);
  });

  test('who waits for the mirror is never dropped', () => {
    const budget = budgetOf(limits);
    const mirror = heldMirror();
    const [first, second] = [new NbdClient({ mirror, budget }), new NbdClient({ mirror, budget })];
    first.ask({ command: READ, length: 7 * MIB });
    second.ask({ command: READ, length: 7 * MIB });
    for (const now of [0, 60_000, 120_000]) budget.sweep(now);
    expect([first.transport.destroyed, second.transport.destroyed]).toEqual([false, false]);
  });
});
