import { expect, test } from 'vitest';
import type { LogDump } from '../../src/forensics/log-dump.ts';
import { logSource } from '../../src/watch/log-source.ts';
import type { Engine, Source } from '../../src/watch/mirror-watch.ts';
import { recorded, replaySource } from '../../src/watch/recording.ts';
import { ScriptedEngine } from '../tui/scripted-engine.ts';

const map = (version: number, states: readonly number[]) => ({
  map: { version, regionCount: 4, states, writes: [], missing: [], differing: [] },
});

/** An engine with these maps, one after the other. */
function engineWith(maps: ReturnType<typeof map>[]): Source {
  const engine = new ScriptedEngine(4);
  const next = maps.values();
  const ask: Engine['ask'] = async (request) =>
    request.ask === 'map' ? (next.next().value ?? map(9, [])) : engine.ask(request);
  return { name: 'm0', kind: 'live', open: () => ({ ask, close: () => {} }) };
}

test('what was recorded is played in order and at its pace, and then stands still', async () => {
  const lines: string[] = [];
  const clock = { now: 100 };
  const engine = recorded(
    engineWith([map(1, [0, 4, 0]), map(2, [1, 1, 2])]),
    (line) => lines.push(line),
    () => clock.now,
  ).open();
  const status = await engine.ask({ ask: 'status' });
  await engine.ask({ ask: 'map', since: 0 });
  clock.now = 101;
  await engine.ask({ ask: 'map', since: 1 });

  clock.now = 500;
  const source = replaySource(lines.join('').split('\n'), () => clock.now);
  expect([source.name, source.kind]).toEqual(['m0', 'replay']);
  const replay = source.open();
  expect(await replay.ask({ ask: 'status' })).toEqual(status);
  expect(await replay.ask({ ask: 'map', since: 0 })).toEqual(map(1, [0, 4, 0]));
  expect(await replay.ask({ ask: 'map', since: 1 })).toEqual(map(1, []));
  clock.now = 501;
  expect(await replay.ask({ ask: 'map', since: 1 })).toEqual(map(2, [1, 1, 2]));
  expect(await replay.ask({ ask: 'map', since: 2 })).toMatchObject(map(1, []));
});

test('a recording commands nothing', async () => {
  const head = '{"recording":"mirrorctl.recording/1","name":"m0"}';
  const replay = replaySource([head], () => 1).open();
  await expect(replay.ask({ ask: 'deactivate' })).rejects.toThrow(
    expect.objectContaining({ code: 'NOT_PERMITTED' }),
  );
});

test.each([
  [['{}'], 1],
  [['not json'], 1],
  [['{"recording":"mirrorctl.recording/1","name":"m0"}', '{"at":1,"line":"{}"}'], 2],
])('a recording that makes no sense names its line (%#)', (lines, line) => {
  expect(() => replaySource(lines, () => 1)).toThrow(
    expect.objectContaining({ code: 'ENGINE_REPLY_MALFORMED', facts: { line } }),
  );
});

const DUMP: LogDump = {
  schema: 'mirrorctl.log/1',
  path: '/x/m0.log',
  magicOk: true,
  version: 2,
  regionCount: 100,
  headerState: 'normal',
  regionSizeBytes: 4096,
  regionSizeInferred: false,
  imageBytes: 1536,
  cleanRegions: 96,
  dirtyRegions: 4,
  dirtyRuns: [{ first: 8, count: 4 }],
  kernelOnResume: 'copies 4 regions',
  mirrorctlOnResume: 'copies 4 regions',
  headerHex: '',
  regionCountFound: '100',
  missingRegions: 0,
  mirrorSizeBytes: null,
  factsFrom: null,
  regionSizeCandidates: [],
  blockBytes: 512,
  excerptBytes: 1536,
  otherBytes: [],
};

test('a log is shown as whoever resumes it will take it', async () => {
  const engine = logSource(DUMP).open();
  expect(await engine.ask({ ask: 'map', since: 0 })).toMatchObject({ map: { states: [8, 4, 2] } });
  expect(await engine.ask({ ask: 'status' })).toMatchObject({
    status: { active: false, inSyncRegions: 96, sizeBytes: 409_600 },
  });
});

test('a log without regions is refused with what to do', () => {
  expect(() => logSource({ ...DUMP, regionCount: null })).toThrow(
    expect.objectContaining({ code: 'LOG_MAGIC_MISSING' }),
  );
});
