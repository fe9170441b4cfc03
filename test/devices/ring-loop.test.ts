/** Neither of the two loops that share the thread may keep the other waiting. */
import fs from 'node:fs';
import path from 'node:path';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { OPERATION } from '../../src/devices/io-uring.ts';
import type { TestRing } from './ring-for-test.ts';
import { noRing, ringForTest } from './ring-for-test.ts';
import { describeUnless, scratchDirectory } from './scratch-devices.ts';

// One ring for all tests: two in one thread would wait for each other.
const shared = noRing === null ? ringForTest() : null;

describeUnless(noRing)('a thread that waits in the ring', () => {
  test('answers of the thread pool end the wait: a thousand in a row are no thousand timeouts', async () => {
    for (let round = 0; round < 1000; round += 1) await fs.promises.stat('/');
    expect(true).toBe(true);
  });

  test('messages end the wait', async () => {
    const { port1, port2 } = new MessageChannel();
    let heard = 0;
    const answered = new Promise<void>((resolve) => {
      port2.on('message', (data) => port2.postMessage(data));
      port1.on('message', () => {
        heard += 1;
        if (heard === 500) resolve();
        else port1.postMessage(heard);
      });
    });
    port1.postMessage(0);
    await answered;
    expect(heard).toBe(500);
    port1.close();
    port2.close();
  });

  test('completions are handed out while Node has plenty to do, and what they ask for is done', async () => {
    const { ring, memory, loop } = shared as TestRing;
    const fd = fs.openSync(path.join(scratchDirectory(), 'file'), 'w+');
    const slot = memory.take(1);
    let busy = true;
    const spin = () => busy && setImmediate(spin);
    spin();
    const after = await new Promise<string[]>((resolve) => {
      const order: string[] = [];
      const who = ring.enlist({
        completed: (result) => {
          loop.soon(() => resolve([...order, 'soon']));
          order.push(`completed ${result}`);
        },
      });
      ring.put(OPERATION.WRITE, fd, 0, slot.address, 1, 0, who);
    });
    busy = false;
    expect(after).toEqual(['completed 1', 'soon']);
    fs.closeSync(fd);
  });

  test('a timer that was announced comes', async () => {
    const { loop } = shared as TestRing;
    for (let round = 0; round < 100; round += 1) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, 1);
        loop.visitWithin(1);
      });
    }
    expect(true).toBe(true);
  });

  test('a worker that waits there can be terminated, and its process can exit', async () => {
    const worker = new Worker(new URL('./ring-worker.ts', import.meta.url));
    await new Promise((resolve) => worker.once('message', resolve));
    expect(await worker.terminate()).toBe(1);
  });
});
