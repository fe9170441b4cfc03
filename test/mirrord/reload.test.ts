/** What is durable, and who is heard, while a mirror is changed. */
import { renameSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openDevices } from '../../src/devices/open-device.ts';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import { viewBytes, viewOf } from '../../src/metrics/engine-counters.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import { ActiveState } from '../../src/mirrord/active-state.ts';
import { requestsFor } from '../../src/mirrord/prepared-mirror.ts';
import { Reload } from '../../src/mirrord/reload.ts';
import type { EngineSnapshot } from '../../src/mirrord/worker-messages.ts';
import { NO_LEGS } from '../../src/region/leg-content.ts';
import { readSidecar } from '../../src/registry/sidecar-file.ts';
import { scratchDirectory, scratchFile } from '../devices/scratch-devices.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

test('while a mirror is changed, whoever asks for more is told to wait, and not any longer', async () => {
  const view = viewOf(new SharedArrayBuffer(viewBytes(regionCount(128))), regionCount(128));
  const table = { spec: HOME, devices: [], missing: new Map(), view };
  const places = { stateDir: '/nowhere', runtimeDir: '/nowhere' };
  const never = () => Promise.reject(new Error('a change that is refused goes no further'));
  const snapshot = Promise.withResolvers<EngineSnapshot>();
  const reload = new Reload({
    state: new ActiveState(places, false, table, {} as Sidecar),
    snapshot: () => snapshot.promise,
    ...{ takeOut: never, reattachLog: never, suspend: never, load: never },
    ...{ serve: () => {}, abandon: () => {}, warn: () => {}, tell: () => {} },
  });
  const leg = { path: '/data/none.img', offsetBytes: HOME.sizeBytes };
  const change = { change: 'removeLeg', leg } as const;
  reload.refuseIfUnderWay();
  const changed = reload.change({ change, growLegs: false, dryRun: false });
  expect(() => reload.refuseIfUnderWay()).toThrow('home is being changed');
  const all = [0, 1].map(legIndex);
  const known = { primary: legIndex(0), serving: all, complete: all, heldWrites: 0 };
  snapshot.resolve(known as unknown as EngineSnapshot);
  await expect(changed).rejects.toMatchObject({ code: 'LEG_NOT_FOUND' });
  expect(() => reload.refuseIfUnderWay()).not.toThrow();
});

test.each([
  ['is believed once it is written', true],
  ['is not believed if it cannot be', false],
])('a log that is another file %s, and not while that is done', async (_, logWritten) => {
  const directory = scratchDirectory();
  const [a, b] = ['a', 'b'].map((name) => scratchFile(directory, name, HOME.sizeBytes));
  const log = scratchFile(directory, 'log', 4096);
  const legs = [a, b].map((file) => ({ path: file as string, offsetBytes: byteCount(0) }));
  const spec = { ...HOME, legs, log: { type: 'disk', path: log, ours: true } } as const;
  const devices = openDevices(requestsFor(spec, 'write'));
  const view = viewOf(new SharedArrayBuffer(viewBytes(regionCount(128))), regionCount(128));
  const places = { stateDir: directory, runtimeDir: directory };
  const primary = legIndex(0);
  const sidecar: Sidecar = {
    ...{ schema: SIDECAR_SCHEMA, uuid: spec.uuid, session: 1, open: true, primary },
    legs: legs.map((leg) => ({ ...leg, missesSince: null, identity: null })),
    ...{ logTrusted: true, sizeBytes: spec.sizeBytes, regionSizeBytes: spec.regionSizeBytes },
    regionCount: regionCount(128),
  };
  const table = { spec, devices, missing: new Map(), view };
  const state = new ActiveState(places, false, table, sidecar);
  const isBelieved = () => {
    const found = readSidecar(places, spec);
    return found.ok && found.value?.logTrusted;
  };
  const memory = { primary, missing: NO_LEGS, logTrusted: true };
  const all = [0, 1].map(legIndex);
  const known = { primary, serving: all, complete: all, hanging: [] };
  const whileLoaded: unknown[] = [];
  const reload = new Reload({
    state,
    snapshot: async () => known as unknown as EngineSnapshot,
    takeOut: () => Promise.reject(new Error('no leg is touched')),
    reattachLog: () => Promise.reject(new Error('it is another file')),
    suspend: async () => known,
    load: async () => {
      state.keep(memory);
      whileLoaded.push(isBelieved());
      return { kind: 'resumed', memory, logWritten };
    },
    ...{ serve: () => {}, abandon: () => {}, tell: () => {} },
  });
  renameSync(log, path.join(directory, 'old'));
  scratchFile(directory, 'log', 4096);
  const change = { change: 'reattachLog' } as const;
  const changed = reload.change({ change, growLegs: false, dryRun: false });
  if (logWritten) await changed;
  else await expect(changed).rejects.toMatchObject({ code: 'LOG_WRITE_FAILED' });
  expect([whileLoaded, isBelieved()]).toEqual([[false], logWritten]);
});
