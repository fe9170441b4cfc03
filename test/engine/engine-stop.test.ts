/** An orderly stop, whenever it comes: everything ends, and what was last said is true. */
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { ScriptedMirror } from './scripted-mirror.ts';

const stop = (mirror: ScriptedMirror) => mirror.feed({ kind: 'stop' });

describe('stop', () => {
  test('of a mirror at rest flushes the legs and the log', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    expect(stop(mirror).asked()).toEqual(['flush leg 0', 'flush leg 1']);
    expect(mirror.end('flush').asked()).toEqual(['log durable']);
    expect(mirror.end('log').asked()).toEqual(['stopped clean, 0 out of sync']);
  });

  test('waits for requests, and clears what they wrote', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    mirror.write(1, 0, 512).end('log').read(2, 0, 512);
    expect(stop(mirror).underWay).toHaveLength(3);
    mirror.settle();
    expect(mirror.asked().slice(-4)).toEqual([
      'flush leg 1',
      'log',
      'log durable',
      'stopped clean, 0 out of sync',
    ]);
    expect(mirror.engine.state.log.cleanCount()).toBe(4);
  });

  test('in the middle of a sweep lets it end, and sweeps again', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    mirror.write(1, 0, 512).settle().tick(4_000);
    stop(mirror).asked();
    expect(mirror.end('flush').asked()).toEqual(['log', 'flush leg 0', 'flush leg 1']);
    mirror.settle();
    expect(mirror.asked().at(-1)).toBe('stopped clean, 0 out of sync');
  });

  test('in the middle of a flush answers it first', () => {
    const mirror = new ScriptedMirror();
    stop(mirror.flush(1)).asked();
    expect(mirror.end('flush').asked()[0]).toBe('reply 1 ok');
    expect(mirror.settle().asked().at(-1)).toBe('stopped clean, 0 out of sync');
  });

  test('lets copies under way end, and says what is left to copy', () => {
    const missed = [0, 1, 2].map((region) => [region, 1] as const);
    const mirror = new ScriptedMirror({ missed, recovers: true, options: { recoveriesMax: 1 } });
    stop(mirror.write(1, 0, 512))
      .feed({ kind: 'resumeRecovery' })
      .settle();
    expect(mirror.asked().at(-1)).toBe('stopped clean, 2 out of sync');
    expect(mirror.stateOf(0)).toBe('clean');
  });
});

describe('a stop in which something fails', () => {
  test('ends unclean if the only good leg cannot be flushed', () => {
    const mirror = new ScriptedMirror({ missed: [[3, 1]] });
    mirror.write(1, 0, 512).end('write');
    stop(mirror).end('flush leg 0', 'failed').settle();
    expect(mirror.asked().at(-1)).toBe('stopped unclean, 2 out of sync');
  });

  test('puts on record who was not believed, before it ends', () => {
    const mirror = new ScriptedMirror({ options: { handleErrors: false } });
    mirror.write(1, 0, 512).end('write');
    stop(mirror).end('flush leg 0', 'failed').asked();
    expect(mirror.end('flush leg 1').asked()).toEqual([
      'memory: primary 0, missing 1, log trusted',
    ]);
    expect(mirror.settle().asked()).toContain('stopped unclean, 1 out of sync');
  });

  test('sweeps no more, whatever is left', () => {
    const mirror = new ScriptedMirror({ missed: [[3, 1]] });
    mirror.write(1, 0, 512).end('write');
    stop(mirror).end('flush leg 0', 'failed').settle().asked();
    expect(mirror.tick(60_000).asked()).toEqual([]);
  });

  test('puts on record what a leg lost in the last flush, and ends unclean if it cannot', () => {
    for (const [outcome, word] of [
      ['ok', 'clean'],
      ['failed', 'unclean'],
    ] as const) {
      const mirror = new ScriptedMirror();
      mirror.write(1, 0, 512).end('write');
      stop(mirror).end('flush leg 0', 'failed').end('flush leg 1').end('memory', outcome).settle();
      expect(mirror.asked().at(-1)).toBe(`stopped ${word}, 1 out of sync`);
    }
  });

  test('waits until it is on record that the log is not to be believed', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    stop(mirror).end('flush').asked();
    expect(mirror.end('log', 'failed').asked()).toEqual([
      'event logFailed',
      'memory: primary 0, missing none, log distrusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['stopped unclean, 0 out of sync']);
  });
});

test('after stop there are no requests any more', () => {
  const mirror = stop(new ScriptedMirror());
  expect(() => mirror.read(1, 0, 512)).toThrow(InvariantBroken);
});
