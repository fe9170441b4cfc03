import { describe, expect, test } from 'vitest';
import type { IoError } from '../../src/devices/leg-io.ts';
import type { EndOperation } from '../../src/devices/memory-backend.ts';
import { MemoryBackend } from '../../src/devices/memory-backend.ts';
import type { PagePipe } from '../../src/devices/page-pipe.ts';
import { ABANDONED, TimedLegIo } from '../../src/devices/timed-leg-io.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { LEG_BYTES, legIoConformance } from './leg-io-conformance.ts';

legIoConformance('timed', () => {
  const backend = new MemoryBackend(2, LEG_BYTES, 0);
  const io = new TimedLegIo(1_000, () => {});
  io.exchange(backend, [null, null]);
  return {
    io,
    bytesOf: (leg) => ({ bytes: backend.legs[leg] as Uint8Array, start: 0 }),
    endsWithItsDevice: true,
  };
});

const LIMIT_MS = 3_000;
const [LEG, OTHER] = [legIndex(0), legIndex(1)];
const START = byteOffset(0);

/** A backend on whose leg 0 and log nothing ends by itself, and a clock in steps of 500 ms. */
function slowLegs() {
  const backend = new MemoryBackend(2, 4096, 4096);
  const held: EndOperation[] = [];
  backend.gate = ({ leg }, end) => (leg === OTHER ? end(null) : held.push(end));
  const service: string[] = [];
  const io = new TimedLegIo(LIMIT_MS, (leg, isIn) => service.push(`${leg} ${isIn ? 'in' : 'out'}`));
  io.exchange(backend, [null, null]);
  let now = 5_000;
  io.tick(now);
  const pass = (ms: number) => {
    for (const until = now + ms; now < until; ) {
      now += 500;
      io.tick(now);
    }
  };
  return { backend, held, io, pass, service };
}

function ends() {
  const heard: (string | null)[] = [];
  return { heard, done: (error: IoError | null) => void heard.push(error?.code ?? null) };
}

describe('an operation that does not answer', () => {
  test('fails when the time is over and not before, and its answer is not heard', () => {
    const { io, held, pass } = slowLegs();
    const { heard, done } = ends();
    io.write(LEG, [new Uint8Array(512)], START, false, done);
    pass(LIMIT_MS - 500);
    expect(heard).toEqual([]);
    pass(500);
    expect(heard).toEqual([ABANDONED]);
    held[0]?.(null);
    expect(heard).toEqual([ABANDONED]);
  });

  test.each(['flush', 'zero', 'discard'] as const)('a %s may take four times as long', (verb) => {
    const { io, pass } = slowLegs();
    const { heard, done } = ends();
    const length = byteCount(512);
    const manner = { mayPunch: true, fastOnly: false, fua: false };
    if (verb === 'flush') io.flush(LEG, done);
    else if (verb === 'zero') io.zero(LEG, START, length, manner, done);
    else io.discard(LEG, START, length, false, done);
    pass(4 * LIMIT_MS - 500);
    expect(heard).toEqual([]);
    pass(500);
    expect(heard).toEqual([ABANDONED]);
  });

  test('fences its leg until it answers; the other leg and the log go on', () => {
    const { io, held, pass, service } = slowLegs();
    const { heard, done } = ends();
    io.read(LEG, new Uint8Array(512), START, done);
    io.read(LEG, new Uint8Array(512), START, done);
    pass(LIMIT_MS);
    io.write(LEG, [new Uint8Array(512)], START, false, done);
    io.flush(LEG, done);
    io.write(OTHER, [new Uint8Array(512)], START, false, done);
    expect(heard).toEqual([ABANDONED, ABANDONED, 'EIO', 'EIO', null]);
    expect(held).toHaveLength(2);
    held[0]?.(null);
    expect(io.refusal(LEG)?.code).toBe('EIO');
    expect(io.refusal(OTHER)).toBeNull();
    expect(service).toEqual(['0 out']);
    held[1]?.({ code: 'EIO', message: 'late' });
    expect(io.refusal(LEG)).toBeNull();
    expect(service).toEqual(['0 out', '0 in']);
    io.flush(LEG, done);
    held[2]?.(null);
    expect(heard.at(-1)).toBeNull();
  });

  test('takes what is under way on its leg along', () => {
    const { io, held, pass, service } = slowLegs();
    const { heard, done } = ends();
    io.read(LEG, new Uint8Array(512), START, () => heard.push(`late, ${service}`));
    pass(LIMIT_MS - 500);
    io.flush(LEG, () => heard.push(`with it, ${service}`));
    pass(500);
    expect(heard).toEqual(['late, ', 'with it, 0 out']);
    held[0]?.(null);
    io.read(LEG, new Uint8Array(512), START, done);
    expect([heard.at(-1), service]).toEqual(['EIO', ['0 out']]);
    held[1]?.(null);
    expect(service).toEqual(['0 out', '0 in']);
  });
});

