/** A log that cannot be written: who waits, who fails, and what is put on record first. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import type { LogFailurePolicy } from '../../src/mirror-set/mirror-spec.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const DISTRUSTED = 'memory: primary 0, missing none, log distrusted';

/** Write 1 went well; writes 2, 3 wait for the log, 4 behind 2; and then the log fails. */
function failed(onLogFailure: LogFailurePolicy): ScriptedMirror {
  const mirror = new ScriptedMirror({ log: 'disk', options: { onLogFailure } });
  mirror.write(1, 3072, 512).settle();
  mirror.write(2, 0, 512).write(3, 1024, 512).write(4, 0, 1024).asked();
  mirror.end('log', 'failed');
  return mirror;
}

describe('a failed log', () => {
  test('is announced, and put on record as not to be believed before any write goes on', () => {
    const mirror = failed('core');
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
    const mirror = failed('core');
    mirror.asked();
    expect(mirror.end('memory', 'failed').asked()).toEqual([
      'reply 2 ioError',
      'reply 4 ioError',
      'reply 3 ioError',
    ]);
  });

  test('fails all who waited, and all who come, if the owner keeps the log', () => {
    const mirror = failed('readonly');
    const replies = ['reply 2 ioError', 'reply 4 ioError', 'reply 3 ioError'];
    expect(mirror.asked()).toEqual(['event logFailed', ...replies]);
    expect(mirror.write(5, 2048, 512).asked()).toEqual(['reply 5 ioError']);
  });

  test('stays believed then, for nothing was written that it does not say', () => {
    const mirror = failed('readonly');
    expect(mirror.tick(10_000).settle().engine.memory.logTrusted).toBe(true);
  });

  test('does not hold up writes whose mark it has, nor reads', () => {
    const mirror = failed('readonly');
    mirror.asked();
    expect(mirror.write(5, 3072, 512).asked()).toHaveLength(2);
    expect(mirror.read(6, 0, 512).asked()).toEqual(['read 6 leg 0 at 0+512']);
  });

  test('is not written again, nor waited for: what comes later goes at once', () => {
    const mirror = failed('core');
    mirror.settle().asked();
    expect(mirror.write(5, 2048, 512).asked()).toHaveLength(2);
    mirror.settle().tick(10_000).settle();
    expect(mirror.asked()).not.toContain('log');
  });

  test('makes a stop end unclean', () => {
    const mirror = failed('core');
    mirror.settle().feed({ kind: 'stop' }).settle();
    expect(mirror.asked().at(-1)).toBe('stopped unclean, 0 out of sync');
  });
});

describe('a log that is waited for', () => {
  test('keeps those who wait, and those who come, until it is back; nothing is put on record', () => {
    const mirror = failed('hold');
    expect(mirror.asked()).toEqual(['event logFailed']);
    expect(mirror.write(5, 2048, 512).asked()).toEqual([]);
    expect([mirror.engine.heldWrites, mirror.engine.memory.logTrusted]).toEqual([3, true]);
    expect(mirror.write(6, 3072, 512).asked()).toHaveLength(2);
  });

  test('is given up by a stop', () => {
    const mirror = failed('hold');
    mirror.asked();
    const replies = ['reply 2 ioError', 'reply 4 ioError', 'reply 3 ioError'];
    expect(mirror.feed({ kind: 'stop' }).asked().slice(0, 3)).toEqual(replies);
    expect(mirror.settle().asked().at(-1)).toBe('stopped unclean, 0 out of sync');
  });

  test('is given up at once, if it fails after a stop', () => {
    const mirror = new ScriptedMirror({ log: 'disk', options: { onLogFailure: 'hold' } });
    mirror.write(1, 0, 512).feed({ kind: 'stop' }).asked();
    expect(mirror.end('log', 'failed').asked()).toContain('reply 1 ioError');
  });
});

describe('a log that can be written again', () => {
  test.each(['core', 'readonly', 'hold'] as const)(
    'is written whole, then believed (%s)',
    (policy) => {
      const mirror = failed(policy);
      if (policy === 'core') mirror.settle();
      mirror.asked();
      mirror.feed({ kind: 'logReattached' });
      if (policy !== 'core') mirror.end('memory');
      mirror.write(5, 2048, 512);
      expect(mirror.asked().filter((line) => /^(log|write)/.test(line))).toEqual(['log durable']);
      expect(mirror.engine.logHasFailed).toBe(true);
      mirror.end('log').end('log');
      const asked = mirror.asked();
      expect(asked).toContain('event logReattached');
      expect(asked).toContain('write 5 leg 0 at 2048+512');
      expect(asked).toContain('memory: primary 0, missing none, log trusted');
      mirror.settle();
      expect([mirror.engine.logHasFailed, mirror.engine.memory.logTrusted]).toEqual([false, true]);
      mirror.feed({ kind: 'stop' }).settle();
      expect(mirror.asked().at(-1)).toBe('stopped clean, 0 out of sync');
    },
  );

  test('gets those who waited for it', () => {
    const mirror = failed('hold');
    mirror.feed({ kind: 'logReattached' }).end('memory').end('log').end('log').asked();
    mirror.settle();
    expect(mirror.asked()).toEqual(
      expect.arrayContaining(['reply 2 ok', 'reply 3 ok', 'reply 4 ok']),
    );
  });

  test('and fails again has failed', () => {
    const mirror = failed('core');
    mirror.settle().feed({ kind: 'logReattached' }).write(5, 2048, 512).asked();
    expect(mirror.end('log', 'failed').asked()).toEqual([
      'event logFailed',
      'write 5 leg 0 at 2048+512',
      'write 5 leg 1 at 2048+512',
    ]);
    expect(mirror.engine.memory.logTrusted).toBe(false);
  });

  test.each([
    ['readonly', ['reply 5 ioError']],
    ['hold', []],
  ] as const)(
    'is left alone if it is not on record as not to be believed (%s)',
    (policy, asked) => {
      const mirror = failed(policy);
      mirror.feed({ kind: 'logReattached' }).asked();
      mirror.write(5, 2048, 512).end('memory', 'failed');
      expect(mirror.asked()).toEqual(asked);
    },
  );
});

test('a log write that nobody asked for does not end', () => {
  const mirror = new ScriptedMirror();
  expect(() => mirror.feed({ kind: 'logWriteEnded', outcome: 'ok' })).toThrow(InvariantBroken);
});
