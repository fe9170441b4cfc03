import { expect, test } from 'vitest';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import { writeSidecar } from '../../src/registry/sidecar-file.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

const LEARNT: Sidecar = {
  ...{ schema: SIDECAR_SCHEMA, uuid: HOME.uuid, session: 3, open: true, primary: legIndex(0) },
  ...{
    legs: HOME.legs.map((leg, index) => ({
      ...{ ...leg, missesSince: index === 0 ? null : 2, identity: null },
    })),
    logTrusted: true,
  },
  ...{ sizeBytes: HOME.sizeBytes, regionSizeBytes: HOME.regionSizeBytes },
  regionCount: regionCount(128),
};

test('show has the status, the definition, what was learnt, and the files', async () => {
  const bench = new Bench();
  bench.define(HOME);
  writeSidecar(bench.places, 'home', LEARNT);
  await bench.engine('home', async () => ({ status: { ...RUNNING, name: 'home' } }));
  const { code, document } = await bench.json('show', 'home');
  expect(code).toBe(0);
  expect(document).toEqual({
    ...RUNNING,
    name: 'home',
    definition: HOME,
    sidecar: LEARNT,
    files: {
      definition: bench.at('state/home.json'),
      sidecar: bench.at('state/home.state.json'),
      history: bench.at('state/home.history'),
      events: bench.at('state/home.events'),
      check: bench.at('state/home.check'),
      control: bench.at('state/run/home.control'),
      nbd: bench.at('state/run/home.nbd'),
    },
  });
  const { out } = await bench.run('show', 'home');
  expect(out).toContain('  mirror: m0\n'.replace('m0', 'home'));
  expect(out).toMatch(/\ndefinition:\n(.*\n)* {2}uuid +01234567-/);
  expect(out).toMatch(/\nlearnt while it ran:\n(.*\n)* {2}session +3\n/);
  expect(out).toMatch(/\ninput and output:\n {2}backend +uring\n/);
});

test('a mirror that never ran has learnt nothing', async () => {
  const bench = new Bench();
  bench.define(HOME);
  expect((await bench.json('show', 'home')).document).toMatchObject({
    ...{ active: false, pid: null, sidecar: null },
  });
  expect((await bench.run('show', 'home')).out).not.toContain('learnt');
  expect((await bench.run('show', 'hone')).code).toBe(66);
});

test('table prints what the kernel would, names in front', async () => {
  const bench = new Bench();
  bench.define({
    ...HOME,
    legs: [{ path: '/my data/a', offsetBytes: byteCount(0) }, ...HOME.legs],
  });
  const table =
    'home: 0 131072 mirror disk 2 /data/home.log 1024 3 /my\\040data/a 0 /data/a.img 0 /data/b.img 8 1 handle_errors';
  expect((await bench.run('table', 'home')).out).toBe(`${table}\n`);
  expect((await bench.json('table', 'home')).document).toEqual({ name: 'home', table });
  expect((await bench.run('table', 'hone')).code).toBe(66);
});
