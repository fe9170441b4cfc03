import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import type { EngineEvent } from '../../src/control-protocol/control-request.ts';
import type { EventName } from '../../src/control-protocol/event-names.ts';
import type { Hook } from '../../src/mirrord/event-hooks.ts';
import { EventHooks } from '../../src/mirrord/event-hooks.ts';
import { scratchDirectory } from '../scratch-directory.ts';

vi.setConfig({ testTimeout: 30_000 });

const LIMITS = { runMsMax: 60_000, closeMsMax: 60_000, waitingMax: 64 };

function event(name: EventName, fields: EngineEvent['fields'] = {}): EngineEvent {
  const at = '2026-01-02T03:04:05.678Z';
  return { number: 1, at, kind: 'bad', event: name, text: `a ${name}`, fields };
}

function hooksFor(hooks: readonly Hook[], limits: Partial<typeof LIMITS> = {}) {
  const file = path.join(scratchDirectory(), 'said');
  const failures: string[] = [];
  const env = { ...process.env, SAID: file };
  const all = new EventHooks('m', hooks, env, (why) => failures.push(why), {
    ...LIMITS,
    ...limits,
  });
  const said = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []);
  return { hooks: all, said, failures };
}

const say = (words: string) => `echo "${words}" >> "$SAID"`;

test('a command finds the event in its environment', async () => {
  const words = '$MIRRORCTL_EVENT $MIRRORCTL_MIRROR $MIRRORCTL_TIME $MIRRORCTL_LEG $MIRRORCTL_TEXT';
  const { hooks, said, failures } = hooksFor([{ event: 'leg-failed', command: say(words) }]);
  hooks.run(event('leg-failed', { leg: 1 }));
  hooks.run(event('in-sync'));
  await hooks.close();
  expect(said()).toEqual(['leg-failed m 2026-01-02T03:04:05.678Z 1 a leg-failed']);
  expect(failures).toEqual([]);
});

test('commands run one at a time, in the order of what happened', async () => {
  const { hooks, said } = hooksFor([
    {
      event: 'any',
      command: `${say('$MIRRORCTL_EVENT')}; test ! -e "$SAID.lock" || exit 1; touch "$SAID.lock"; ${say('done')}; rm "$SAID.lock"`,
    },
  ]);
  for (const name of ['leg-failed', 'leg-out', 'in-sync'] as const) hooks.run(event(name));
  await hooks.close();
  expect(said()).toEqual(['leg-failed', 'done', 'leg-out', 'done', 'in-sync', 'done']);
});

test('one that fails is told of, and the next one runs', async () => {
  const { hooks, said, failures } = hooksFor([
    { event: 'leg-failed', command: 'exit 3' },
    { event: 'leg-failed', command: 'kill -9 $$' },
    { event: 'leg-failed', command: say('me') },
  ]);
  hooks.run(event('leg-failed'));
  await hooks.close();
  expect(failures).toEqual(['exit 3: ended with 3', 'kill -9 $$: ended with SIGKILL']);
  expect(said()).toEqual(['me']);
});

test('past the bound of the queue they are dropped, and that is told of', async () => {
  const { hooks, said, failures } = hooksFor([{ event: 'mismatch', command: say('me') }], {
    waitingMax: 2,
  });
  for (let count = 0; count < 5; count += 1) hooks.run(event('mismatch'));
  await hooks.close();
  expect([said().length, failures.length]).toEqual([3, 2]);
  expect(failures[0]).toContain('dropped, 2 commands are waiting');
});

test('one that takes too long is killed, with what it started', async () => {
  const { hooks, failures } = hooksFor([{ event: 'mismatch', command: 'sleep 1000 | cat' }], {
    runMsMax: 50,
  });
  hooks.run(event('mismatch'));
  await hooks.close();
  expect(failures).toEqual(['sleep 1000 | cat: killed after 0.05 s']);
});

test('at the end the rest has some time, and then none', async () => {
  const { hooks, said, failures } = hooksFor(
    [{ event: 'mismatch', command: `${say('begun')}; exec sleep 1000` }],
    { closeMsMax: 50 },
  );
  hooks.run(event('mismatch'));
  hooks.run(event('mismatch'));
  await vi.waitUntil(() => said().length > 0);
  await hooks.close();
  hooks.run(event('mismatch'));
  expect([said(), failures]).toEqual([['begun'], []]);
});

test('a command that is told of its own failure could never end', () => {
  const { hooks, failures } = hooksFor([{ event: 'any', command: 'false' }]);
  hooks.run(event('hook-failed'));
  expect(failures).toEqual([]);
});
