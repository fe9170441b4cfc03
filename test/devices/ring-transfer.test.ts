/** Kernels may do less than they were asked; a transfer goes on where that ended. */
import { expect, test } from 'vitest';
import type { Completion } from '../../src/devices/io-uring.ts';
import { BY_KERNEL_THREAD, OPERATION } from '../../src/devices/io-uring.ts';
import type { IoError } from '../../src/devices/leg-io.ts';
import type { TransferDevice } from '../../src/devices/ring-transfer.ts';
import { Transfer } from '../../src/devices/ring-transfer.ts';

const { READ, WRITE, FSYNC } = OPERATION;
const EINTR = -4;
const EIO = -5;

/** A device whose ring only keeps what it is given. */
function device() {
  const put: number[][] = [];
  let who: Completion | null = null;
  const ring = {
    enlist: (completion: Completion) => {
      who = completion;
      return 7;
    },
    put: (...entry: number[]) => void put.push(entry),
  };
  let ends = 0;
  const over: TransferDevice = {
    ring: ring as unknown as TransferDevice['ring'],
    path: 'leg.img',
    idle: [],
    ended: () => {
      ends += 1;
    },
  };
  const transfer = new Transfer(over);
  const errors: (IoError | null)[] = [];
  const done = (error: IoError | null) => void errors.push(error);
  return {
    over,
    put,
    transfer,
    errors,
    done,
    ends: () => ends,
    complete: (n: number) => who?.completed(n),
  };
}

const range = { address: 10_000, length: 100, position: 500 };

test('a short count is continued where it ended', () => {
  const { put, transfer, errors, done, complete } = device();
  transfer.begin('write', 3, range, { flags: 2, aside: false }, done);
  complete(30);
  complete(EINTR);
  complete(69);
  expect(errors).toEqual([]);
  complete(1);
  expect(errors).toEqual([null]);
  expect(put).toEqual([
    [WRITE, 3, 500, 10_000, 100, 2, 7],
    [WRITE, 3, 530, 10_030, 70, 2, 7],
    [WRITE, 3, 530, 10_030, 70, 2, 7],
    [WRITE, 3, 599, 10_099, 1, 2, 7],
  ]);
});

test('what is done aside stays aside when it is continued', () => {
  const { put, transfer, done, complete } = device();
  transfer.begin('write', 3, range, { flags: 0, aside: true }, done);
  complete(30);
  complete(70);
  transfer.begin('write', 3, range, { flags: 0, aside: false }, done);
  expect(put.map(([operation]) => operation)).toEqual([
    WRITE | BY_KERNEL_THREAD,
    WRITE | BY_KERNEL_THREAD,
    WRITE,
  ]);
});

test('an error, or the end of the device, ends it and says where', () => {
  const { put, transfer, errors, done, complete } = device();
  transfer.begin('read', 3, range, { flags: 0, aside: false }, done);
  complete(50);
  complete(EIO);
  transfer.begin('read', 3, range, { flags: 0, aside: false }, done);
  complete(0);
  expect(errors.map((error) => error?.code)).toEqual(['EIO', 'EIO']);
  expect(errors[0]?.message).toContain('leg.img: read at byte 550');
  expect(errors[1]?.message).toContain('the device ends there');
  expect(put.at(-1)).toEqual([READ, 3, 500, 10_000, 100, 0, 7]);
});

test('a flush flushes data, and a transfer that has ended is there for the next one', () => {
  const { over, put, transfer, errors, done, complete, ends } = device();
  transfer.begin('write', 3, range, { flags: 2, aside: false }, done);
  complete(100);
  expect(over.idle).toEqual([transfer]);
  transfer.beginFlush(3, done);
  complete(0);
  expect(put.at(-1)).toEqual([FSYNC, 3, 0, 0, 0, 1, 7]);
  expect(errors).toEqual([null, null]);
  expect(ends()).toBe(2);
});
