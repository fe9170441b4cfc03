/** The life of a read: from a leg that holds it, from another one if that fails. */
import { describe, expect, test } from 'vitest';
import { ScriptedMirror } from './scripted-mirror.ts';

describe('a read', () => {
  test('comes from one leg if one holds all of it', () => {
    const mirror = new ScriptedMirror({ missed: [[1, 1]] });
    expect(mirror.read(1, 0, 4096).asked()).toEqual(['read 1 leg 0 at 0+4096']);
    expect(mirror.end('read').asked()).toEqual(['reply 1 ok']);
  });

  test('is cut where nobody holds both sides', () => {
    const mirror = new ScriptedMirror({
      legs: 3,
      missed: [
        [1, 1],
        [1, 2],
        [2, 1],
      ],
    });
    mirror.read(1, 0, 4096).end('read 1 leg 0', 'failed').asked();
    // Leg 0 was asked for all of it; now legs 1 and 2 for what they hold, and nobody for region 1.
    expect(mirror.underWay).toEqual(['read 1 leg 1 at 0+1024', 'read 1 leg 2 at 2048+2048']);
    expect(mirror.end('read').asked()).toEqual(['reply 1 ioError']);
  });

  test('goes to another leg after an error, and fails only when all have failed', () => {
    const mirror = new ScriptedMirror();
    expect(mirror.read(1, 0, 512).end('read', 'failed').asked()).toEqual([
      'read 1 leg 0 at 0+512',
      'event legFailed 0 read',
      'read 1 leg 1 at 0+512',
    ]);
    expect(mirror.end('read', 'failed').asked()).toContain('reply 1 ioError');
  });

  test('avoids a leg with errors afterwards, which still gets writes', () => {
    const mirror = new ScriptedMirror();
    mirror.read(1, 0, 512).end('read 1 leg 0', 'failed').settle().asked();
    expect(mirror.read(2, 1024, 512).asked()).toEqual(['read 2 leg 1 at 1024+512']);
    expect(mirror.write(3, 1024, 512).asked()).toHaveLength(2);
  });

  test('of what is being written comes from the primary', () => {
    const mirror = new ScriptedMirror({ options: { readPolicy: 'leg:1' } });
    expect(mirror.read(1, 0, 512).asked()).toEqual(['read 1 leg 1 at 0+512']);
    mirror.write(2, 512, 512).asked();
    expect(mirror.read(3, 0, 512).asked()).toEqual(['read 3 leg 0 at 0+512']);
  });

  test('of what is not in sync comes from a leg that holds it, even if that has had errors', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], options: { readPolicy: 'leg:1' } });
    mirror.read(1, 0, 512).end('read', 'failed').asked();
    expect(mirror.read(2, 0, 512).asked()).toEqual(['read 2 leg 0 at 0+512']);
  });

  test('does not count if a flush of that leg has failed meanwhile', () => {
    const mirror = new ScriptedMirror({ options: { readPolicy: 'leg:1' } });
    mirror.write(1, 0, 512).settle().read(2, 0, 512).flush(3).asked();
    mirror.end('flush leg 1', 'failed').asked();
    expect(mirror.end('read 2 leg 1').asked()).toEqual(['read 2 leg 0 at 0+512']);
  });
});
