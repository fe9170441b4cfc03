import { expect, test } from 'vitest';
import { MirrorWatch } from '../../src/watch/mirror-watch.ts';
import { replaySource } from '../../src/watch/recording.ts';
import { VirtualTime } from '../../src/watch/virtual-time.ts';
import { ScriptedEngine } from '../tui/scripted-engine.ts';
import { recordingOf } from './recording-of.ts';

test('calls come in the order of their time, those taken back never', async () => {
  const time = new VirtualTime();
  const heard: [string, number][] = [];
  const say = (word: string) => () => heard.push([word, time.now()]);
  time.later(2000, say('second'));
  time.later(1000, () => {
    say('first')();
    time.later(500, say('between'));
  });
  const revoke = time.later(1200, say('never'));
  time.later(9000, say('too late'));
  revoke();
  await time.run(5);
  expect(heard).toEqual([
    ['first', 2],
    ['between', 2.5],
    ['second', 3],
  ]);
  expect(time.now()).toBe(6);
});

test('a recording of a minute is watched in no time, with all that was recorded', async () => {
  const lines = await recordingOf(60, new ScriptedEngine(100));
  const time = new VirtualTime();
  const replay = replaySource(lines.join('').split('\n'), time.now);
  expect(replay.seconds).toBe(60);
  const watch = new MirrorWatch(replay, time.now, time.later);
  watch.start();
  await time.run(30.5);
  expect(watch.picture?.tallies[2]).toBe(31);
  await time.run(31);
  expect(watch.picture?.tallies[2]).toBe(61);
  expect(watch.snapshot.status?.inSyncRegions).toBe(39);
  expect(watch.snapshot.samples.length).toBeGreaterThan(60);
  watch.close();
});
