import { describe, expect, test } from 'vitest';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import type { CheckOrder } from '../../src/engine/check-order.ts';
import { legIndex, regionIndex } from '../../src/geometry/units.ts';
import type { Setting } from './scripted-mirror.ts';
import { REGION_BYTES, ScriptedMirror } from './scripted-mirror.ts';

/** A mirror whose regions are checked, all of them unless said otherwise. */
function checked(order: Partial<CheckOrder> = {}, setting: Partial<Setting> = {}): ScriptedMirror {
  const mirror = new ScriptedMirror(setting);
  return mirror.feed({ kind: 'startCheck', check: orderOf(order) });
}

/** Of all four regions, from the first, repairing nothing. */
function orderOf(order: Partial<CheckOrder> = {}): CheckOrder {
  const whole = { next: regionIndex(0), end: 4, repairFrom: null, throttle: null };
  return { ...whole, before: NOTHING_CHECKED, ...order };
}

const FROM_0 = { repairFrom: legIndex(0) };
const FROM_1 = { repairFrom: legIndex(1) };

describe('a check', () => {
  test('compares every region, in order, and says what it came to', () => {
    const mirror = checked();
    expect(mirror.asked()).toEqual([
      'event checkStarted at 0: nothing',
      'compare 0: 0,1',
      'compare 1: 0,1',
      'compare 2: 0,1',
      'compare 3: 0,1',
    ]);
    mirror.end('compare');
    expect(mirror.asked()).toEqual(['event checkFinished at 4: 4 compared']);
  });

  test('holds no more regions at once than recovery would', () => {
    const mirror = checked({}, { options: { recoveriesMax: 2 } });
    expect(mirror.underWay).toEqual(['compare 0', 'compare 1']);
    mirror.end('compare 1');
    expect(mirror.underWay).toEqual(['compare 0', 'compare 2']);
    expect(mirror.engine.check.position).toBe(0);
  });

  test('changes nothing: a clean region stays clean, and the log is not written', () => {
    const mirror = checked({}, { log: 'disk' }).settle();
    expect([0, 1, 2, 3].map((region) => mirror.stateOf(region))).toEqual(Array(4).fill('clean'));
    expect(mirror.asked().filter((line) => line.startsWith('log'))).toEqual([]);
  });

  test('leaves out what only one leg holds', () => {
    const mirror = checked(
      {},
      {
        legs: 3,
        missed: [
          [1, 2],
          [2, 1],
          [2, 2],
        ],
      },
    );
    expect(mirror.underWay).toEqual(['compare 0', 'compare 1', 'compare 3']);
    expect(mirror.asked()[2]).toBe('compare 1: 0,1');
    mirror.settle();
    expect(mirror.asked()).toEqual(['event checkFinished at 4: 3 compared, 1 skipped']);
  });

  test('gives way to recovery', () => {
    const mirror = new ScriptedMirror({ missed: [[1, 1]], recovers: true });
    const check = orderOf();
    mirror.feed({ kind: 'startCheck', check });
    expect(mirror.underWay).toEqual(['copy 1']);
    mirror.end('copy 1').tick(100);
    expect(mirror.underWay).toEqual(['compare 0', 'compare 1', 'compare 2', 'compare 3']);
  });

  test('is throttled as recovery is', () => {
    const mirror = checked({ throttle: { bytesPerSecond: 10 * REGION_BYTES } });
    expect(mirror.underWay).toEqual(['compare 0']);
    mirror.end('compare').tick(50);
    expect(mirror.underWay).toEqual([]);
    mirror.tick(50);
    expect(mirror.underWay).toEqual(['compare 1']);
  });

  test('stops after what it has in hand, and goes on from there', () => {
    const mirror = checked({}, { options: { recoveriesMax: 2 } });
    mirror.feed({ kind: 'stopCheck' }).end('compare 1').tick(100);
    expect(mirror.engine.check.life).toBe('stopping');
    mirror.endCompare(0, 'ab');
    expect(mirror.asked().slice(3)).toEqual([
      'event mismatch 0 of 0,1',
      'event checkStopped at 2: 2 compared, 1 different',
    ]);
    const { position, tally } = mirror.engine.check;
    const rest = { next: regionIndex(position), end: 4, repairFrom: null, throttle: null };
    mirror.feed({ kind: 'startCheck', check: { ...rest, before: tally } }).settle();
    expect(mirror.asked().at(-1)).toBe('event checkFinished at 4: 4 compared, 1 different');
  });

  test('stops at once if it holds nothing', () => {
    const mirror = checked(FROM_1).feed({ kind: 'stopCheck' }).end('memory').tick(100);
    expect(mirror.asked().slice(2)).toEqual(['event checkStopped at 0: nothing']);
  });

  test('ends with the mirror, once what it holds is let go', () => {
    const mirror = checked().write(1, 0, 512);
    mirror.asked();
    mirror.feed({ kind: 'stop' }).end('compare');
    mirror.settle();
    expect(mirror.asked().filter((line) => /^(reply|stopped|event)/.test(line))).toEqual([
      'event checkStopped at 4: 4 compared',
      'reply 1 ok',
      'stopped clean, 0 out of sync',
    ]);
  });
});

