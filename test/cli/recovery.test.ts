import { expect, test } from 'vitest';
import { parseThrottle } from '../../src/cli/throttle-words.ts';
import type { ControlRequest } from '../../src/control-protocol/control-request.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

async function benchWithEngine() {
  const bench = new Bench();
  bench.define(HOME);
  const asked: ControlRequest[] = [];
  await bench.engine('home', async (request) => {
    asked.push(request);
    return request.ask === 'status' ? { status: RUNNING } : { done: true };
  });
  return { bench, asked };
}

test.each<[string[], ControlRequest, string]>([
  [['pause', 'home'], { ask: 'pauseRecovery' }, 'paused'],
  [['resume', 'home'], { ask: 'resumeRecovery' }, 'resumed'],
  [['throttle', 'home'], { ask: 'throttleRecovery', throttle: null }, 'not limited'],
  [
    ['throttle', 'home', '25%'],
    { ask: 'throttleRecovery', throttle: { percent: 25 } },
    'limited to 25 % of the time',
  ],
  [
    ['throttle', 'home', '20MiB/s'],
    { ask: 'throttleRecovery', throttle: { bytesPerSecond: 20 * 1024 * 1024 } },
    'limited to 20 MiB/s',
  ],
])('recovery %j gives one order to the engine', async (words, request, does) => {
  const { bench, asked } = await benchWithEngine();
  const { code, out } = await bench.run('recovery', ...words);
  expect({ code, out }).toEqual({ code: 0, out: `recovery of home is ${does}\n` });
  expect(asked).toEqual([request]);
  const { document } = await bench.json('recovery', ...words);
  expect(document).toEqual({ mirror: 'home', request, dryRun: false });
});

test.each([['pause'], ['resume'], ['throttle']])('recovery %s -n only looks', async (verb) => {
  const { bench, asked } = await benchWithEngine();
  const { out } = await bench.run('recovery', verb, 'home', '-n');
  expect(out).toMatch(/^recovery of home would be /);
  expect(asked).toEqual([{ ask: 'status' }]);
});

test('without an engine there is nothing to order about', async () => {
  const bench = new Bench();
  bench.define(HOME);
  for (const words of [
    ['pause', 'home'],
    ['pause', 'home', '-n'],
    ['throttle', 'home', '5%'],
  ]) {
    expect(await bench.run('recovery', ...words)).toMatchObject({
      code: 69,
      aside: expect.stringContaining('[ENGINE_UNREACHABLE]; mirrorctl activate home starts it'),
    });
  }
  expect((await bench.run('recovery', 'pause', 'hone')).code).toBe(66);
});

test('what the engine refuses is told as it says it', async () => {
  const bench = new Bench();
  bench.define(HOME);
  await bench.engine('home', async () => {
    throw new MirrorError('NOT_PERMITTED', 'home is read-only', {}, 'activate it otherwise');
  });
  expect(await bench.run('recovery', 'resume', 'home')).toMatchObject({
    code: 77,
    aside: 'mirrorctl: home is read-only [NOT_PERMITTED]; activate it otherwise\n',
  });
});

test.each([
  ['50%', { percent: 50 }],
  ['50', { percent: 50 }],
  ['100', { percent: 100 }],
  ['12.5%', { percent: 12.5 }],
  ['1M', { bytesPerSecond: 1024 * 1024 }],
  ['512k/s', { bytesPerSecond: 512 * 1024 }],
  ['1.5GiB/s', { bytesPerSecond: 1.5 * 1024 ** 3 }],
  ['2048s', { bytesPerSecond: 1024 * 1024 }],
])('%s is a limit', (word, throttle) => {
  expect(parseThrottle(word)).toEqual(throttle);
});

test.each([
  ['0', 'USAGE', 'it has no unit'],
  ['0%', 'USAGE', 'above 0 and at most 100 %'],
  ['101%', 'USAGE', 'above 0 and at most 100 %'],
  ['1000000', 'USAGE', 'it has no unit'],
  ['0M', 'USAGE', 'a rate is above 0'],
  ['fast', 'SIZE_MALFORMED', 'is no size'],
  ['10MB/s', 'SIZE_MALFORMED', '1000 or of 1024'],
  ['-5%', 'SIZE_MALFORMED', 'is no size'],
])('%s is no limit', (word, code, text) => {
  expect(() => parseThrottle(word)).toThrow(
    expect.objectContaining({ code, message: expect.stringContaining(text) }),
  );
});
