import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

async function benchWithThree(): Promise<Bench> {
  const bench = new Bench();
  bench.define(HOME);
  bench.define({ ...HOME, name: 'm0' });
  await bench.engine('m0', async () => ({ status: RUNNING }));
  writeFileSync(bench.at('state/broken.json'), '{');
  return bench;
}

test('one line a mirror; a broken definition hides no other', async () => {
  const bench = await benchWithThree();
  expect(await bench.run('list')).toEqual({
    code: 0,
    aside: '',
    out: [
      'NAME    HEALTH   ACTIVITY      SIZE  LEGS',
      `broken  INVALID                      ${bench.at('state/broken.json')} is not JSON`,
      'home    FAILED   not active  64 MiB  /data/a.img /data/b.img',
      'm0      OK       idle        64 MiB  /data/a.img /data/b.img',
      '',
    ].join('\n'),
  });
});

test('as JSON, with the error of what is broken', async () => {
  const bench = await benchWithThree();
  expect((await bench.json('list')).document).toEqual({
    schema: 'mirrorctl.list/1',
    mirrors: [
      {
        name: 'broken',
        error: {
          code: 'REGISTRY_INVALID',
          message: expect.stringContaining('is not JSON'),
          hint: expect.stringContaining('mend'),
        },
      },
      {
        ...{ name: 'home', active: false, pid: null, health: 'failed', activity: 'idle' },
        ...{ sizeBytes: 67_108_864, legs: ['/data/a.img', '/data/b.img'] },
      },
      {
        ...{ name: 'm0', active: true, pid: 4711, health: 'ok', activity: 'idle' },
        ...{ sizeBytes: 67_108_864, legs: ['/data/a.img', '/data/b.img'] },
      },
    ],
  });
});

test('--names is for scripts, and asks nobody', async () => {
  const bench = await benchWithThree();
  expect((await bench.run('list', '--names')).out).toBe('broken\nhome\nm0\n');
  expect((await bench.json('list', '--names')).document).toEqual({
    schema: 'mirrorctl.list/1',
    mirrors: [{ name: 'broken' }, { name: 'home' }, { name: 'm0' }],
  });
});

test('without mirrors the list says so', async () => {
  expect((await new Bench().run('list')).out).toBe('there are no mirrors\n');
  expect((await new Bench().run('list', '--names')).out).toBe('');
  expect((await new Bench().json('list')).document.mirrors).toEqual([]);
});

const nextSteps = async (bench: Bench): Promise<string[]> => (await bench.json()).document.next;

test('mirrorctl alone shows the list and three steps that fit', async () => {
  const bench = new Bench();
  expect((await bench.run()).out).toBe(
    [
      'there are no mirrors',
      '',
      'next:',
      '  mirrorctl create NAME LEG LEG  define a mirror',
      '  mirrorctl demo                 watch one being made, written and recovered',
      '  mirrorctl help                 list all commands',
      '',
    ].join('\n'),
  );
  bench.define(HOME);
  expect(await nextSteps(bench)).toEqual([
    'mirrorctl activate home',
    'mirrorctl show home',
    'mirrorctl create NAME LEG LEG',
  ]);
  const engine = await bench.engine('home', async () => ({ status: { ...RUNNING, name: 'home' } }));
  expect(await nextSteps(bench)).toEqual([
    'mirrorctl show home',
    'mirrorctl create NAME LEG LEG',
    'mirrorctl demo',
  ]);
  await engine.stop();
  const sick = { ...RUNNING, name: 'home', health: 'degraded' as const };
  await bench.engine('home', async () => ({ status: sick }));
  expect((await nextSteps(bench))[0]).toBe('mirrorctl status home');
});

test('mirrorctl alone also works where a definition is broken', async () => {
  const bench = new Bench();
  mkdirSync(bench.places.stateDir);
  writeFileSync(bench.at('state/broken.json'), '{');
  const { code, out } = await bench.run();
  expect(code).toBe(0);
  expect(out).toContain('broken  INVALID');
});