describe('legs that come and go', () => {
  test('a leg that has yet to answer stays fenced, wherever it is now', () => {
    const { io, held, pass, service } = slowLegs();
    const { heard, done } = ends();
    io.read(LEG, new Uint8Array(512), START, done);
    pass(LIMIT_MS);
    const other = new MemoryBackend(2, 4096, 4096);
    io.exchange(other, [OTHER, LEG]);
    expect([io.refusal(LEG), io.refusal(OTHER)?.message]).toEqual([
      null,
      expect.stringContaining('leg 1'),
    ]);
    expect([io.isQuiet(LEG), io.isQuiet(OTHER), io.isQuiet('log')]).toEqual([true, false, true]);
    held[0]?.(null);
    expect([io.refusal(OTHER), service, heard]).toEqual([null, ['0 out', '1 in'], [ABANDONED]]);
  });

  test('a log that hangs is refused, but not another one in its place', () => {
    const { io, pass } = slowLegs();
    const { heard, done } = ends();
    const part = { offset: 0, bytes: new Uint8Array(8) };
    io.writeLog([part], true, done);
    pass(LIMIT_MS);
    const other = new MemoryBackend(2, 4096, 4096);
    io.exchange(other, [LEG, OTHER]);
    io.writeLog([part], true, done);
    expect([heard, io.isQuiet('log')]).toEqual([[ABANDONED, 'EIO'], false]);
    io.exchange(other, [LEG, OTHER], true);
    io.writeLog([part], true, done);
    expect([heard.at(-1), io.isQuiet('log')]).toEqual([null, true]);
  });

  test('nobody hears of a leg that is none any more', () => {
    const { io, held, pass, service } = slowLegs();
    io.read(LEG, new Uint8Array(512), START, () => {});
    pass(LIMIT_MS);
    io.exchange(new MemoryBackend(2, 4096, 4096), [OTHER, null]);
    held[0]?.(null);
    expect([service, io.refusal(LEG), io.refusal(OTHER)]).toEqual([['0 out'], null, null]);
  });
});

describe('a log', () => {
  test('that does not answer has failed', () => {
    const { io, held, pass, service } = slowLegs();
    const { heard, done } = ends();
    io.writeLog([{ offset: 0, bytes: new Uint8Array(8) }], true, done);
    pass(LIMIT_MS);
    held[0]?.(null);
    expect(heard).toEqual([ABANDONED]);
    expect([io.refusal(LEG), service]).toEqual([null, []]);
  });
});

test('a leg that hangs for somebody else is fenced until he says that it is over', () => {
  const { io, held, service } = slowLegs();
  const { heard, done } = ends();
  io.read(LEG, new Uint8Array(512), START, done);
  const over = io.hangs(LEG);
  expect([heard, service, io.refusal(LEG)?.code]).toEqual([[ABANDONED], ['0 out'], 'EIO']);
  held[0]?.(null);
  expect(service).toEqual(['0 out']);
  over();
  expect([service, io.refusal(LEG)]).toEqual([['0 out', '0 in'], null]);
});

test('a leg out of service is asked for nothing, what is in flight ends, and it can come back', () => {
  const { io, held, service } = slowLegs();
  const { heard, done } = ends();
  io.read(LEG, new Uint8Array(512), START, done);
  io.takeOut(LEG);
  io.read(LEG, new Uint8Array(512), START, done);
  io.flush(OTHER, done);
  expect([heard, held.length, service]).toEqual([['EIO', null], 1, ['0 out']]);
  held[0]?.(null);
  expect([heard.at(-1), io.refusal(LEG)?.code]).toEqual([null, 'EIO']);
  io.letIn(LEG);
  expect([io.refusal(LEG), service]).toEqual([null, ['0 out', '0 in']]);
});

test('a leg out of service lends nothing, and one that cannot lend is not asked to', () => {
  const { io, backend } = slowLegs();
  const pipe = {} as PagePipe;
  const lend = () => io.lend(LEG, pipe, START, byteCount(4096));
  expect(lend()).toBe(false);
  const asked: unknown[] = [];
  const lending = Object.assign(backend, { lend: (...args: unknown[]) => asked.push(args) > 0 });
  io.exchange(lending, [LEG, OTHER]);
  expect(lend()).toBe(true);
  io.takeOut(LEG);
  expect(lend()).toBe(false);
  expect(asked).toEqual([[LEG, pipe, START, 4096]]);
});

test('a leg that hangs and was taken out comes back when neither holds any more', () => {
  const { io, held, pass, service } = slowLegs();
  io.read(LEG, new Uint8Array(512), START, ends().done);
  pass(LIMIT_MS);
  io.takeOut(LEG);
  io.letIn(LEG);
  expect(service).toEqual(['0 out']);
  io.takeOut(LEG);
  held[0]?.(null);
  expect(service).toEqual(['0 out']);
  io.letIn(LEG);
  expect(service).toEqual(['0 out', '0 in']);
});

test('a gap between ticks counts as one second: who slept himself blames nobody', () => {
  const { io } = slowLegs();
  const { heard, done } = ends();
  io.read(LEG, new Uint8Array(512), START, done);
  io.tick(1_000_000);
  io.tick(2_000_000);
  expect(heard).toEqual([]);
  io.tick(3_000_000);
  expect(heard).toEqual([ABANDONED]);
});

test('an answer in time is heard once, also an error', () => {
  const { io, held, pass } = slowLegs();
  const { heard, done } = ends();
  io.read(LEG, new Uint8Array(512), START, done);
  io.read(LEG, new Uint8Array(512), START, done);
  held[0]?.(null);
  held[1]?.({ code: 'ENOSPC', message: '' });
  pass(10 * LIMIT_MS);
  expect(heard).toEqual([null, 'ENOSPC']);
  expect(io.refusal(LEG)).toBeNull();
});
