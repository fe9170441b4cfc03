import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CheckReport } from '../../src/control-protocol/check-report.ts';
import { NOTHING_CHECKED } from '../../src/control-protocol/check-report.ts';
import type { ControlRequest } from '../../src/control-protocol/control-request.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { Bench } from './run-command.ts';

const KIB = 1024;
const hash = (digit: string) => digit.repeat(64);

/** Two legs of ten regions of 4 KiB. */
async function newBench(): Promise<Bench> {
  const bench = new Bench();
  const words = ['--size', '40k', '--region-size', '4k', '--nosync', '--log', 'core'];
  expect((await bench.run('create', 'm0', 'a.img', 'b.img', ...words)).code).toBe(0);
  return bench;
}

const REPORT: CheckReport = {
  ...{
    schema: 'mirrorctl.check/1',
    uuid: 'u',
    legs: ['/a.img', '/b.img'],
    regionSizeBytes: 4 * KIB,
  },
  ...{ regionCount: 10, state: 'running', first: 0, next: 4, end: 10, repairFrom: null },
  ...{ startedAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:02.000Z' },
  ...{ throttle: null, tally: { ...NOTHING_CHECKED, compared: 4 }, findings: [], differing: [] },
};

const FINISHED: CheckReport = {
  ...{ ...REPORT, state: 'finished', next: 10 },
  tally: { ...NOTHING_CHECKED, compared: 9, skipped: 1, different: 2 },
  findings: [
    {
      ...{ region: 3, offset: 12_800, length: 512, repaired: false },
      hashes: [
        { leg: 0, sha256: hash('a') },
        { leg: 1, sha256: hash('b') },
      ],
    },
  ],
  differing: [3, 1, 7, 1],
};

/** An engine whose check is at these reports one look after another; the last one stays. */
async function benchWithEngine(...reports: (CheckReport | null)[]) {
  const bench = await newBench();
  const asked: ControlRequest[] = [];
  let look = 0;
  await bench.engine('m0', async (request) => {
    if (request.ask === 'status') return { status: RUNNING };
    if (request.ask === 'check') {
      const check = reports[Math.min(look, reports.length - 1)] ?? null;
      look += 1;
      return { check };
    }
    asked.push(request);
    return { done: true };
  });
  return { bench, asked };
}

const START = {
  ...{ ask: 'startCheck', first: 0, end: 10, repairFrom: null, throttle: null, anew: false },
} as const;

describe('through the engine', () => {
  test('a check is ordered, awaited and told', async () => {
    const { bench, asked } = await benchWithEngine(null, REPORT, REPORT, FINISHED);
    const { code, out } = await bench.run('check', 'm0');
    expect(asked).toEqual([START]);
    expect({ code, lines: out.split('\n') }).toEqual({
      code: 1,
      lines: [
        'm0: 9 of 10 regions (36 KiB) compared in 0:00:02: the legs differ in 2 regions',
        'REGION  OFFSET  LENGTH  a.img         b.img',
        '     3   12800     512  aaaaaaaaaaaa  bbbbbbbbbbbb',
        'not compared: 1 region on one leg only, or waiting for recovery or the log',
        'known to differ besides, without details: 1 region',
        'nothing was changed; mirrorctl check m0 --repair --from LEG copies from LEG',
        '',
      ],
    });
    const sound = { ...FINISHED, tally: NOTHING_CHECKED, findings: [], differing: [] };
    expect((await (await benchWithEngine(sound)).bench.run('check', 'm0')).code).toBe(0);
    const unread = { ...sound, tally: { ...NOTHING_CHECKED, unreadable: 1 } };
    expect((await (await benchWithEngine(unread)).bench.run('check', 'm0')).code).toBe(1);
  });

  test('one that is under way is joined, and its throttle changed', async () => {
    const { bench, asked } = await benchWithEngine(REPORT, FINISHED);
    const { document } = await bench.json('check', 'm0', '--throttle', '5%');
    expect(asked).toEqual([{ ask: 'throttleCheck', throttle: { percent: 5 } }]);
    expect(document).toEqual({ name: 'm0', ...FINISHED });
  });

  test('another one than is wanted is not joined', async () => {
    const { bench, asked } = await benchWithEngine(REPORT, FINISHED);
    await bench.run('check', 'm0', '--regions', '2-5', '--restart');
    expect(asked).toEqual([{ ...START, first: 2, end: 6, anew: true }]);
  });

  test('a repair says what would be lost, and asks', async () => {
    const { bench, asked } = await benchWithEngine(null, FINISHED);
    bench.canAsk = true;
    const words = ['check', 'm0', '--repair', '--from', 'b.img'];
    expect((await bench.run(...words)).code).toBe(64);
    expect(bench.asked[0]).toContain(`what ${bench.at('a.img')} hold is replaced`);
    bench.answer = true;
    expect((await bench.run(...words)).code).toBe(1);
    expect(asked).toEqual([{ ...START, repairFrom: 1 }]);
  });

  test('interrupted, it is paused', async () => {
    const { bench, asked } = await benchWithEngine(null, REPORT);
    bench.onSleep = () => {
      bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted'));
    };
    expect((await bench.run('check', 'm0')).code).toBe(130);
    expect(asked).toEqual([START, { ask: 'pauseCheck' }]);
  });

  test('paused by somebody else, it is told to be unfinished', async () => {
    const { bench } = await benchWithEngine(null, REPORT, { ...REPORT, state: 'paused' });
    expect(await bench.run('check', 'm0')).toMatchObject({
      code: 75,
      aside: expect.stringContaining('the check of m0 was paused at region 4 [CHECK_UNFINISHED]'),
    });
  });

  test.each([
    ['--pause', 'pauseCheck', 'check of m0 is paused at region 4 of 10\n'],
    ['--stop', 'stopCheck', 'check of m0 is ended at region 4 of 10\n'],
  ] as const)('%s is one order', async (flag, ask, words) => {
    const { bench, asked } = await benchWithEngine(REPORT);
    expect(await bench.run('check', 'm0', flag)).toMatchObject({ code: 0, out: words });
    expect(asked).toEqual([{ ask }]);
    expect((await bench.run('check', 'm0', flag, '-n')).out).toContain('would be');
    expect(asked).toHaveLength(1);
  });

  test('nobody has to wait, and -n only plans', async () => {
    const { bench, asked } = await benchWithEngine(REPORT);
    expect((await bench.run('check', 'm0', '-n')).out).toBe(
      'm0: 10 regions (40 KiB) of 2 legs would be compared, while it is in use; nothing would be changed\n',
    );
    expect(asked).toEqual([]);
    expect(await bench.run('check', 'm0', '--resume', '--no-wait')).toMatchObject({
      ...{ code: 0, out: 'check of m0 is under way; mirrorctl status m0 shows how far\n' },
    });
    expect(asked).toEqual([{ ask: 'resumeCheck' }]);
  });

  test('--list compares nothing', async () => {
    const { bench, asked } = await benchWithEngine(FINISHED);
    expect((await bench.run('check', 'm0', '--list')).code).toBe(1);
    expect(asked).toEqual([]);
    expect((await (await benchWithEngine(null)).bench.run('check', 'm0', '--list')).code).toBe(66);
  });
});

describe('without an engine', () => {
  test('the files are compared, and what was found is listed later', async () => {
    const bench = await newBench();
    const content = Buffer.alloc(40 * KIB, 1);
    writeFileSync(bench.at('a.img'), content);
    writeFileSync(bench.at('b.img'), content.fill(2, 5 * 4 * KIB, 5 * 4 * KIB + 1));
    const { code, document } = await bench.json('scrub', 'm0');
    expect([code, document.tally.compared, document.differing]).toEqual([1, 10, [5, 1]]);
    expect((await bench.json('check', 'm0', '--list')).document).toEqual(document);
  });

  test.each([
    [['--repair'], 64, '--repair and --from go together'],
    [['--from', '1'], 64, '--repair and --from go together'],
    [['--regions', '5,7'], 64, 'is more than one range'],
    [['--regions', '8-10'], 64, 'is not within'],
    [['--pause', '--stop'], 64, '--pause and --stop contradict each other'],
    [['--resume', '--throttle', '5%'], 64, '--resume and --throttle contradict'],
    [['--repair', '--from', 'c.img'], 66, 'm0 has no leg c.img'],
    [['--repair', '--from', '1', '--yes'], 69, 'only an engine repairs'],
    [['--list'], 66, 'were never compared'],
    [['--pause'], 69, 'no engine runs for m0'],
    [['--no-wait'], 69, 'no engine runs that could do it'],
    [['--throttle', '0%'], 64, 'a share is above 0'],
  ])('%j is refused', async (words, code, message) => {
    const bench = await newBench();
    expect(await bench.run('check', 'm0', ...words)).toMatchObject({
      code,
      aside: expect.stringContaining(message),
    });
  });
});
