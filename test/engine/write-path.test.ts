/** The life of a write: marked, ordered, mirrored, judged, answered. */
import { describe, expect, test } from 'vitest';
import { ScriptedMirror } from './scripted-mirror.ts';

describe('a write to a clean region', () => {
  test('reaches no leg before its mark is durable', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    expect(mirror.write(1, 0, 512).asked()).toEqual(['log durable']);
    expect(mirror.end('log').asked()).toEqual(['write 1 leg 0 at 0+512', 'write 1 leg 1 at 0+512']);
    expect(mirror.end('write 1').asked()).toEqual(['reply 1 ok']);
  });

  test('shares the log write with those that come while another one is under way', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    expect(mirror.write(1, 0, 512).asked()).toEqual(['log durable']);
    expect(mirror.write(2, 1024, 512).write(3, 2048, 512).asked()).toEqual([]);
    const first = ['write 1 leg 0 at 0+512', 'write 1 leg 1 at 0+512'];
    expect(mirror.end('log').asked()).toEqual([...first, 'log durable']);
    mirror.end('log');
    expect(mirror.asked()).toHaveLength(4);
  });

  test('costs no log write once the region is dirty', () => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    mirror.write(1, 0, 512).settle().asked();
    expect(mirror.write(2, 512, 512).asked()).toEqual([
      'write 2 leg 0 at 512+512',
      'write 2 leg 1 at 512+512',
    ]);
  });

  test.each(['zero', 'discard'] as const)('is marked and mirrored as a %s too', (verb) => {
    const mirror = new ScriptedMirror({ log: 'disk' });
    expect(mirror.write(1, 0, 512, { verb }).asked()).toEqual(['log durable']);
    mirror.end('log');
    expect(mirror.asked()).toEqual([`${verb} 1 leg 0 at 0+512`, `${verb} 1 leg 1 at 0+512`]);
    expect(mirror.stateOf(0)).toBe('dirty');
  });
});

/** Region 0 clean, 1 dirty, 2 recovering, 3 not in sync, 4 clean. */
function mixed(): ScriptedMirror {
  const mirror = new ScriptedMirror({
    regions: 5,
    missed: [
      [2, 1],
      [3, 1],
    ],
    log: 'disk',
    recovers: true,
  });
  mirror
    .endCopy(3, { failedTargets: [1] })
    .write(1, 1024, 512)
    .end('log')
    .end('write');
  expect([0, 1, 2, 3, 4].map((region) => mirror.stateOf(region))).toEqual([
    'clean',
    'dirty',
    'recovering',
    'nosync',
    'clean',
  ]);
  mirror.asked();
  return mirror;
}

describe('a write over regions in every state', () => {
  test('goes where it can, and each leg gets what it holds', () => {
    const mirror = mixed();
    mirror.write(2, 512, 4096).end('log');
    expect(mirror.asked()).toEqual([
      'log durable',
      'write 2 leg 0 at 512+1536',
      'write 2 leg 1 at 512+1536',
      'write 2 leg 0 at 3072+1536',
      'write 2 leg 1 at 4096+512',
    ]);
  });

  test('is answered when the part that waited for a copy has ended, and not before', () => {
    const mirror = mixed();
    mirror.write(2, 512, 4096).end('log').end('write 2').asked();
    expect(mirror.end('copy 2').asked()).toEqual([
      'write 2 leg 0 at 2048+1024',
      'write 2 leg 1 at 2048+1024',
    ]);
    expect(mirror.end('write 2').asked()).toEqual(['reply 2 ok']);
  });

  test('fails as a whole if one part fails', () => {
    const mirror = mixed();
    mirror.write(2, 512, 4096).end('log');
    mirror.end('write 2 leg 0 at 3072', 'failed').end('write 2');
    mirror.end('copy 2').end('write 2');
    expect(mirror.asked()).toContain('reply 2 ioError');
  });
});

