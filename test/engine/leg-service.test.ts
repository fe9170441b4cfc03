/** Legs that go out of service and come back: asked for nothing meanwhile, and brought what they missed. */
import { describe, expect, test } from 'vitest';
import { legIndex } from '../../src/geometry/units.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const [L0, L1, L2] = [legIndex(0), legIndex(1), legIndex(2)];

describe('a leg out of service', () => {
  test('gets nothing, and misses what is written', () => {
    const mirror = new ScriptedMirror();
    mirror.feed({ kind: 'legOut', leg: L1 }).write(1, 0, 2048);
    expect(mirror.asked()).toEqual(['event legOut 1', 'write 1 leg 0 at 0+2048']);
    expect(mirror.end('write 1').asked()).toEqual(['memory: primary 0, missing 1, log trusted']);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok']);
    expect([mirror.holders(0), mirror.holders(1), mirror.holders(2)]).toEqual([[0], [0], [0, 1]]);
  });

  test('is not read, though it is the one that is preferred', () => {
    const mirror = new ScriptedMirror({ options: { readPolicy: 'leg:1' } });
    mirror.feed({ kind: 'legOut', leg: L1 }).read(1, 0, 512);
    expect(mirror.underWay).toEqual(['read 1 leg 0 at 0+512']);
  });

  test('is not flushed', () => {
    const mirror = new ScriptedMirror();
    mirror.feed({ kind: 'legOut', leg: L1 }).flush(1);
    expect(mirror.underWay).toEqual(['flush leg 0']);
    expect(mirror.end('flush').asked()).toContain('reply 1 ok');
  });

  test('loses what it has not flushed', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).write(2, 1024, 512).end('write 1');
    mirror.feed({ kind: 'legOut', leg: L1 });
    expect([mirror.holders(0), mirror.holders(1), mirror.holders(2)]).toEqual([[0], [0], [0, 1]]);
  });

  test('keeps what it has flushed', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write').tick(5_000).settle();
    mirror.feed({ kind: 'legOut', leg: L1 });
    expect([mirror.holders(0), mirror.stateOf(0)]).toEqual([[0, 1], 'clean']);
  });
});

describe('a leg that goes out of service', () => {
  test('holds what a write that was under way brought it no more than what it missed', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).feed({ kind: 'legOut', leg: L1 }).end('write 1 leg 1').end('write 1');
    expect(mirror.asked()).not.toContain('reply 1 ok');
    expect([mirror.holders(0), mirror.underWay]).toEqual([[0], ['memory']]);
  });

  test('cannot fail any more: what it was asked before says nothing new', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).feed({ kind: 'legOut', leg: L1 });
    mirror.end('write 1 leg 1', 'failed').end('write 1').end('memory');
    expect(mirror.asked().filter((line) => line.startsWith('event legFailed'))).toEqual([]);
    expect(mirror.engine.state.legs.errorCounts(L1).write).toBe(0);
  });

  test('may have answered a read with anything: another leg is asked', () => {
    const mirror = new ScriptedMirror({ options: { readPolicy: 'leg:1' } });
    mirror.read(1, 0, 512).feed({ kind: 'legOut', leg: L1 }).asked();
    expect(mirror.end('read').asked()).toEqual(['read 1 leg 0 at 0+512']);
  });

  test('goes out once', () => {
    const mirror = new ScriptedMirror();
    mirror.feed({ kind: 'legOut', leg: L1 }).asked();
    expect(mirror.feed({ kind: 'legOut', leg: L1 }).asked()).toEqual([]);
    expect(mirror.feed({ kind: 'legIn', leg: L1 }).asked()).toEqual(['event legIn 1']);
    expect(mirror.feed({ kind: 'legIn', leg: L1 }).asked()).toEqual([]);
  });
});

