/** Flushes: shared by all who wait, and what follows when one fails. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { legIndex } from '../../src/geometry/units.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

/** A write that has been acknowledged and not flushed. */
function written(setting: ConstructorParameters<typeof ScriptedMirror>[0] = {}): ScriptedMirror {
  const mirror = new ScriptedMirror(setting);
  mirror.write(1, 0, 512).end('write').asked();
  return mirror;
}

describe('a flush', () => {
  test('goes to every leg, and is answered when all have ended', () => {
    const mirror = new ScriptedMirror();
    expect(mirror.flush(1).asked()).toEqual(['flush leg 0', 'flush leg 1']);
    expect(mirror.end('flush leg 1').asked()).toEqual([]);
    expect(mirror.end('flush leg 0').asked()).toEqual(['reply 1 ok']);
  });

  test('does not count for those who come while it is under way; they share the next one', () => {
    const mirror = new ScriptedMirror();
    mirror.flush(1).flush(2).flush(3).asked();
    expect(mirror.end('flush').asked()).toEqual(['flush leg 0', 'flush leg 1', 'reply 1 ok']);
    expect(mirror.end('flush').asked()).toEqual(['reply 2 ok', 'reply 3 ok']);
  });

  test('of a leg that is not being flushed does not end', () => {
    const mirror = new ScriptedMirror();
    const end = () => mirror.feed({ kind: 'legFlushEnded', leg: legIndex(0), outcome: 'ok' });
    expect(end).toThrow(InvariantBroken);
  });
});

describe('a leg whose flush fails', () => {
  test('misses at once what was written since its last good flush', () => {
    const mirror = written();
    mirror.flush(2).end('flush leg 1', 'failed').asked();
    expect([mirror.holders(0), mirror.holders(1)]).toEqual([[0], [0, 1]]);
    expect(mirror.read(3, 0, 512).asked()).toEqual(['read 3 leg 0 at 0+512']);
  });

  test('misses nothing that a sweep has put to rest', () => {
    const mirror = written();
    mirror.tick(4_000).settle().flush(2).end('flush leg 1', 'failed');
    expect(mirror.holders(0)).toEqual([0, 1]);
  });

  test('misses nothing that still waited for its mark', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    mirror.write(1, 0, 512).flush(2).end('flush leg 1', 'failed');
    expect(mirror.holders(0)).toEqual([0, 1]);
    expect(mirror.end('log').underWay).toContain('write 1 leg 1 at 0+512');
  });

  test('does not fail the client, once the others are on record as right', () => {
    const mirror = written();
    mirror.flush(2).end('flush leg 1', 'failed').end('flush leg 0').asked();
    expect(mirror.underWay).toEqual(['memory']);
    expect(mirror.end('memory').asked()).toEqual(['reply 2 ok']);
  });

  test('gives up the primary part to a leg that holds everything', () => {
    const mirror = written();
    mirror.flush(2).end('flush leg 0', 'failed');
    expect([mirror.primary, mirror.holders(0)]).toEqual([1, [1]]);
    expect(mirror.asked()).toContain('event primaryMoved 1');
    mirror.end('flush leg 1').asked();
    expect(mirror.end('memory').asked()).toEqual(['reply 2 ok']);
  });

  test('holds up the next flush too, until it is on record who is right', () => {
    const mirror = written();
    mirror.flush(2).end('flush leg 0', 'failed').end('flush leg 1').flush(3).end('flush').asked();
    mirror.end('memory', 'failed');
    expect(mirror.asked()).toEqual([
      'reply 2 ioError',
      'memory: primary 1, missing 0, log trusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['reply 3 ok']);
  });
});

describe('a primary whose flush fails and who has no heir', () => {
  test('is believed as it is: the others miss what it may have lost, and the client hears', () => {
    const mirror = written({ missed: [[3, 1]] });
    mirror.flush(2).end('flush leg 0', 'failed').end('flush leg 1');
    expect(mirror.asked()).toContain('reply 2 ioError');
    expect([mirror.primary, mirror.holders(0)]).toEqual([0, [0]]);
    expect(mirror.flush(3).end('flush').asked()).toContain('reply 3 ok');
  });

  test('fails the next flush of a client, if it was the sweep that failed', () => {
    const mirror = written({ missed: [[3, 1]] });
    mirror.tick(4_000).end('flush leg 0', 'failed').end('flush leg 1').asked();
    expect(mirror.stateOf(0)).toBe('nosync');
    expect(mirror.flush(2).end('flush').asked()).toContain('reply 2 ioError');
    expect(mirror.flush(3).end('flush').asked()).toContain('reply 3 ok');
  });

  test('fails a write that was under way, for it may have lost that too', () => {
    const mirror = new ScriptedMirror({ missed: [[3, 1]] });
    mirror.write(1, 0, 512).end('write 1 leg 0').flush(2).end('flush leg 0', 'failed').asked();
    mirror.end('write 1 leg 1');
    expect(mirror.asked()).toEqual(['reply 1 ioError']);
  });
});