describe('writes that share a block', () => {
  test('go one after the other, and others do not wait', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 1024).write(2, 512, 512).write(3, 2048, 512).asked();
    expect(mirror.underWay.filter((name) => name.startsWith('write 2'))).toEqual([]);
    expect(mirror.underWay.filter((name) => name.startsWith('write 3'))).toHaveLength(2);
    mirror.end('write 1 leg 0').asked();
    expect(mirror.end('write 1 leg 1').asked()).toEqual([
      'reply 1 ok',
      'write 2 leg 0 at 512+512',
      'write 2 leg 1 at 512+512',
    ]);
  });

  test('keep their order when all of them waited for a copy', () => {
    const mirror = new ScriptedMirror({ missed: [[0, 1]], recovers: true });
    mirror.write(1, 0, 1024).write(2, 512, 1024).write(3, 0, 512).asked();
    // Of write 2, the second region is free; the first waits behind write 1.
    expect(mirror.underWay).toEqual([
      'copy 0',
      'write 2 leg 0 at 1024+512',
      'write 2 leg 1 at 1024+512',
    ]);
    mirror.end('copy').asked();
    expect(mirror.underWay.filter((name) => name.includes('leg 0'))).toEqual([
      'write 2 leg 0 at 1024+512',
      'write 1 leg 0 at 0+1024',
    ]);
    mirror.end('write 1').asked();
    expect(mirror.underWay.filter((name) => name.includes('leg 0'))).toEqual([
      'write 2 leg 0 at 1024+512',
      'write 2 leg 0 at 512+512',
    ]);
    mirror.end('write 2 leg 0 at 512').end('write 2 leg 1 at 512').asked();
    expect(mirror.underWay.filter((name) => name.includes('leg 0'))).toEqual([
      'write 2 leg 0 at 1024+512',
      'write 3 leg 0 at 0+512',
    ]);
  });
});

describe('a leg that fails a write', () => {
  test('misses the region; the client hears of success once that is on record', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1 leg 0').asked();
    expect(mirror.end('write 1 leg 1', 'failed').asked()).toEqual([
      'event legFailed 1 write',
      'memory: primary 0, missing 1, log trusted',
    ]);
    expect(mirror.holders(0)).toEqual([0]);
    expect(mirror.end('memory').asked()).toEqual(['reply 1 ok']);
  });

  test('fails the client if that cannot be put on record', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1 leg 0').end('write 1 leg 1', 'failed').asked();
    expect(mirror.end('memory', 'failed').asked()).toEqual(['reply 1 ioError']);
    mirror.write(2, 0, 512).end('write 2').asked();
    expect(mirror.end('memory').asked()).toEqual(['reply 2 ok']);
  });

  test('holds up the next write to the region too, although that one fails nowhere', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1 leg 0').end('write 1 leg 1', 'failed').asked();
    expect(mirror.write(2, 512, 512).end('write 2').asked()).toEqual(['write 2 leg 0 at 512+512']);
    expect(mirror.end('memory').asked()).toEqual([
      'reply 1 ok',
      'memory: primary 0, missing 1, log trusted',
    ]);
    expect(mirror.end('memory').asked()).toEqual(['reply 2 ok']);
  });

  test('is announced once, however often it fails', () => {
    const mirror = new ScriptedMirror();
    for (const request of [1, 2]) {
      mirror
        .write(request, request * 1024, 512)
        .end(`write ${request} leg 1`, 'failed')
        .settle();
    }
    const announced = mirror.asked().filter((line) => line.startsWith('event'));
    expect(announced).toEqual(['event legFailed 1 write']);
  });

  test('is not asked again for that region, but for others', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1 leg 1', 'failed').settle().asked();
    expect(mirror.write(2, 0, 512).asked()).toEqual(['write 2 leg 0 at 0+512']);
    expect(mirror.write(3, 1024, 512).asked()).toHaveLength(2);
  });
});

describe('a primary that fails a write', () => {
  test('gives up its part to a leg that misses nothing', () => {
    const mirror = new ScriptedMirror({ legs: 3, missed: [[3, 1]] });
    mirror.write(1, 0, 512).end('write 1 leg 0', 'failed').end('write 1').asked();
    expect(mirror.primary).toBe(2);
    expect(mirror.holders(0)).toEqual([1, 2]);
  });

  test('gives it to one without errors, if there is one', () => {
    const mirror = new ScriptedMirror({ legs: 3, options: { readPolicy: 'leg:1' } });
    mirror.read(1, 0, 512).end('read', 'failed').end('read');
    mirror.write(2, 0, 512).end('write 2 leg 0', 'failed').end('write 2');
    expect(mirror.primary).toBe(2);
  });

  test('stays the primary while nobody else holds everything: better an error than stale data', () => {
    const mirror = new ScriptedMirror({ missed: [[3, 1]] });
    mirror.write(1, 0, 512).end('write 1 leg 0', 'failed').end('write 1 leg 1');
    expect(mirror.asked()).toEqual(expect.arrayContaining(['reply 1 ioError']));
    expect(mirror.primary).toBe(0);
    expect(mirror.holders(0)).toEqual([0]);
  });

  test('stays the primary if the owner wants no errors handled', () => {
    const mirror = new ScriptedMirror({ options: { handleErrors: false } });
    mirror.write(1, 0, 512).end('write 1 leg 0', 'failed').end('write 1 leg 1');
    expect(mirror.asked().slice(2)).toEqual(['reply 1 ioError']);
    expect(mirror.primary).toBe(0);
  });
});

