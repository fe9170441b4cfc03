/** `mirrorctl sim`: on whose geometry, what it says, and that a seed is the same again. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { Bench } from './run-command.ts';

/** A small one, so that a seed is tried in no time. */
const SMALL = ['--size', '16k', '--region-size', '4k'];

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

let takeOut = () => {};
afterEach(() => {
  takeOut();
  takeOut = () => {};
});

/** Takes every dirty region for clean. */
function plantBlindResume(): () => void {
  const { resume } = DiskLog;
  DiskLog.resume = (area) => {
    const isNew = area.bytes.every((byte) => byte === 0);
    return resume(isNew ? area : { ...area, bytes: area.bytes.slice().fill(0xff, 1024) });
  };
  return () => Object.assign(DiskLog, { resume });
}

describe('sim', () => {
  test('tries the one seed that was named, and says what that came to', async () => {
    const { code, out, aside } = await bench.run('sim', '--seed', '7', ...SMALL);
    expect({ code, aside }).toEqual({ code: 0, aside: '' });
    const [model, summary] = out.split('\n');
    expect(model).toBe('2 legs of 16 KiB, disk log: 4 regions of 4 KiB are simulated');
    expect(summary).toMatch(/^seed 7: schedules: 1, with faults: [01]; crash states: \d+; steps: /);
  });

  test('comes to the same for the same seed', async () => {
    const runs = [];
    for (let time = 0; time < 2; time += 1) {
      runs.push((await bench.json('sim', '--seed', '7', ...SMALL)).document);
    }
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[0]).toMatchObject({
      schema: 'mirrorctl.sim/1',
      seeds: { first: 7, last: 7 },
      regionCount: 4,
      failure: null,
    });
  });

  test('goes on from seed to seed until the time is over', async () => {
    // A millisecond goes by between two seeds.
    const { out } = await bench.run('sim', '--seed', '7', '--minutes', '0.00002', ...SMALL);
    expect(out).toContain('\nseeds 7 to 8: schedules: 2');
  });

  test('simulates a mirror like one that there is', async () => {
    const third = { path: '/data/c.img', offsetBytes: byteCount(0) };
    bench.define({ ...HOME, legs: [...HOME.legs, third] });
    const { out } = await bench.run('sim', '--seed', '7', '--like', 'home');
    expect(out).toContain('3 legs of 64 MiB, disk log: 32 of 128 regions of 512 KiB are simulated');
  });

  test('stops when it is told to, and says what it came to so far', async () => {
    bench.interruption.abort(new Error('interrupted'));
    await expect(bench.run('sim', ...SMALL)).resolves.toMatchObject({
      out: expect.stringContaining('schedules: 1'),
    });
  });
});

describe('a simulation that fails', () => {
  test('tells the story of a broken promise, with the seed, and ends with 70', async () => {
    takeOut = plantBlindResume();
    const { code, out, aside } = await bench.run('sim', '--seed', '7', ...SMALL);
    expect(code).toBe(70);
    expect(out).toMatch(/\nseed 7: \{.*\}\n(\{"kind":.*\}\n)+=> .+\n/);
    expect(aside).toMatch(/^mirrorctl: seed 7 breaks a promise: .+ \[PROMISE_BROKEN\]; /);
    const { code: jsonCode, document } = await bench.json('sim', '--seed', '7', ...SMALL);
    expect([jsonCode, document]).toMatchObject([70, { failure: { seed: 7 } }]);
  });
});

describe('a wish that cannot be', () => {
  test.each([
    [['--seed', '-1'], 'USAGE'],
    [['--seed', '4294967296'], 'USAGE'],
    [['--minutes', 'long'], 'USAGE'],
    [['--legs', '1'], 'USAGE'],
    [['--legs', '10'], 'USAGE'],
    [['--like', 'nobody'], 'MIRROR_UNKNOWN'],
    [['--like', 'home', '--legs', '3'], 'USAGE'],
    [['--size', '10kb'], 'SIZE_MALFORMED'],
    [['--region-size', '3k'], 'GEOMETRY_INVALID'],
  ])('is refused: %s', async (words, code) => {
    expect((await bench.run('sim', ...words)).aside).toContain(`[${code}]`);
  });
});
