/** The sweep: only what rests is cleared, and only after the legs were flushed. */
import { describe, expect, test } from 'vitest';
import { regionIndex } from '../../src/geometry/units.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const R0 = regionIndex(0);

function written(): ScriptedMirror {
  const mirror = new ScriptedMirror({ log: 'disk' });
  mirror.write(1, 0, 512).settle().asked();
  return mirror;
}

describe('the sweep', () => {
  test('flushes the legs, then clears, and the log write need not be durable', () => {
    const mirror = written();
    expect(mirror.tick(4_000).asked()).toEqual(['flush leg 0', 'flush leg 1']);
    expect(mirror.engine.state.log.isClean(R0)).toBe(false);
    expect(mirror.end('flush').asked()).toEqual(['log']);
    expect(mirror.stateOf(0)).toBe('clean');
    expect(mirror.engine.state.hash.rememberedCount).toBe(0);
  });

  test('leaves alone what was written within three seconds', () => {
    const mirror = written();
    expect(mirror.tick(2_999).asked()).toEqual([]);
    expect(mirror.tick(1_001).asked()).toHaveLength(2);
  });

  test('clears nothing that was written while the legs were being flushed', () => {
    const mirror = written();
    mirror.tick(4_000).write(2, 0, 512).end('write').end('flush');
    expect(mirror.stateOf(0)).toBe('dirty');
    expect(mirror.engine.state.log.isClean(R0)).toBe(false);
  });

  test('clears nothing that a leg lost in that flush', () => {
    const mirror = written();
    mirror.tick(4_000).end('flush leg 1', 'failed').settle();
    expect(mirror.stateOf(0)).toBe('nosync');
    expect(mirror.engine.state.log.isClean(R0)).toBe(false);
    expect(mirror.engine.state.hash.rememberedCount).toBe(0);
  });

  test('forgets the mark of a region that is not in sync, and leaves its bit', () => {
    const mirror = new ScriptedMirror({ log: 'disk', missed: [[0, 1]] });
    mirror.write(1, 0, 512).settle().tick(4_000).settle();
    expect(mirror.engine.state.hash.rememberedCount).toBe(0);
    expect(mirror.stateOf(0)).toBe('nosync');
    expect(mirror.engine.state.log.isClean(R0)).toBe(false);
  });
});

describe('the time of a sweep', () => {
  test('is followed by a rest four times as long', () => {
    const mirror = written();
    mirror.tick(4_000).tick(2_000).end('flush').write(2, 0, 512).settle().asked();
    expect(mirror.tick(7_999).asked()).toEqual([]);
    expect(mirror.tick(1).asked()).toEqual(['flush leg 0', 'flush leg 1']);
  });

  test('is followed by a minute of rest at most, however long the machine slept', () => {
    const mirror = written();
    mirror.tick(4_000).tick(86_400_000).end('flush').write(2, 0, 512).settle().asked();
    expect(mirror.tick(59_999).asked()).toEqual([]);
    expect(mirror.tick(1).asked()).toEqual(['flush leg 0', 'flush leg 1']);
  });

  test('does not wait for rest when there are very many regions to remember', () => {
    const regions = 65_537;
    const mirror = new ScriptedMirror({ regions });
    mirror
      .tick(2_000)
      .write(1, 0, (regions - 1) * 1024)
      .settle();
    expect(mirror.tick(1_000).underWay).toEqual([]);
    mirror.write(2, (regions - 1) * 1024, 512).settle();
    expect(mirror.tick(1_000).underWay).toEqual(['flush leg 0', 'flush leg 1']);
  });

  test('leaves regions alone whose marks the log has refused', () => {
    const mirror = new ScriptedMirror({ log: 'disk', options: { onLogFailure: 'readonly' } });
    mirror.write(1, 0, 512).end('log', 'failed').tick(10_000);
    expect([mirror.underWay, mirror.stateOf(0)]).toEqual([[], 'dirty']);
  });

  test('writes down that a leg has caught up', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.end('copy 0').tick(1_000).end('flush');
    expect(mirror.asked()).toContain('memory: primary 0, missing none, log trusted');
  });
});