describe('writes and the check', () => {
  test('a region with a write in flight is compared when that has ended', () => {
    const mirror = new ScriptedMirror().write(1, 0, 512);
    const check = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check });
    expect(mirror.underWay).toEqual(['write 1 leg 0 at 0+512', 'write 1 leg 1 at 0+512']);
    mirror.end('write');
    expect(mirror.underWay).toEqual(['compare 0']);
  });

  test('a region that only one leg serves when its write has ended is left out', () => {
    const mirror = new ScriptedMirror().write(1, 0, 512).settle();
    mirror.write(2, 0, 512);
    const order = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check: order }).asked();
    mirror.feed({ kind: 'legOut', leg: legIndex(1) }).end('write');
    expect(mirror.asked().filter((line) => !line.startsWith('memory'))).toEqual(
      expect.arrayContaining(['event checkFinished at 1: 1 skipped']),
    );
    expect(mirror.underWay.filter((name) => name.startsWith('compare'))).toEqual([]);
  });

  test('a write to a held region waits, then goes on', () => {
    const mirror = checked({ end: 1 }).write(1, 0, 512).write(2, REGION_BYTES, 512);
    expect(mirror.underWay).toEqual([
      'compare 0',
      'write 2 leg 0 at 1024+512',
      'write 2 leg 1 at 1024+512',
    ]);
    mirror.end('compare 0');
    expect(mirror.underWay).toContain('write 1 leg 0 at 0+512');
  });

  test('a write in the log’s queue that fails lets the check go on', () => {
    const mirror = new ScriptedMirror({ log: 'disk', options: { onLogFailure: 'readonly' } }).write(
      1,
      0,
      512,
    );
    const check = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check }).asked();
    mirror.end('log', 'failed');
    expect(mirror.asked()).toEqual(['event logFailed', 'reply 1 ioError', 'compare 0: 0,1']);
  });

  test('a region whose write waits for a log to come back is left out', () => {
    const options = { onLogFailure: 'hold' } as const;
    const mirror = new ScriptedMirror({ log: 'disk', options }).write(1, 0, 512);
    mirror.feed({ kind: 'startCheck', check: orderOf({ end: 2 }) });
    // It waits for the one before it, and not for the log.
    mirror.write(2, 512, 512).asked();
    mirror.end('log', 'failed').end('compare 1');
    expect(mirror.asked()).toEqual([
      'event logFailed',
      'compare 1: 0,1',
      'event checkFinished at 2: 1 compared, 1 skipped',
    ]);
    expect([mirror.underWay, mirror.engine.heldWrites]).toEqual([[], 1]);
  });

  test('a region under check is not swept', () => {
    const mirror = new ScriptedMirror({ log: 'disk' }).write(1, 0, 512).settle().tick(2_000);
    const check = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check }).write(2, 0, 512).tick(5_000);
    expect(mirror.underWay).toEqual(['compare 0']);
    mirror.settle();
    expect(mirror.stateOf(0)).toBe('dirty');
  });
});

