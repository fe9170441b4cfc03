/** Who speaks of a leg by its index is not heard while legs are counted anew. */
import { expect, test } from 'vitest';
import { legIndex, regionCount } from '../../src/geometry/units.ts';
import { viewBytes, viewOf } from '../../src/metrics/engine-counters.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { ActiveState } from '../../src/mirrord/active-state.ts';
import { Reload } from '../../src/mirrord/reload.ts';
import type { EngineSnapshot } from '../../src/mirrord/worker-messages.ts';
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
