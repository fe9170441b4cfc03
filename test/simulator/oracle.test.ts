/** What a reader may see: by the book, without a mirror. */
import { describe, expect, test } from 'vitest';
import { Oracle } from '../../src/simulator/oracle.ts';

/** One sector that holds 1. */
function oneSector(): Oracle {
  return new Oracle([1]);
}

function write(oracle: Oracle, value: number, told: 'ok' | 'fua' | 'failed' = 'ok'): void {
  oracle.beginWrite(value, 0, 1);
  oracle.endWrite(value, 0, 1, told);
}

/** A read of one moment. */
const read = (oracle: Oracle, value: number) => () =>
  oracle.endRead(oracle.beginRead(), 0, [value]);

const visible = (oracle: Oracle) => [1, 2, 3].filter((value) => oracle.allows(0, value));

describe('a reader', () => {
  test('sees what was acknowledged last, and nothing older', () => {
    const oracle = oneSector();
    write(oracle, 2);
    expect(visible(oracle)).toEqual([2]);
    expect(read(oracle, 1)).toThrow('sector 0 was read as 1, it may be 2');
  });

  test('may see either of two writes under way, and what was there before', () => {
    const oracle = oneSector();
    oracle.beginWrite(2, 0, 1);
    oracle.beginWrite(3, 0, 1);
    expect(visible(oracle)).toEqual([1, 2, 3]);
    oracle.endWrite(2, 0, 1, 'ok');
    expect(visible(oracle)).toEqual([2, 3]);
    oracle.endWrite(3, 0, 1, 'ok');
    expect(visible(oracle)).toEqual([2, 3]);
  });

  test('may see a failed write or not, but not one thing and later the other', () => {
    const oracle = oneSector();
    write(oracle, 2, 'failed');
    expect(visible(oracle)).toEqual([1, 2]);
    read(oracle, 2)();
    expect(read(oracle, 1)).toThrow();
  });

  test('may see what was there when it began', () => {
    const oracle = oneSector();
    const begin = oracle.beginRead();
    write(oracle, 2);
    oracle.endRead(begin, 0, [1]);
    expect(visible(oracle)).toEqual([2]);
  });

  test('cannot settle by an early look what is still being written', () => {
    const oracle = oneSector();
    oracle.beginWrite(2, 0, 1);
    read(oracle, 1)();
    expect(visible(oracle)).toEqual([1, 2]);
  });

  test('never sees what nobody wrote', () => {
    expect(read(oneSector(), 9)).toThrow();
  });
});

describe('a power cut', () => {
  test('may bring back what was not flushed', () => {
    const oracle = oneSector();
    write(oracle, 2);
    oracle.crash(true);
    expect(visible(oracle)).toEqual([1, 2]);
  });

  test('cannot bring back what a flush or FUA has covered', () => {
    for (const told of ['ok', 'fua'] as const) {
      const oracle = oneSector();
      write(oracle, 2, told);
      if (told === 'ok') oracle.endFlush(oracle.beginFlush(), true);
      oracle.crash(true);
      expect(visible(oracle)).toEqual([2]);
    }
  });

  test('can, if the flush began before the write had ended, or failed', () => {
    const early = oneSector();
    const begin = early.beginFlush();
    write(early, 2);
    early.endFlush(begin, true);
    early.crash(true);
    expect(visible(early)).toEqual([1, 2]);
    const failed = oneSector();
    write(failed, 2);
    failed.endFlush(failed.beginFlush(), false);
    failed.crash(true);
    expect(visible(failed)).toEqual([1, 2]);
  });

  test('ends what was under way: it may be there, and is over', () => {
    const oracle = oneSector();
    oracle.beginWrite(2, 0, 1);
    oracle.crash(true);
    write(oracle, 3);
    expect(visible(oracle)).toEqual([3]);
  });
});

describe('the death of the process', () => {
  test('takes back nothing that was acknowledged', () => {
    const oracle = oneSector();
    write(oracle, 2);
    oracle.crash(false);
    expect(visible(oracle)).toEqual([2]);
  });

  test('may take back what was only read', () => {
    const oracle = oneSector();
    write(oracle, 2, 'failed');
    read(oracle, 2)();
    oracle.crash(false);
    expect(visible(oracle)).toEqual([1, 2]);
  });
});

describe('a flush that failed', () => {
  test('may have lost a write, and then no flush may go well before one was told', () => {
    const oracle = oneSector();
    write(oracle, 2);
    oracle.excuse(0, 2);
    expect(visible(oracle)).toEqual([1, 2]);
    expect(() => oracle.endFlush(oracle.beginFlush(), true)).toThrow('may be lost');
  });

  test('is told to one client, and the next may be content', () => {
    const oracle = oneSector();
    write(oracle, 2);
    oracle.excuse(0, 2);
    oracle.endFlush(oracle.beginFlush(), false);
    oracle.endFlush(oracle.beginFlush(), true);
    expect(visible(oracle)).toEqual([1, 2]);
  });

  test('matters no more once the sector is written again', () => {
    const oracle = oneSector();
    write(oracle, 2);
    oracle.excuse(0, 2);
    write(oracle, 3);
    oracle.endFlush(oracle.beginFlush(), true);
    expect(visible(oracle)).toEqual([3]);
  });
});

test('a copy goes its own way', () => {
  const oracle = oneSector();
  oracle.beginWrite(2, 0, 1);
  const twin = oracle.clone();
  oracle.endWrite(2, 0, 1, 'ok');
  expect([visible(oracle), visible(twin)]).toEqual([[2], [1, 2]]);
  expect(oracle.key).not.toBe(twin.key);
});