describe('recovery and a leg out of service', () => {
  const missed: readonly (readonly [number, number])[] = [
    [0, 1],
    [1, 1],
    [1, 2],
    [2, 2],
  ];

  test('is for the legs in service, and ends with them', () => {
    const mirror = new ScriptedMirror({ legs: 3, missed });
    mirror.feed({ kind: 'legOut', leg: L2 }).feed({ kind: 'resumeRecovery' });
    expect(mirror.asked().slice(1)).toEqual(['copy 0: 0 to 1', 'copy 1: 0 to 1']);
    mirror.end('copy');
    expect(mirror.asked()).toEqual([]);
    expect([mirror.engine.recovery.isUnderWay, mirror.holders(1)]).toEqual([false, [0, 1]]);
    expect(
      mirror
        .tick(400_000)
        .settle()
        .asked()
        .filter((line) => line.startsWith('copy')),
    ).toEqual([]);
  });

  test('brings it what it missed once it is back, and nothing else', () => {
    const mirror = new ScriptedMirror({ legs: 3, recovers: true });
    mirror.feed({ kind: 'legOut', leg: L2 }).write(1, 1024, 512).settle();
    mirror.asked();
    mirror.feed({ kind: 'legIn', leg: L2 });
    expect(mirror.asked()).toEqual(['event legIn 2', 'copy 1: 0 to 2']);
    expect(mirror.end('copy').asked()).toEqual(['event inSync']);
  });

  test('does not believe a copy to a leg that was out meanwhile', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.feed({ kind: 'legOut', leg: L1 }).feed({ kind: 'legIn', leg: L1 }).end('copy 0');
    expect(mirror.holders(0)).toEqual([0]);
  });

  test('releases a region whose source and targets are gone', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]] });
    mirror.write(1, 0, 512).feed({ kind: 'resumeRecovery' });
    expect(mirror.stateOf(0)).toBe('quiescing');
    mirror.write(2, 0, 512).feed({ kind: 'legOut', leg: L1 }).end('write 1').asked();
    expect(mirror.underWay).toContain('write 2 leg 0 at 0+512');
    expect(mirror.settle().stateOf(0)).toBe('nosync');
  });

  test('a thousand regions that only it misses do not keep the others waiting', () => {
    const many = Array.from({ length: 1500 }, (_, region) => [region, 2] as const);
    const mirror = new ScriptedMirror({ legs: 3, regions: 1600, missed: [...many, [1550, 1]] });
    mirror.feed({ kind: 'legOut', leg: L2 }).feed({ kind: 'resumeRecovery' });
    expect(mirror.underWay).toEqual(['copy 1550']);
  });
});

describe('a primary out of service', () => {
  test('gives its part to a leg that misses nothing', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write').asked();
    mirror.feed({ kind: 'legOut', leg: L0 });
    expect(mirror.asked()).toEqual(['event legOut 0', 'event primaryMoved 1']);
    expect([mirror.primary, mirror.holders(0)]).toEqual([1, [1]]);
  });

  test('keeps it as long as nobody can take it: reads go on where they can, writes fail', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]] });
    mirror.feed({ kind: 'legOut', leg: L0 }).asked();
    expect(mirror.read(1, 0, 512).asked()).toEqual(['reply 1 ioError']);
    expect(mirror.read(2, 1024, 512).asked()).toEqual(['read 2 leg 1 at 1024+512']);
    expect(mirror.write(3, 1024, 512).asked()).toEqual(['reply 3 ioError']);
    expect([mirror.primary, mirror.holders(1)]).toEqual([0, [0, 1]]);
    mirror.feed({ kind: 'legIn', leg: L0 }).write(4, 1024, 512);
    expect(mirror.end('write').asked()).toContain('reply 4 ok');
  });

  test('has nothing called clean, and flushes fail, but only while it is out', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]] });
    mirror.write(1, 1024, 512).end('write').feed({ kind: 'legOut', leg: L0 }).asked();
    expect(mirror.flush(2).end('flush').asked()).toContain('reply 2 ioError');
    mirror.tick(5_000).settle();
    expect(mirror.stateOf(1)).toBe('dirty');
    mirror.feed({ kind: 'legIn', leg: L0 }).asked();
    expect(mirror.flush(3).settle().asked()).toContain('reply 3 ok');
    mirror.tick(30_000).settle();
    expect(mirror.stateOf(1)).toBe('clean');
  });

  test('is replaced when another leg has been brought everything and has flushed it', () => {
    const mirror = new ScriptedMirror({
      legs: 3,
      missed: [
        [0, 1],
        [1, 2],
      ],
      recovers: true,
    });
    mirror.endCopy(0, { readFailed: true }).endCopy(1, { readFailed: true });
    mirror.feed({ kind: 'legOut', leg: L0 }).asked();
    expect(mirror.underWay).toEqual(['copy 0', 'copy 1']);
    mirror.settle().flush(1).settle();
    expect(mirror.primary).toBe(1);
    expect(mirror.asked()).toContain('event primaryMoved 1');
  });
});

test('a leg that is missing from the start is in nobody’s way', () => {
  const mirror = new ScriptedMirror({ out: [1], recovers: true, missed: [[0, 1]] });
  expect([mirror.askedAtStart, mirror.engine.recovery.isUnderWay]).toEqual([[], false]);
});
