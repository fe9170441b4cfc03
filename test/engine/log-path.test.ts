/** A log that cannot be written: who waits, who fails, and what is put on record first. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const DISTRUSTED = 'memory: primary 0, missing none, log distrusted';

/** Write 1 went well; writes 2, 3 wait for the log, 4 behind 2; and then the log fails. */
function failed(keepLog: boolean): ScriptedMirror {
  const mirror = new ScriptedMirror({ log: 'disk', options: { keepLog } });
  mirror.write(1, 3072, 512).settle();
  mirror.write(2, 0, 512).write(3, 1024, 512).write(4, 0, 1024).asked();
  mirror.end('log', 'failed');
  return mirror;
}

describe('a failed log', () => {
  test('is announced, and put on record as not to be believed before any write goes on', () => {
    const mirror = failed(false);
    expect(mirror.asked()).toEqual(['event logFailed', DISTRUSTED]);
    mirror.end('memory');
    expect(mirror.asked().filter((line) => line.includes('leg 0'))).toEqual([
      'write 2 leg 0 at 0+512',
      'write 3 leg 0 at 1024+512',
    ]);
    mirror.end('write').end('write');
    expect(mirror.asked()).toEqual(expect.arrayContaining(['reply 3 ok', 'reply 4 ok']));
    expect(mirror.engine.logHasFailed).toBe(true);
  });

  test('fails all who waited for it, if that cannot be put on record', () => {
    const mirror = failed(false);
    mirror.asked();
    expect(mirror.end('memory', 'failed').asked()).toEqual([
      'reply 2 ioError',
      'reply 4 ioError',
      'reply 3 ioError',
    ]);
  });

  test('fails all who waited, and all who come, if the owner keeps the log', () => {
    const mirror = failed(true);
    const replies = ['reply 2 ioError', 'reply 4 ioError', 'reply 3 ioError'];
    expect(mirror.asked()).toEqual(['event logFailed', ...replies]);
    expect(mirror.write(5, 2048, 512).asked()).toEqual(['reply 5 ioError']);
  });

  test('stays believed then, for nothing was written that it does not say', () => {
    const mirror = failed(true);
    expect(mirror.tick(10_000).settle().engine.memory.logTrusted).toBe(true);
  });

  test('does not hold up writes whose mark it has, nor reads', () => {
    const mirror = failed(true);
    mirror.asked();
    expect(mirror.write(5, 3072, 512).asked()).toHaveLength(2);
    expect(mirror.read(6, 0, 512).asked()).toEqual(['read 6 leg 0 at 0+512']);
  });

  test('is not written again, nor waited for: what comes later goes at once', () => {
    const mirror = failed(false);
    mirror.settle().asked();
    expect(mirror.write(5, 2048, 512).asked()).toHaveLength(2);
    mirror.settle().tick(10_000).settle();
    expect(mirror.asked()).not.toContain('log');
  });

  test('makes a stop end unclean', () => {
    const mirror = failed(false);
    mirror.settle().feed({ kind: 'stop' }).settle();
    expect(mirror.asked().at(-1)).toBe('stopped unclean, 0 out of sync');
  });
});

test('a log write that nobody asked for does not end', () => {
  const mirror = new ScriptedMirror();
  expect(() => mirror.feed({ kind: 'logWriteEnded', outcome: 'ok' })).toThrow(InvariantBroken);
});
