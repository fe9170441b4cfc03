/** A device with a cache: what is read, and what a power cut leaves. */
import { describe, expect, test } from 'vitest';
import { SimulatedDevice } from '../../src/simulator/simulated-device.ts';

const device = () => new SimulatedDevice([10, 20]);
const contents = (one: SimulatedDevice<number>) => [one.read(0), one.read(1)];

describe('a simulated device', () => {
  test('shows what was written, and loses it with the power', () => {
    const one = device();
    one.write(0, 11, 1);
    expect([contents(one), one.isSettled(0, 1), one.isSettled(1, 1)]).toEqual([
      [11, 20],
      false,
      true,
    ]);
    one.losePower(() => false);
    expect([contents(one), one.isSettled(0, 2)]).toEqual([[10, 20], true]);
  });

  test('may have written back any version, the last one of those counts', () => {
    const one = device();
    one.write(0, 11, 1);
    one.write(0, 12, 2);
    expect(one.mayHold(0)).toEqual([10, 11, 12]);
    const twin = one.clone();
    one.losePower(({ write }) => write === 1);
    twin.losePower(() => true);
    expect([one.read(0), twin.read(0)]).toEqual([11, 12]);
  });

  test('keeps what was written before the flush began, not what came during it', () => {
    const one = device();
    one.write(0, 11, 1);
    const { mark } = one;
    one.write(1, 21, 2);
    one.flush(mark);
    expect([...one.cachedWrites()]).toEqual([2]);
    one.losePower(() => false);
    expect(contents(one)).toEqual([11, 20]);
  });

  test('never goes back behind a write past the cache', () => {
    const one = device();
    one.write(0, 11, 1);
    one.writeDurably(0, 12);
    one.losePower(() => true);
    expect(one.read(0)).toBe(12);
  });
});

describe('a flush that fails', () => {
  test('shows at once what it has lost', () => {
    const one = device();
    one.write(0, 11, 1);
    one.write(1, 21, 1);
    const { mark } = one;
    const lost = one.failFlush(mark, (sector) => sector === 0);
    expect(lost).toMatchObject([{ sector: 0, content: 11 }]);
    expect(contents(one)).toEqual([10, 21]);
    one.losePower(() => false);
    expect(contents(one)).toEqual([10, 21]);
  });
});

describe('a copy of a device', () => {
  test('has the same key until one of them changes', () => {
    const one = device();
    one.write(0, 11, 1);
    const twin = one.clone();
    expect(twin.key(String)).toBe(one.key(String));
    twin.flush(twin.mark);
    expect(twin.key(String)).not.toBe(one.key(String));
  });
});
