import { expect, test } from 'vitest';
import { ScriptedMirror } from './scripted-mirror.ts';

const OUT_OF_SYNC = {
  missed: [
    [1, 1],
    [2, 1],
  ],
  recovers: true,
} as const;

test('recovery is told once when it begins, and again after it was done', () => {
  const mirror = new ScriptedMirror(OUT_OF_SYNC);
  expect(mirror.news).toEqual(['event recoveryStarted 2']);
  mirror.settle().write(1, 0, 512).end('write 1 leg 1', 'failed').settle().tick(5_000);
  expect(mirror.news).toEqual(['event recoveryStarted 2', 'event recoveryStarted 1']);
});

test('recovery that copies nothing for a while is told once, and again after it went on', () => {
  const mirror = new ScriptedMirror({ ...OUT_OF_SYNC, options: { recoveriesMax: 1 } });
  mirror.tick(29_999);
  expect(mirror.news).toHaveLength(1);
  mirror.tick(1).tick(60_000);
  expect(mirror.news.slice(1)).toEqual(['event recoveryStalled 2']);
  mirror.end('copy 1').tick(30_000);
  expect(mirror.news.slice(2)).toEqual(['event recoveryStalled 1']);
});

test('paused, recovery stalls for nobody', () => {
  const mirror = new ScriptedMirror({ ...OUT_OF_SYNC, options: { recoveriesMax: 1 } });
  mirror.feed({ kind: 'pauseRecovery' }).settle();
  mirror.tick(60_000).feed({ kind: 'resumeRecovery' }).tick(29_000);
  expect(mirror.news).toEqual(['event recoveryStarted 2']);
});
