import { appendFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ControlRequest, EngineEvent } from '../../src/control-protocol/control-request.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { appendEvent } from '../../src/registry/event-file.ts';
import { eventsPath } from '../../src/registry/places.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

const event = (number: number): EngineEvent => ({
  number,
  at: `2026-01-01T00:00:0${number % 10}.000Z`,
  kind: number === 2 ? 'bad' : 'plain',
  event: number === 2 ? 'leg-failed' : 'in-sync',
  text: `thing ${number}\u001b[2J`,
  fields: {},
});

/** An engine that has these events one look after another, and then is gone. */
async function benchWith(...looks: (readonly EngineEvent[])[]) {
  const bench = new Bench();
  bench.define(HOME);
  const asked: ControlRequest[] = [];
  await bench.engine('home', async (request) => {
    asked.push(request);
    const events = looks[asked.length - 1];
    if (events === undefined) throw new MirrorError('ENGINE_UNREACHABLE', 'gone');
    return { events };
  });
  return { bench, asked };
}

test('what is remembered is printed, harmlessly, and that is all', async () => {
  const { bench, asked } = await benchWith([event(1), event(2)]);
  expect(await bench.run('events', 'home')).toMatchObject({
    code: 0,
    out:
      '2026-01-01T00:00:01.000Z  plain    thing 1\\x1b[2J\n' +
      '2026-01-01T00:00:02.000Z  bad      thing 2\\x1b[2J\n',
  });
  expect(asked).toEqual([{ ask: 'events', since: 0 }]);
});

test('who follows hears each event once, and ends with the engine', async () => {
  const { bench, asked } = await benchWith([event(1)], [], [event(2), event(3)]);
  const { code, out } = await bench.run('events', 'home', '--follow', '--json');
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toEqual([1, 2, 3].map((number) => ({ mirror: 'home', ...event(number) })));
  expect(asked.map((request) => 'since' in request && request.since)).toEqual([0, 1, 1, 3]);
  expect(code).toBe(0);
});

test('what was forgotten meanwhile is said', async () => {
  const { bench } = await benchWith([event(1)], [event(5)]);
  expect((await bench.run('events', 'home', '--follow')).aside).toBe(
    'home: 3 events are forgotten\n',
  );
});

test('without an engine there is nothing to follow', async () => {
  const { bench } = await benchWith();
  expect((await bench.run('events', 'home', '--follow')).code).toBe(69);
});

test('without an engine what was written down is told', async () => {
  const { bench } = await benchWith();
  for (const number of [7, 8]) appendEvent(bench.places, 'home', event(number));
  appendFileSync(eventsPath(bench.places, 'home'), '{"number":9,"at":"20');
  expect(await bench.run('events', 'home')).toMatchObject({
    ...{ code: 0, aside: '' },
    out: expect.stringMatching(/^2026.*thing 7.*\n2026.*thing 8.*\n$/),
  });
});
