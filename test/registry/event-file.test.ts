import { appendFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { EngineEvent } from '../../src/control-protocol/control-request.ts';
import { appendEvent, EVENTS_KEPT, readEvents } from '../../src/registry/event-file.ts';
import { eventsPath } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const event = (number: number, text = `thing ${number}`): EngineEvent => ({
  ...{ number, at: '2026-01-02T03:04:05.678Z', kind: 'bad', event: 'leg-failed' },
  ...{ text, fields: { leg: 1, path: '/b' } },
});

function newPlaces() {
  const stateDir = path.join(scratchDirectory(), 'state');
  mkdirSync(stateDir);
  return { stateDir, runtimeDir: stateDir };
}

test('what was written is read again, and of much only the newest', () => {
  const places = newPlaces();
  expect(readEvents(places, 'm')).toEqual([]);
  for (let number = 1; number <= EVENTS_KEPT + 5; number += 1) {
    expect(appendEvent(places, 'm', event(number))).toBe(true);
  }
  const read = readEvents(places, 'm');
  expect([read.length, read[0]?.number, read.at(-1)]).toEqual([256, 6, event(EVENTS_KEPT + 5)]);
});

test('the file stays small', () => {
  const places = newPlaces();
  const long = 'x'.repeat(500);
  for (let number = 1; number <= 2_000; number += 1) appendEvent(places, 'm', event(number, long));
  expect(statSync(eventsPath(places, 'm')).size).toBeLessThan(512 * 1024);
  expect(readEvents(places, 'm').map(({ number }) => number)).toEqual(
    Array.from({ length: 256 }, (_, index) => 2_000 - 255 + index),
  );
});

test('lines that make no sense are passed over, torn ones too', () => {
  const places = newPlaces();
  const file = eventsPath(places, 'm');
  writeFileSync(file, '{"number":1\nnonsense\n{"number":"x"}\n');
  appendEvent(places, 'm', event(2));
  appendFileSync(file, JSON.stringify(event(3)).slice(0, 40));
  expect(readEvents(places, 'm')).toEqual([event(2)]);
  appendEvent(places, 'm', event(4));
  expect(readEvents(places, 'm')).toEqual([event(2), event(4)]);
  expect(readFileSync(file, 'utf8')).toContain('nonsense');
});

test('where nothing can be written it says so, and no more', () => {
  const places = newPlaces();
  mkdirSync(eventsPath(places, 'm'));
  expect(appendEvent(places, 'm', event(1))).toBe(false);
  expect(readEvents(places, 'm')).toEqual([]);
});
