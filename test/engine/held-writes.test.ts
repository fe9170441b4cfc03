/** Writes that a leg failed, while the owner has not decided about that leg. */
import { describe, expect, test } from 'vitest';
import { legIndex } from '../../src/geometry/units.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const L1 = legIndex(1);
const HOLDS = { options: { holdOnFailure: true } } as const;

/** Write 1 failed on leg 1. */
function held(recovers = false): ScriptedMirror {
  const mirror = new ScriptedMirror({ ...HOLDS, recovers });
  return mirror.write(1, 0, 512).end('write 1 leg 1', 'failed').end('write 1');
}

describe('a write that a leg failed', () => {
  test('is not answered, but can be read', () => {
    const mirror = held();
    expect(mirror.asked().at(-1)).toBe('event legFailed 1 write');
    expect(mirror.engine.heldWrites).toBe(1);
    expect(mirror.read(2, 0, 512).asked()).toEqual(['read 2 leg 0 at 0+512']);
  });

  test('is answered when the owner has decided, once that leg is on record', () => {
    const mirror = held();
    mirror.asked();
    expect(mirror.feed({ kind: 'legDecided', leg: L1 }).asked()).toEqual([
      'memory: primary 0, missing 1, log trusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok']);
    expect(mirror.engine.heldWrites).toBe(0);
  });

  test('is answered when recovery has brought the leg up to date, once that leg is on record', () => {
    const mirror = held(true);
    mirror.tick(100).asked();
    expect(mirror.end('copy 0').asked()).toEqual([
      'event inSync',
      'memory: primary 0, missing 1, log trusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok']);
  });

  test('fails when the mirror is stopped', () => {
    const mirror = held();
    mirror.asked();
    expect(mirror.feed({ kind: 'stop' }).asked()).toContain('reply 1 ioError');
    mirror.settle();
    expect(mirror.asked().at(-1)).toBe('stopped clean, 1 out of sync');
  });

  test('fails when that is after the stop', () => {
    const mirror = new ScriptedMirror(HOLDS);
    mirror.write(1, 0, 512).feed({ kind: 'stop' }).end('write 1 leg 1', 'failed').end('write 1');
    expect(mirror.asked()).toContain('reply 1 ioError');
  });

  test('is on record before it is answered, even if recovery was faster', () => {
    const mirror = new ScriptedMirror({ ...HOLDS, recovers: true });
    mirror.write(1, 0, 512).end('write 1 leg 0', 'failed').end('write 1').tick(100).asked();
    mirror.end('copy 0');
    expect(mirror.asked()).not.toContain('reply 1 ok');
    expect(mirror.end('memory').asked()).toContain('reply 1 ok');
  });
});

describe('a write that is given back', () => {
  test('is to be asked for again, and is nobody’s here', () => {
    const mirror = held();
    mirror.asked();
    expect(mirror.feed({ kind: 'giveBack' }).asked()).toEqual(['reply 1 again']);
    expect([mirror.engine.heldWrites, mirror.engine.state.requestsInFlight]).toEqual([0, 0]);
    expect(mirror.feed({ kind: 'legDecided', leg: L1 }).asked()).toEqual([]);
  });

  test('may have waited for the log', () => {
    const options = { onLogFailure: 'hold' } as const;
    const mirror = new ScriptedMirror({ log: 'disk', options });
    mirror.write(1, 0, 512).write(2, 0, 512).end('log', 'failed').asked();
    expect(mirror.feed({ kind: 'giveBack' }).asked()).toEqual(['reply 1 again']);
    expect(mirror.feed({ kind: 'giveBack' }).asked()).toEqual(['reply 2 again']);
  });
});

describe('while the owner has not decided', () => {
  test('writes to other regions go on, and those to regions that the leg misses are held', () => {
    const mirror = held();
    mirror.write(2, 1024, 512).end('write 2').write(3, 512, 512).end('write 3');
    expect(mirror.asked().filter((line) => line.startsWith('reply'))).toEqual(['reply 2 ok']);
    mirror.feed({ kind: 'legDecided', leg: L1 }).end('memory');
    expect(mirror.asked().filter((line) => line.startsWith('reply'))).toEqual([
      'reply 1 ok',
      'reply 3 ok',
    ]);
  });

  test('what a leg misses that did not fail is nobody’s concern', () => {
    const mirror = new ScriptedMirror({ ...HOLDS, missed: [[0, 1]] });
    mirror.write(1, 0, 512).end('write 1');
    expect(mirror.asked().at(-1)).toBe('reply 1 ok');
  });

  test('a leg that went out of service by itself is one to decide about', () => {
    const mirror = new ScriptedMirror(HOLDS);
    mirror.feed({ kind: 'legOut', leg: L1 }).write(1, 0, 512).end('write 1');
    expect(mirror.engine.heldWrites).toBe(1);
    expect(mirror.feed({ kind: 'legDecided', leg: L1 }).end('memory').asked()).toContain(
      'reply 1 ok',
    );
  });
});

test('without that wish nothing is held', () => {
  const mirror = new ScriptedMirror();
  mirror.write(1, 0, 512).end('write 1 leg 1', 'failed').end('write 1').end('memory');
  expect([mirror.asked().at(-1), mirror.engine.heldWrites]).toEqual(['reply 1 ok', 0]);
});
