import { expect, onTestFinished, test } from 'vitest';
import type { ControlRequest } from '../../src/control-protocol/control-request.ts';
import { lockMirror } from '../../src/registry/mirror-lock.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

/** An engine that lets go of the mirror when the one who asked begins to wait for that. */
async function benchWith(report: { outOfSyncRegions: number; logClean: boolean }) {
  const bench = new Bench();
  bench.define(HOME);
  const asked: ControlRequest[] = [];
  const engine = await bench.engine('home', async (request) => {
    asked.push(request);
    return request.ask === 'status' ? { status: RUNNING } : { deactivated: true, ...report };
  });
  bench.onSleep = () => engine.stop();
  return { bench, asked };
}

test('it returns when the engine has let go of the mirror', async () => {
  const { bench, asked } = await benchWith({ outOfSyncRegions: 0, logClean: true });
  expect(await bench.run('deactivate', 'home')).toEqual({
    ...{ code: 0, out: 'home is stopped; all regions are in sync and clean\n', aside: '' },
  });
  expect(asked).toEqual([{ ask: 'deactivate' }]);
  lockMirror(bench.places, 'home', 'activate').release();
});

test.each(['down', 'stop'])('%s is the same', async (alias) => {
  const { bench } = await benchWith({ outOfSyncRegions: 0, logClean: true });
  const { document, code } = await bench.json(alias, 'home');
  expect({ document, code }).toEqual({
    code: 0,
    document: { mirror: 'home', outOfSyncRegions: 0, logClean: true, dryRun: false },
  });
});

test.each([
  [7, '; 7 regions left to be copied'],
  [1, '; 1 region left to be copied'],
])('regions that are still to be copied are no failure: %i', async (outOfSyncRegions, words) => {
  const { bench } = await benchWith({ outOfSyncRegions, logClean: true });
  expect(await bench.run('deactivate', 'home')).toMatchObject({
    ...{ code: 0, out: expect.stringContaining(words) },
  });
});

test('0 only when the log says so', async () => {
  const { bench } = await benchWith({ outOfSyncRegions: 0, logClean: false });
  expect(await bench.run('deactivate', 'home')).toMatchObject({
    ...{ code: 1, out: expect.stringContaining('its log is not clean') },
  });
});

test('-n says what would be stopped and stops nothing', async () => {
  const { bench, asked } = await benchWith({ outOfSyncRegions: 0, logClean: true });
  expect((await bench.run('deactivate', 'home', '-n')).out).toBe(
    'would stop process 4711, which serves home; 0 regions out of sync\n',
  );
  expect((await bench.json('deactivate', 'home', '-n')).document).toEqual({
    ...{ mirror: 'home', pid: 4711, outOfSyncRegions: 0, dryRun: true },
  });
  expect(asked).toEqual([{ ask: 'status' }, { ask: 'status' }]);
});

test('a process that answers but does not end is named', async () => {
  const { bench } = await benchWith({ outOfSyncRegions: 0, logClean: true });
  bench.onSleep = () => {};
  expect(await bench.run('deactivate', 'home')).toMatchObject({
    code: 75,
    aside: expect.stringContaining(`process ${process.pid} does not end [MIRROR_BUSY]`),
  });
});

test('what is not active cannot be stopped', async () => {
  const bench = new Bench();
  bench.define(HOME);
  expect((await bench.run('deactivate', 'home')).code).toBe(69);
  expect((await bench.run('deactivate', 'home', '-n')).code).toBe(69);
  expect((await bench.run('deactivate', 'hone')).code).toBe(66);
  const lock = lockMirror(bench.places, 'home', 'change');
  onTestFinished(() => lock.release());
  expect((await bench.run('deactivate', 'home')).code).toBe(69);
});
