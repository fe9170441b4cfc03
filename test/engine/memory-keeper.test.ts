/** What must be on record before a client may know of success, however often that changes meanwhile. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

/** Leg `leg` has failed write `request` to region `region`, and that is being put on record. */
function failing(mirror: ScriptedMirror, request: number, region: number, leg: number): void {
  mirror.write(request, region * 1024, 512).end(`write ${request} leg ${leg}`, 'failed');
  mirror.end(`write ${request}`).asked();
}

describe('the memory', () => {
  test('serves all who wait with one write', () => {
    const mirror = new ScriptedMirror({ legs: 3 });
    failing(mirror, 1, 0, 2);
    mirror.write(2, 0, 512).end('write').write(3, 512, 512).end('write').asked();
    expect(mirror.end('memory').asked()).toEqual([
      'reply 1 ok',
      'memory: primary 0, missing 2, log trusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['reply 2 ok', 'reply 3 ok']);
  });

  test('is written once more if things became worse meanwhile, and nobody is answered before', () => {
    const mirror = new ScriptedMirror({ legs: 3 });
    failing(mirror, 1, 0, 2);
    failing(mirror, 2, 1, 1);
    expect(mirror.end('memory').asked()).toEqual(['memory: primary 0, missing 1,2, log trusted']);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok', 'reply 2 ok']);
  });

  test('is not believed to say what it said before good news began to replace it', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.end('copy 0').tick(1_000).end('flush').asked();
    expect(mirror.underWay).toEqual(['memory']);
    failing(mirror, 1, 1, 1);
    expect(mirror.asked()).toEqual([]);
    expect(mirror.end('memory').asked()).toEqual(['memory: primary 0, missing 1, log trusted']);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok']);
  });

  test('says that a leg misses nothing only once it would keep what it got without power', () => {
    const missed = [0, 1].map((region) => [region, 1] as const);
    const options = { recoveriesMax: 1 };
    const mirror = new ScriptedMirror({ missed, recovers: true, options });
    mirror.end('copy 0').tick(1_000);
    mirror.end('copy 1').end('flush').asked();
    expect([mirror.holders(1), mirror.underWay]).toEqual([[0, 1], []]);
    expect(mirror.tick(1_000).end('flush').asked()).toContain(
      'memory: primary 0, missing none, log trusted',
    );
  });

  test('is unknown after a failed write, even if nothing is wrong any more', () => {
    const mirror = new ScriptedMirror({ recovers: true });
    failing(mirror, 1, 0, 1);
    mirror.end('memory', 'failed').tick(10).end('copy 0');
    mirror.flush(2).end('flush').asked();
    expect(mirror.underWay).toEqual(['memory']);
    expect(mirror.end('memory').asked()).toContain('reply 2 ok');
  });

  test('that nobody is keeping is not kept', () => {
    const mirror = new ScriptedMirror();
    expect(() => mirror.feed({ kind: 'memoryKept', outcome: 'ok' })).toThrow(InvariantBroken);
  });
});