describe('a leg that was only just recovered', () => {
  test('is no heir before it has been flushed', () => {
    const mirror = new ScriptedMirror({ missed: [[3, 1]], recovers: true });
    mirror.end('copy 3').write(1, 0, 512).end('write 1 leg 0', 'failed').end('write 1');
    expect(mirror.primary).toBe(0);
    mirror.tick(0).end('copy 0').flush(2).end('flush');
    mirror.write(3, 0, 512).end('write 3 leg 0', 'failed').end('write 3');
    expect(mirror.primary).toBe(1);
  });
});

describe('when every leg fails a write', () => {
  test('the client hears of it, and the primary is believed', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1', 'failed');
    expect(mirror.asked()).toContain('reply 1 ioError');
    expect([mirror.primary, mirror.holders(0)]).toEqual([0, [0]]);
  });

  test('for want of space, the client hears of that', () => {
    const mirror = new ScriptedMirror();
    mirror.write(1, 0, 512).end('write 1', 'noSpace');
    expect(mirror.asked()).toContain('reply 1 noSpace');
  });
});

describe('three legs, of which one missed a write', () => {
  test('never take the stale one for the primary, and never read from it', () => {
    const mirror = new ScriptedMirror({ legs: 3 });
    mirror.write(1, 3072, 512).end('write 1 leg 1', 'failed').settle();
    mirror.write(2, 3072, 512).settle();
    mirror.write(3, 0, 512).end('write 3 leg 0', 'failed').settle();
    expect(mirror.primary).toBe(2);
    mirror.asked();
    expect(mirror.read(4, 3072, 512).asked()).toEqual(['read 4 leg 2 at 3072+512']);
  });
});

describe('a stream of writes', () => {
  const REGION = 1024;
  const streamed = (regions: number) => {
    const mirror = new ScriptedMirror({ regions, log: 'disk' });
    mirror.write(1, 0, REGION).settle();
    return mirror;
  };

  test('marks the regions that come next with the one it has reached', () => {
    const mirror = streamed(32);
    expect(mirror.write(2, REGION, REGION).asked().at(-1)).toBe('log durable');
    mirror.settle().asked();
    const dirty = Array.from({ length: 32 }, (_, region) => mirror.stateOf(region));
    expect(dirty.lastIndexOf('dirty')).toBe(8);
    expect(dirty.indexOf('clean')).toBe(9);
    for (let region = 2; region <= 8; region += 1) {
      const asked = mirror.write(10 + region, region * REGION, REGION).asked();
      expect(asked.filter((effect) => effect.startsWith('log'))).toEqual([]);
      mirror.settle().asked();
    }
    expect(mirror.write(30, 9 * REGION, REGION).asked()).toEqual(['log durable']);
  });

  test('ends with the mirror', () => {
    const mirror = streamed(3);
    mirror.write(2, REGION, REGION).settle();
    expect([0, 1, 2].map((region) => mirror.stateOf(region))).toEqual(['dirty', 'dirty', 'dirty']);
  });

  test('is what goes on where another ended: writes here and there mark nothing but themselves', () => {
    const mirror = streamed(32);
    mirror.write(2, 10 * REGION, REGION).settle();
    mirror.write(3, 20 * REGION, REGION).settle();
    const dirty = Array.from({ length: 32 }, (_, region) => mirror.stateOf(region));
    expect(dirty.flatMap((state, region) => (state === 'dirty' ? [region] : []))).toEqual([
      0, 10, 20,
    ]);
  });
});