describe('a difference', () => {
  test('is told and remembered; nothing is copied', () => {
    const mirror = checked({ end: 2 }, { recovers: true, log: 'disk' });
    mirror.endCompare(0, 'ab').end('compare 1').tick(5_000);
    expect(mirror.asked().slice(3)).toEqual([
      'event mismatch 0 of 0,1',
      'event checkFinished at 2: 2 compared, 1 different',
    ]);
    expect(mirror.engine.state.differing.has(regionIndex(0))).toBe(true);
    expect(mirror.stateOf(0)).toBe('clean');
  });

  test('is forgotten when a later check finds none', () => {
    const mirror = checked({ end: 1 }).endCompare(0, 'ab');
    const check = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check }).endCompare(0, 'aa');
    expect(mirror.engine.state.differing.count).toBe(0);
  });

  test('is read from the primary alone', () => {
    const mirror = checked({ end: 1 }, { options: { readPolicy: 'leg:1' } }).endCompare(0, 'ab');
    mirror.asked();
    mirror.read(1, 0, 512).read(2, REGION_BYTES, 512);
    expect(mirror.asked()).toEqual(['read 1 leg 0 at 0+512', 'read 2 leg 1 at 1024+512']);
  });

  test('is none if the leg that differs has lost the region meanwhile', () => {
    const mirror = new ScriptedMirror({ legs: 3 }).write(1, 0, 512).settle();
    const check = orderOf({ end: 1 });
    mirror.feed({ kind: 'startCheck', check }).flush(2);
    mirror.end('flush leg 2', 'failed').asked();
    mirror.endCompare(0, 'aab');
    expect(mirror.asked()).toContain('event checkFinished at 1: 1 compared');
    expect(mirror.engine.state.differing.count).toBe(0);
  });

  test('is over when one leg alone holds the region', () => {
    const mirror = checked({ end: 1 }).endCompare(0, 'ab').write(1, 0, 512);
    mirror.end('write 1 leg 1', 'failed').end('write 1 leg 0');
    expect(mirror.engine.state.differing.count).toBe(0);
  });

  test('stays known while the others that hold the region may still differ', () => {
    const mirror = checked({ end: 1 }, { legs: 3 }).endCompare(0, 'abb').write(1, 0, 512);
    mirror.end('write 1 leg 2', 'failed').end('write 1');
    expect(mirror.engine.state.differing.count).toBe(1);
  });
});

describe('a leg that cannot be read', () => {
  test('is an error of that leg; the others are compared', () => {
    const mirror = checked({ end: 1 }, { legs: 3 }).endCompare(0, 'aab', [1]);
    expect(mirror.asked().slice(2)).toEqual([
      'event legFailed 1 read',
      'event unreadable 0 1',
      'event mismatch 0 of 0,2',
      'event checkFinished at 1: 1 compared, 1 different, 1 unreadable',
    ]);
  });

  test('leaves nothing to compare if there were two', () => {
    const mirror = checked({ end: 1 }).end('compare 0', 'failed');
    expect(mirror.asked().at(-1)).toBe('event checkFinished at 1: 1 skipped, 1 unreadable');
  });
});

