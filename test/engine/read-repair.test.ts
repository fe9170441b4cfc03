/** What could not be read is rewritten in place: once, from good data, under recovery's rules. */
import { describe, expect, test } from 'vitest';
import { legIndex } from '../../src/geometry/units.ts';
import { REGION_BYTES, ScriptedMirror } from './scripted-mirror.ts';

const OF_LEG_1 = { options: { readPolicy: 'leg:1' } } as const;

/** Leg 1 fails the first read that it is asked for. */
function failRead(mirror: ScriptedMirror, request: number, at: number, length = 512) {
  return mirror.read(request, at, length).end(`read ${request} leg 1`, 'failed');
}

describe('what a leg could not read', () => {
  test('is copied back to it once another leg has answered, and the client sees no error', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, recovers: true });
    failRead(mirror, 1, 0);
    expect(mirror.holders(0)).toEqual([0, 1]);
    expect(mirror.asked().slice(1)).toEqual(['event legFailed 1 read', 'read 1 leg 0 at 0+512']);
    expect(mirror.end('read').asked()).toEqual(['event repair 1 0', 'reply 1 ok']);
    expect(mirror.holders(0)).toEqual([0]);
    mirror.tick(100);
    expect(mirror.asked()).toEqual(['copy 0: 0 to 1']);
    expect(mirror.end('copy').asked()).toEqual(['event inSync']);
    expect([mirror.holders(0), mirror.engine.state.legs.letter(legIndex(1))]).toEqual([
      [0, 1],
      'A',
    ]);
  });

  test('is every region of the read', () => {
    const mirror = new ScriptedMirror(OF_LEG_1);
    failRead(mirror, 1, REGION_BYTES - 512, 1024).end('read');
    expect([0, 1, 2].map((region) => mirror.holders(region))).toEqual([[0], [0], [0, 1]]);
  });

  test('is not copied before the log says that it is out of sync', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, log: 'disk', recovers: true });
    failRead(mirror, 1, 0).end('read').tick(100);
    expect(mirror.underWay).toEqual(['log']);
    mirror.end('log').tick(100);
    expect(mirror.underWay).toEqual(['copy 0']);
  });

  test('stays as it is if nobody could read it', () => {
    const mirror = new ScriptedMirror(OF_LEG_1);
    failRead(mirror, 1, 0).end('read', 'failed');
    expect([mirror.asked().at(-1), mirror.holders(0)]).toEqual(['reply 1 ioError', [0, 1]]);
  });

  test('is left to its return, if the leg has gone out of service', () => {
    const mirror = new ScriptedMirror(OF_LEG_1);
    failRead(mirror, 1, 0)
      .feed({ kind: 'legOut', leg: legIndex(1) })
      .end('read');
    expect(mirror.holders(0)).toEqual([0, 1]);
  });
});

describe('a repair', () => {
  test('that fails is tried again like any recovery, and nobody reads there meanwhile', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, recovers: true });
    failRead(mirror, 1, 0)
      .end('read')
      .tick(100)
      .endCopy(0, { failedTargets: [1] });
    mirror.tick(4_000).asked();
    expect(mirror.read(2, 0, 512).asked()).toEqual(['read 2 leg 0 at 0+512']);
    expect(mirror.tick(2_000).asked()).toContain('copy 0: 0 to 1');
  });

  test('is made once: what fails again is read elsewhere from then on', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, recovers: true });
    failRead(mirror, 1, 0).end('read').tick(100).end('copy').asked();
    failRead(mirror, 2, 0).end('read');
    expect([mirror.asked().at(-1), mirror.holders(0)]).toEqual(['reply 2 ok', [0, 1]]);
  });

  test('is made again when the leg has been out of service', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, recovers: true });
    failRead(mirror, 1, 0).end('read').tick(100).end('copy').tick(5_000).settle();
    mirror.feed({ kind: 'legOut', leg: legIndex(1) }).feed({ kind: 'legIn', leg: legIndex(1) });
    failRead(mirror, 2, 0).end('read');
    expect(mirror.holders(0)).toEqual([0]);
  });

  test('is not made for more than a thousand regions of a leg', () => {
    const mirror = new ScriptedMirror({ ...OF_LEG_1, regions: 1100 });
    failRead(mirror, 1, 0, 1100 * REGION_BYTES).end('read');
    expect(mirror.engine.state.content.missedCount(legIndex(1))).toBe(1024);
  });
});

describe('the primary', () => {
  test('gives its part away before it is repaired, durably', () => {
    const mirror = new ScriptedMirror();
    mirror.read(1, 0, 512).end('read', 'failed').end('read');
    expect(mirror.asked().slice(-3)).toEqual([
      'event primaryMoved 1',
      'reply 1 ok',
      'memory: primary 1, missing none, log trusted',
    ]);
    expect(mirror.holders(0)).toEqual([0, 1]);
    mirror.end('memory');
    expect(mirror.holders(0)).toEqual([1]);
  });

  test('is not repaired if that cannot be made durable', () => {
    const mirror = new ScriptedMirror();
    mirror.read(1, 0, 512).end('read', 'failed').end('read').end('memory', 'failed');
    expect([mirror.primary, mirror.holders(0)]).toEqual([1, [0, 1]]);
  });

  test('is not repaired if nobody can take its part', () => {
    const mirror = new ScriptedMirror({ missed: [[1, 1]] });
    mirror.read(1, 0, 512).end('read', 'failed').end('read');
    expect([mirror.primary, mirror.holders(0)]).toEqual([0, [0, 1]]);
  });
});
