/** Recovery: claims, copies, completes, and never leaves a region where nobody comes for it. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, legIndex, regionIndex } from '../../src/geometry/units.ts';
import { NO_LEGS } from '../../src/region/leg-content.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const ALL_MISSED: readonly (readonly [number, number])[] = [0, 1, 2, 3].map((at) => [at, 1]);

describe('recovery', () => {
  test('copies from a leg that holds the region to those that miss it', () => {
    const mirror = new ScriptedMirror({
      legs: 3,
      missed: [
        [1, 1],
        [2, 1],
        [2, 2],
      ],
      recovers: true,
    });
    expect(mirror.underWay).toEqual(['copy 1', 'copy 2']);
    mirror.end('copy 2');
    expect([mirror.holders(2), mirror.stateOf(2)]).toEqual([[0, 1, 2], 'dirty']);
  });

  test('copies from the primary rather than from any other', () => {
    const options = { primary: legIndex(2) };
    const mirror = new ScriptedMirror({ legs: 3, missed: [[0, 1]], recovers: true, options });
    expect(mirror.askedAtStart).toEqual(['copy 0: 2 to 1']);
  });

  test('forgives the legs once all is in sync', () => {
    const mirror = new ScriptedMirror({ recovers: true });
    const letter = () => mirror.engine.state.legs.letter(legIndex(1));
    mirror.write(1, 0, 512).end('write 1 leg 1', 'failed').settle();
    expect(letter()).toBe('D');
    mirror.tick(1_000).end('copy 0');
    expect(letter()).toBe('A');
  });

  test('says once that the mirror is in sync', () => {
    const mirror = new ScriptedMirror({
      missed: [
        [0, 1],
        [1, 1],
      ],
      recovers: true,
    });
    expect(mirror.end('copy 0').asked()).toEqual([]);
    expect(mirror.end('copy 1').asked()).toEqual(['event inSync']);
  });

  test('takes as many regions at once as it may, and the next when one has ended', () => {
    const setting = { missed: ALL_MISSED, recovers: true, options: { recoveriesMax: 2 } };
    const mirror = new ScriptedMirror(setting);
    expect(mirror.underWay).toEqual(['copy 0', 'copy 1']);
    expect(mirror.end('copy 0').underWay).toEqual(['copy 1', 'copy 2']);
  });
});

describe('recovery while clients are busy', () => {
  test('takes an eighth of its places', () => {
    const mirror = new ScriptedMirror({ missed: ALL_MISSED });
    mirror.read(1, 0, 512).end('read').feed({ kind: 'resumeRecovery' });
    expect(mirror.underWay).toEqual(['copy 0']);
    expect(mirror.tick(201).underWay).toHaveLength(4);
  });

  test('copies 32 MiB a second after what it had saved up, and more if the owner says so', () => {
    const size = byteCount(64 * 2 ** 20);
    const geometry = RegionGeometry.of(byteCount(4 * size), size);
    const mirror = new ScriptedMirror({ missed: ALL_MISSED, options: { geometry } });
    mirror.read(1, 0, 512).end('read').feed({ kind: 'resumeRecovery' });
    expect(mirror.end('copy 0').end('copy 1').end('copy 2').underWay).toEqual([]);
    expect(mirror.tick(199).underWay).toEqual([]);
    mirror.feed({ kind: 'throttleRecovery', throttle: { percent: 100 } });
    expect(mirror.underWay).toEqual(['copy 3']);
  });
});

describe('recovery among clients', () => {
  test('waits for writes in flight, and writes that come wait for it', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]] });
    mirror.write(1, 0, 512).feed({ kind: 'resumeRecovery' });
    expect(mirror.stateOf(0)).toBe('quiescing');
    mirror.write(2, 512, 512).asked();
    expect(mirror.end('write 1').asked()).toEqual(['reply 1 ok', 'copy 0: 0 to 1']);
    expect(mirror.end('copy 0').asked()).toEqual([
      'event inSync',
      'write 2 leg 0 at 512+512',
      'write 2 leg 1 at 512+512',
    ]);
  });

  test('begins with what clients write to', () => {
    const setting = { missed: ALL_MISSED, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.write(1, 2048, 512).end('write').feed({ kind: 'resumeRecovery' });
    expect(mirror.underWay).toEqual(['copy 2']);
  });

  test('copies nothing before the resumed log is on disk', () => {
    const mirror = new ScriptedMirror({ log: 'disk', missed: [[0, 1]], recovers: true });
    expect(mirror.underWayAtStart).toEqual(['log']);
    expect(mirror.underWay).toEqual(['copy 0']);
  });
});

describe('a copy that fails', () => {
  test('is tried again after five seconds, and the region stays out of sync till then', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.endCopy(0, { failedTargets: [1] });
    expect(mirror.asked()).toEqual(['event legFailed 1 sync']);
    expect(mirror.stateOf(0)).toBe('nosync');
    expect(mirror.tick(4_999).underWay).not.toContain('copy 0');
    expect(mirror.tick(1).underWay).toContain('copy 0');
  });

  test('is tried again at once when the owner asks for it', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.endCopy(0, { failedTargets: [1] }).feed({ kind: 'resumeRecovery' });
    expect(mirror.underWay).toEqual(['copy 0']);
  });

  test('to read is made from another leg that holds the region', () => {
    const mirror = new ScriptedMirror({ legs: 3, missed: [[0, 2]], recovers: true });
    mirror.asked();
    expect(mirror.endCopy(0, { readFailed: true }).asked()).toEqual([
      'event legFailed 0 sync',
      'copy 0: 1 to 2',
    ]);
    mirror.endCopy(0, { readFailed: true });
    expect([mirror.stateOf(0), mirror.underWay]).toEqual(['nosync', []]);
  });

  test('on one of two legs has helped the other', () => {
    const mirror = new ScriptedMirror({
      legs: 3,
      missed: [
        [0, 1],
        [0, 2],
      ],
      recovers: true,
    });
    mirror.endCopy(0, { failedTargets: [1] });
    expect(mirror.holders(0)).toEqual([0, 2]);
  });

  test('lets the writes go that waited for it, to the legs that hold the region', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.write(1, 0, 512).asked();
    mirror.endCopy(0, { failedTargets: [1] });
    expect(mirror.asked()).toContain('write 1 leg 0 at 0+512');
  });

  test('that nobody asked for breaks an invariant', () => {
    const ended = { region: regionIndex(0), readFailed: false, failedTargets: NO_LEGS };
    const mirror = new ScriptedMirror();
    expect(() => mirror.feed({ kind: 'copyEnded', ...ended })).toThrow(InvariantBroken);
  });
});

describe('a flush that fails during a copy', () => {
  test.each([
    ['of the target', 1],
    ['of the source', 0],
  ])('%s makes the copy void', (_, leg) => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.flush(1).end(`flush leg ${leg}`, 'failed').end('copy 0');
    expect([mirror.holders(0), mirror.stateOf(0)]).toEqual([[0], 'nosync']);
    expect(mirror.tick(5_000).underWay).toContain('copy 0');
  });

  test('and makes another leg believed than the source, makes it void', () => {
    const mirror = new ScriptedMirror({ legs: 3, missed: [[0, 2]], recovers: true });
    mirror.write(1, 1024, 512).end('write 1 leg 0', 'failed').end('write 1');
    expect(mirror.primary).toBe(1);
    mirror.flush(2).end('flush leg 1', 'failed');
    expect(mirror.holders(0)).toEqual([1]);
    mirror.end('copy 0');
    expect(mirror.holders(0)).toEqual([1]);
  });

  test('of a leg that has no part in it does not', () => {
    const mirror = new ScriptedMirror({ legs: 3, missed: [[0, 1]], recovers: true });
    mirror.flush(1).end('flush leg 2', 'failed').end('copy 0');
    expect(mirror.holders(0)).toEqual([0, 1]);
  });
});

describe('a leg that fails while a region is quiescing', () => {
  test.each(['write 1 leg 1', 'flush leg 1'])(
    '(%s) ends the recovery, and frees its place',
    (io) => {
      const mirror = new ScriptedMirror({ legs: 3, missed: [[0, 2]] });
      mirror.write(1, 0, 512).feed({ kind: 'resumeRecovery' }).write(2, 512, 512).flush(3).asked();
      expect(mirror.stateOf(0)).toBe('quiescing');
      mirror.end(io, 'failed');
      mirror.end('write 1');
      expect([mirror.stateOf(0), mirror.engine.recovery.claimed]).toEqual(['nosync', 0]);
      expect(mirror.underWay).toContain('write 2 leg 0 at 512+512');
      mirror.settle().feed({ kind: 'resumeRecovery' }).settle();
      expect(mirror.holders(0)).toEqual([0, 1, 2]);
    },
  );
});

describe('the owner', () => {
  test('pauses: copies under way end, no other begins', () => {
    const setting = { missed: ALL_MISSED, recovers: true, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.feed({ kind: 'pauseRecovery' }).end('copy 0').tick(10_000);
    expect(mirror.engine.recovery.isPaused).toBe(true);
    expect([mirror.underWay.filter((name) => name.startsWith('copy')), mirror.stateOf(0)]).toEqual([
      [],
      'dirty',
    ]);
  });

  test('throttles: the next region waits until its time has come', () => {
    const setting = { missed: ALL_MISSED, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.feed({ kind: 'throttleRecovery', throttle: { bytesPerSecond: 1024 } });
    mirror.feed({ kind: 'resumeRecovery' }).end('copy 0');
    expect(mirror.tick(999).underWay).toEqual([]);
    expect(mirror.tick(1).underWay).toContain('copy 1');
    mirror.feed({ kind: 'throttleRecovery', throttle: null }).end('copy 1');
    expect(mirror.underWay).toContain('copy 2');
  });

  test('throttles to a share of the time, measured from end to end', () => {
    const setting = { missed: ALL_MISSED, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.feed({ kind: 'throttleRecovery', throttle: { percent: 50 } });
    mirror.feed({ kind: 'resumeRecovery' }).tick(400).end('copy 0');
    expect(mirror.tick(399).underWay).toEqual([]);
    expect(mirror.tick(1).underWay).toEqual(['copy 1']);
  });

  test('is told how fast a throttled recovery goes, also while it rests', () => {
    const setting = { missed: ALL_MISSED, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.feed({ kind: 'throttleRecovery', throttle: { bytesPerSecond: 1024 } });
    mirror.feed({ kind: 'resumeRecovery' }).tick(1).end('copy 0').tick(500).tick(500);
    expect(mirror.engine.recovery.progress.bytesPerSecond(1_001)).toBeCloseTo(1023, 0);
  });

  test('is told how fast it goes', () => {
    const setting = { missed: ALL_MISSED, recovers: true, options: { recoveriesMax: 1 } };
    const mirror = new ScriptedMirror(setting);
    mirror.end('copy 0').tick(1_000);
    const { progress, isUnderWay } = mirror.engine.recovery;
    expect([isUnderWay, progress.bytesPerSecond(1_000)]).toEqual([true, 1024]);
  });
});
