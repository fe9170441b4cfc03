/** A connection in the ring, against a socket of Node on the other side. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { RingConnection, SendMessage } from '../../src/devices/ring-connection.ts';
import { noRing, ringForTest } from './ring-for-test.ts';
import { describeUnless, scratchDirectory } from './scratch-devices.ts';

async function pair(): Promise<{ client: net.Socket; fd: number; socket: net.Socket }> {
  const address = path.join(scratchDirectory(), 'socket');
  const server = net.createServer();
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(address, resolve));
  const client = net.connect(address);
  const socket = await accepted;
  server.close();
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } };
  return { client, fd: handle.fd, socket };
}

/** Long enough for everything that the kernel has by now to have been handed out. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await fs.promises.stat('/');
}

describeUnless(noRing)('a connection in the ring', () => {
  test('what is received whole is handed out once, when all of it is there', async () => {
    const { ring, calls, memory, loop } = ringForTest();
    const { client, fd, socket } = await pair();
    const slot = memory.take(10);
    const received: number[] = [];
    let allThere = () => {};
    const whole = new Promise<void>((resolve) => {
      allThere = resolve;
    });
    let gone = () => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const parts = { loop, calls, memory, message: new SendMessage(memory) };
    const events = {
      received: (bytes: number) => {
        received.push(bytes);
        loop.visitNow();
        allThere();
      },
      writable: () => {},
      closed: () => {
        loop.visitNow();
        gone();
      },
    };
    const connection = new RingConnection(parts, calls.duplicate(fd), events, null);
    socket.destroy();
    connection.receive(slot.address, 10, true);
    client.write('abc');
    await turns();
    client.write('defghij');
    await whole;
    expect(received).toEqual([10]);
    expect(Buffer.from(slot.data(10)).toString()).toBe('abcdefghij');
    connection.close();
    await closed;
    client.destroy();
    expect(ring.hasCompletions).toBe(false);
  });
});
