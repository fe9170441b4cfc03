/** The engine's worker, spoken to as the main thread does. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDevices } from '../../src/devices/open-device.ts';
import type { MirrorEvent } from '../../src/engine/effect.ts';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import { viewBytes } from '../../src/metrics/engine-counters.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { requestsFor } from '../../src/mirrord/prepared-mirror.ts';
import { WorkerLink } from '../../src/mirrord/worker-link.ts';
import type { EngineStart, FromWorker } from '../../src/mirrord/worker-messages.ts';
import { NbdClient } from '../../src/nbd-client/nbd-client.ts';
import { scratchDirectory, scratchFile } from '../devices/scratch-devices.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

const LATE_MS = 100;
const BACK_MS = 2_500;

/** Both legs do not answer a read in time; leg 1 does later, leg 0 never. */
function startIn(directory: string): EngineStart {
  const legs = ['a', 'b'].map((name) => ({
    path: scratchFile(directory, name, HOME.sizeBytes),
    offsetBytes: byteCount(0),
  }));
  const spec: MirrorSpec = { ...HOME, legs, log: { type: 'core' }, readPolicy: 'leg:1' };
  const once = { verb: 'read', range: null, times: 1 } as const;
  const faults = [
    { ...once, words: '', target: legIndex(1), kind: { delayMs: BACK_MS } },
    { ...once, words: '', target: legIndex(0), kind: { hangs: true } },
  ] as const;
  return {
    ...{ spec, legs: openDevices(requestsFor(spec, 'write')) },
    log: { type: 'core', syncIntent: 'nosync' },
    ...{ missing: [], blank: [], primary: legIndex(0), readOnly: false },
    listen: [{ unix: path.join(directory, 'nbd') }],
    io: { backend: 'fs', direct: false, timeoutMs: LATE_MS, comparesCopies: false, faults },
    view: new SharedArrayBuffer(viewBytes(regionCount(128))),
  };
}

test('a leg that comes back while the table is exchanged is news for the next engine alone', async () => {
  const directory = scratchDirectory();
  const start = startIn(directory);
  const events: MirrorEvent[] = [];
  const gone = Promise.withResolvers<void>();
  const serving = Promise.withResolvers<void>();
  const hear = (message: FromWorker) => {
    if (message.kind === 'resumed') link.tell({ kind: 'serve' });
    if (message.kind === 'serving') serving.resolve();
    if (message.kind === 'keepMemory') link.tell({ kind: 'memoryKept', ok: true });
    if (message.kind === 'event') events.push(message.event);
  };
  const link = new WorkerLink(start, { hear, broke: gone.reject, gone: gone.resolve });
  await serving.promise;
  const client = await NbdClient.connect({ path: path.join(directory, 'nbd') }, HOME.name);
  await expect(client.read(0, 512)).rejects.toThrow();
  expect(await link.suspend()).toMatchObject({ primary: 0, serving: [] });
  const primary = async () => (await link.order({ order: 'snapshot' })).primary;
  const { now } = await link.inquire(0);
  while ((await link.inquire(0)).now < now + BACK_MS);
  expect(await primary()).toBe(0);
  const { spec, legs, view } = start;
  const table = { spec, legs, log: null, known: [0, 1].map(legIndex), view };
  const resumed = await link.load(table);
  expect(resumed.memory.primary).toBe(0);
  link.tell({ kind: 'serve' });
  while ((await primary()) === 0);
  expect(events.filter(({ event }) => event === 'primaryMoved')).toHaveLength(1);
  client.close();
  link.terminate();
  await gone.promise;
});
