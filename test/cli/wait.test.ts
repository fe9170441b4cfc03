import { expect, test } from 'vitest';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

const SICK: MirrorStatus = {
  ...RUNNING,
  ...{ name: 'home', health: 'degraded', activity: 'recovering', inSyncRegions: 64 },
  recovery: { ...RUNNING.recovery, active: true, doneRegions: 64, etaSeconds: 5 },
};

/** An engine that says these, one after another, and then the last one for ever. */
async function benchWith(...statuses: MirrorStatus[]): Promise<Bench> {
  const bench = new Bench();
  bench.define(HOME);
  let next = 0;
  await bench.engine('home', async () => {
    const status = statuses[Math.min(next, statuses.length - 1)] ?? RUNNING;
    next += 1;
    return { status };
  });
  return bench;
}

test.each<[string, Partial<MirrorStatus>]>([
  ['in-sync', { inSyncRegions: 128 }],
  ['idle', { activity: 'idle' }],
  ['healthy', { health: 'ok' }],
])('until %s, that and nothing else is waited for', async (until, reached) => {
  const bench = await benchWith(SICK, SICK, { ...SICK, ...reached }, RUNNING);
  expect(await bench.run('wait', 'home', '--until', until)).toEqual({
    code: 0,
    out: '',
    aside: '',
  });
  expect(bench.slept).toHaveLength(2);
});

test('what is so already is not waited for', async () => {
  const bench = await benchWith(RUNNING);
  const { document } = await bench.json('wait', 'home', '--until', 'healthy');
  expect(document).toEqual({ mirror: 'home', reached: true });
  expect(bench.slept).toEqual([]);
});

test('how far recovery is goes to stderr as JSON, once a second and at the end', async () => {
  const half = { ...SICK.recovery, bytesPerSecond: 1000 };
  const bench = await benchWith(...Array(7).fill({ ...SICK, recovery: half }), RUNNING);
  const words = ['--until', 'in-sync', '--progress', 'json'];
  const { code, out, aside } = await bench.run('wait', 'home', ...words);
  expect({ code, out }).toEqual({ code: 0, out: '' });
  const reading = { job: 'recovery', subject: 'home', doneBytes: 64 * RUNNING.regionSizeBytes };
  const seen = aside
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(seen).toEqual(Array(3).fill(expect.objectContaining(reading)));
});

test('after the time the answer is how far it is', async () => {
  const bench = await benchWith(SICK);
  const { code, aside } = await bench.run('wait', 'home', '--until', 'in-sync', '--timeout', '1');
  expect({ code, aside }).toEqual({
    code: 75,
    aside:
      'mirrorctl: home is not in-sync after 1 s [WAIT_TIMED_OUT]; recovery: 50.0 % of 64 MiB, 0:00:05 to go\n',
  });
  expect(bench.slept.reduce((sum, one) => sum + one, 0)).toBe(1000);
});

test('a timeout of nothing looks once', async () => {
  const bench = await benchWith(SICK);
  expect((await bench.run('wait', 'home', '--until', 'idle', '--timeout', '0')).code).toBe(75);
  expect(bench.slept).toEqual([]);
});

test('recovery that is paused is named as the reason', async () => {
  const bench = await benchWith({ ...SICK, recovery: { ...SICK.recovery, paused: true } });
  const { aside } = await bench.run('wait', 'home', '--until', 'idle', '--timeout', '0.5');
  expect(aside).toContain('recovery is paused: mirrorctl recovery resume home');
});

test('an interruption ends it', async () => {
  const bench = await benchWith(SICK);
  bench.onSleep = () =>
    bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted by SIGINT'));
  expect((await bench.run('wait', 'home', '--until', 'in-sync')).code).toBe(130);
});

test('an engine that goes away meanwhile ends it', async () => {
  const bench = new Bench();
  bench.define(HOME);
  const engine = await bench.engine('home', async () => ({ status: SICK }));
  bench.onSleep = () => engine.stop();
  expect((await bench.run('wait', 'home', '--until', 'in-sync')).code).toBe(69);
});

test.each([
  [['wait', 'home'], 64, 'wait: --until is missing [USAGE]; add --until in-sync|idle|healthy'],
  [['wait', 'home', '--until', 'done'], 64, '--until cannot be done'],
  [['wait', 'home', '--until', 'idle', '--timeout', 'soon'], 64, '--timeout cannot be soon'],
  [['wait', 'home', '--until', 'idle', '--timeout', '1e3'], 64, '--timeout cannot be 1e3'],
  [['wait', 'home', '--until', 'idle', '--timeout', '-1'], 64, '--timeout cannot be -1'],
  [['wait', 'hone', '--until', 'idle'], 66, 'no mirror hone'],
  [['wait', 'home', '--until', 'idle'], 69, 'no engine runs for home'],
])('%j cannot be waited for', async (words, code, text) => {
  const bench = new Bench();
  bench.define(HOME);
  expect(await bench.run(...words)).toMatchObject({ code, aside: expect.stringContaining(text) });
});
