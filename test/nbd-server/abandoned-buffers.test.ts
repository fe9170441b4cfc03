/** What a session does with memory that a device may still touch after its request has ended. */
import { describe, expect, test } from 'vitest';
import { MemoryMirror } from './memory-mirror.ts';
import { NbdClient } from './nbd-client.ts';

const READ = 0;
const WRITE = 1;
const LENGTH = 4096;

function clientWithHeldRequest(structured: boolean, command: number) {
  const mirror = new MemoryMirror({ sizeBytes: 1024 * 1024, hold: true });
  // A window: as in a ring, where payloads are used again.
  const client = new NbdClient({ mirror, structured, inbox: 'window' });
  const payload = command === WRITE ? { payload: Buffer.alloc(LENGTH, 7) } : {};
  client.ask({ command, length: LENGTH, ...payload });
  const [held] = mirror.held;
  if (held === undefined) throw new Error('the mirror was asked for nothing');
  return { client, mirror, held, takenBefore: client.payloads.taken };
}

describe.each([true, false])('abandoned buffers, structured replies %s', (structured) => {
  test('of a read are left to the device; the reply carries new ones', () => {
    const { client, held } = clientWithHeldRequest(structured, READ);
    const old = held.into;
    old?.fill(1, 0, LENGTH / 2);
    held.abandonBuffers();
    expect(held.into).not.toBe(old);
    old?.fill(0xff);
    held.into?.fill(2, LENGTH / 2);
    client.transport.reading = false;
    held.done('ok');
    client.settle();
    old?.fill(0xee);
    client.transport.leave();
    const [reply] = client.replies();
    expect(reply?.data).toEqual(Buffer.alloc(LENGTH, 1).fill(2, LENGTH / 2));
  });

  test.each([READ, WRITE])('are never taken again (command %i)', (command) => {
    const { client, mirror, held } = clientWithHeldRequest(structured, command);
    const old = (command === READ ? held.into : held.pieces[0])?.buffer;
    held.abandonBuffers();
    held.done('ok');
    client.settle();
    expect(client.replies()).toMatchObject([{ error: 0 }]);
    mirror.held.length = 0;
    for (let next = 0; next < 4; next += 1) {
      client.ask({ command: READ, length: LENGTH });
      expect(mirror.held[next]?.into?.buffer).not.toBe(old);
    }
  });
});