describe('a repair', () => {
  test('marks the region, and only then are the others out of sync and copied to', () => {
    const mirror = checked({ end: 1, ...FROM_0 }, { log: 'disk', recovers: true });
    mirror.asked();
    mirror.endCompare(0, 'ab');
    expect(mirror.asked()).toEqual(['event mismatch 0 of 0,1, repaired', 'log durable']);
    expect(mirror.holders(0)).toEqual([0, 1]);
    mirror.end('log').tick(100);
    expect(mirror.asked()).toEqual([
      'event checkFinished at 1: 1 compared, 1 different, 1 repaired',
      'copy 0: 0 to 1',
    ]);
    mirror.end('copy 0');
    expect([mirror.stateOf(0), mirror.engine.state.differing.count]).toEqual(['dirty', 0]);
  });

  test('makes the leg that was named the primary, durably, before anything is compared', () => {
    const mirror = checked({ end: 1, ...FROM_1 }, { recovers: true });
    expect(mirror.asked()).toEqual([
      'event primaryMoved 1',
      'memory: primary 1, missing none, log trusted',
    ]);
    mirror.end('memory').endCompare(0, 'ab').tick(100);
    expect(mirror.asked().at(-1)).toBe('copy 0: 1 to 0');
  });

  test('does not begin if the new primary cannot be made durable', () => {
    const mirror = checked({ end: 1, ...FROM_1 })
      .end('memory', 'failed')
      .tick(100);
    expect(mirror.asked().slice(2)).toEqual(['event checkStopped at 0: nothing']);
    expect(mirror.engine.check.life).toBe('none');
  });

  test('is refused from a leg that misses something', () => {
    const mirror = checked({ end: 1, ...FROM_1 }, { missed: [[3, 1]] });
    expect([mirror.primary, mirror.engine.check.life, mirror.asked()]).toEqual([
      0,
      'none',
      ['event checkRefused at 0: nothing'],
    ]);
  });
});

describe('a repair that cannot be made', () => {
  test('is left out once another leg has become the primary', () => {
    const mirror = checked({ end: 1, ...FROM_0 }).write(1, REGION_BYTES, 512);
    mirror.end('write 1 leg 0', 'failed').end('write 1 leg 1').end('memory');
    expect(mirror.primary).toBe(1);
    mirror.asked();
    mirror.endCompare(0, 'ab');
    expect(mirror.asked()).toEqual([
      'event mismatch 0 of 0,1',
      'event checkFinished at 1: 1 compared, 1 different',
    ]);
    expect(mirror.engine.state.differing.count).toBe(1);
  });

  test('leaves no mark behind when the primary moves before that is durable', () => {
    const mirror = checked({ end: 1, ...FROM_0 }, { log: 'disk' });
    mirror
      .endCompare(0, 'ab')
      .feed({ kind: 'legOut', leg: legIndex(0) })
      .end('log');
    expect([mirror.primary, mirror.engine.check.life]).toEqual([1, 'none']);
    const { log } = mirror.engine.state;
    expect([mirror.stateOf(0), log.isClean(regionIndex(0))]).toEqual(['clean', true]);
  });

  test('is left out where the log cannot take the mark, and nobody waits for it', () => {
    const mirror = checked(
      { end: 2, ...FROM_0 },
      { log: 'disk', options: { onLogFailure: 'readonly' } },
    );
    mirror.endCompare(0, 'ab').write(1, 0, 512).end('log', 'failed');
    expect(mirror.holders(0)).toEqual([0, 1]);
    mirror.endCompare(1, 'ab').tick(100);
    expect(mirror.engine.check.held).toBe(0);
    expect(mirror.asked().slice(-2)).toEqual([
      'event mismatch 1 of 0,1',
      'event checkFinished at 2: 2 compared, 2 different',
    ]);
  });

  test('goes on with a log that nobody will believe', () => {
    const mirror = checked({ end: 1, ...FROM_0 }, { log: 'disk', recovers: true });
    mirror.endCompare(0, 'ab').end('log', 'failed').asked();
    mirror.end('memory').tick(100);
    expect(mirror.asked()).toContain('copy 0: 0 to 1');
  });
});
