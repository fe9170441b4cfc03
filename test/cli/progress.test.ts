import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BytePace } from '../../src/cli/byte-pace.ts';
import { Flags } from '../../src/cli/given.ts';
import type { Outside } from '../../src/cli/outside.ts';
import { Progress } from '../../src/cli/progress.ts';
import { barLine, progressLine, sharePercent, wordsWidth } from '../../src/cli/progress-words.ts';

const MIB = 1024 * 1024;
const JOB = { name: 'compare', subject: 'm0.log', doing: 'comparing legs' };
const PLAIN_LOOK = { done: '=', left: '-', colours: ['', '', ''] } as const;

interface Stage {
  readonly isTerminal?: boolean;
  readonly columns?: number;
  readonly env?: Outside['env'];
  readonly how?: string | false;
  readonly noColour?: boolean;
}

/** A job of 100 MiB on a clock of its own; `at` shows what is done when. */
function job({ isTerminal = false, columns = 80, env = {}, how = false, noColour = true }: Stage) {
  let aside = '';
  let nowMs = 0;
  const outside = {
    printAside: (text: string) => {
      aside += text;
    },
    env,
    asideIsTerminal: isTerminal,
    asideColumns: () => columns,
    now: () => new Date(nowMs),
  } as Partial<Outside> as Outside;
  const flags = new Flags(
    new Map<string, string | boolean>([
      ['progress', how],
      ['no-color', noColour],
    ]),
  );
  const progress = new Progress(outside, flags, JOB);
  const at = (seconds: number, percent: number) => {
    nowMs = seconds * 1000;
    const rates = { bytesPerSecond: 10 * MIB, etaSeconds: (100 - percent) / 10 };
    progress.show({ doneBytes: percent * MIB, totalBytes: 100 * MIB, ...rates });
  };
  return { progress, at, said: () => aside };
}

test('off a terminal a line comes every 5 s', () => {
  const { at, said } = job({});
  for (let second = 1; second <= 12; second += 1) at(second, second * 5);
  expect(said()).toBe(
    [
      'm0.log: comparing legs: 25.0 % of 100 MiB, 10 MiB/s, 0:00:08 to go\n',
      'm0.log: comparing legs: 50.0 % of 100 MiB, 10 MiB/s, 0:00:05 to go\n',
    ].join(''),
  );
});

test('a slow job has a line every 1 %, and one a minute when nothing moves', () => {
  const { at, said } = job({});
  const shares = () => said().match(/[\d.]+ %/g) ?? [];
  for (let second = 1; second <= 25; second += 1) at(second, second / 10);
  expect(shares()).toEqual(['1.0 %', '2.0 %']);
  for (let second = 26; second <= 79; second += 1) at(second, 2.5);
  expect(shares()).toHaveLength(2);
  at(80, 2.5);
  expect(shares()).toEqual(['1.0 %', '2.0 %', '2.5 %']);
});

test('on a terminal one line is drawn again and again, and erased at the end', () => {
  const { progress, at, said } = job({ isTerminal: true });
  at(0.3, 1);
  expect(said()).toBe('');
  at(0.5, 50);
  at(0.6, 51);
  at(0.8, 99);
  progress.end();
  const bar = (done: number) => '━'.repeat(done) + '─'.repeat(11 - done);
  expect(said()).toBe(
    [
      `\r\u001b[Km0.log: comparing legs  ${bar(5)}  50.0 % of 100 MiB, 10 MiB/s, 0:00:05 to go`,
      `\r\u001b[Km0.log: comparing legs  ${bar(10)}  99.0 % of 100 MiB, 10 MiB/s, 0:00:01 to go`,
      '\r\u001b[K',
    ].join(''),
  );
});

test('the bar keeps its length while the words change theirs', () => {
  const { at, said } = job({ isTerminal: true, columns: 100 });
  for (const percent of [100, 9, 1, 55]) at(percent + 1, percent);
  const bars = said().match(/[━─]+/g) ?? [];
  expect(new Set(bars.map(({ length }) => length))).toEqual(new Set([30]));
});

test('words for people stand above the bar, which is drawn again below them', () => {
  const { progress, at, said } = job({ isTerminal: true });
  at(1, 50);
  const bar = said();
  progress.say('leg b.img: a write failed\n');
  expect(said()).toBe(`${bar}\r\u001b[Kleg b.img: a write failed\n${bar}`);
});

test('words are words where there is no bar', () => {
  const { progress, at, said } = job({});
  at(1, 50);
  progress.say('leg b.img: a write failed\n');
  expect(said()).toBe('leg b.img: a write failed\n');
});

test('JSON comes once a second, and the last reading at the end', () => {
  const { progress, at, said } = job({ how: 'json', isTerminal: true });
  for (const [seconds, percent] of [
    [0, 1],
    [0.9, 2],
    [1, 3],
    [1.5, 100],
  ] as const) {
    at(seconds, percent);
  }
  progress.end();
  progress.end();
  const lines = said().trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line).doneBytes / MIB)).toEqual([1, 3, 100]);
  expect(JSON.parse(lines[1] ?? '')).toEqual({
    schema: 'mirrorctl.progress/1',
    ...{ job: 'compare', subject: 'm0.log', doneBytes: 3 * MIB, totalBytes: 100 * MIB },
    ...{ bytesPerSecond: 10 * MIB, etaSeconds: 10 },
  });
});

test('what is not known is null in JSON and left out of a line', () => {
  const reading = { doneBytes: 0, totalBytes: MIB, bytesPerSecond: null, etaSeconds: null };
  const { progress, said } = job({ how: 'json' });
  progress.show(reading);
  expect(JSON.parse(said())).toMatchObject({ bytesPerSecond: null, etaSeconds: null });
  expect(progressLine(JOB, reading)).toBe('m0.log: comparing legs: 0.0 % of 1 MiB');
});

test('none prints nothing, lines prints lines on a terminal too', () => {
  const silent = job({ how: 'none', isTerminal: true });
  const lined = job({ how: 'lines', isTerminal: true });
  const spoken = job({ isTerminal: true, env: { MIRRORCTL_SCREEN_READER: '1' } });
  for (const { at } of [silent, lined, spoken]) at(6, 50);
  expect(silent.said()).toBe('');
  expect(silent.progress.isSilent).toBe(true);
  expect(lined.said()).toMatch(/^m0.log: comparing legs: 50.0 % .*\n$/);
  expect(spoken.said()).toBe(lined.said());
});

test.each([
  ['colours', {}, false, '\u001b[36m━'],
  ['none with --no-color', {}, true, '  ━'],
  ['none with NO_COLOR', { NO_COLOR: '1' }, false, '  ━'],
  ['ASCII where the locale has no UTF-8', { LC_ALL: 'de_DE.ISO8859-1' }, true, '  ='],
])('the bar has %s', (_, env, noColour, expected) => {
  const { at, said } = job({ isTerminal: true, env, noColour });
  at(1, 50);
  expect(said()).toContain(expected);
});

test('a line with a bar never reaches the last column, and says what fits', () => {
  const reading = { doneBytes: MIB, totalBytes: 3 * MIB, bytesPerSecond: 5000, etaSeconds: 7 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), (width) => {
      const line = barLine(JOB, reading, width, wordsWidth(reading), PLAIN_LOOK);
      expect(line.length).toBeLessThanOrEqual(width);
      expect(line).not.toContain('\n');
      if (width >= 45) expect(line).toContain('33.3 % of 3 MiB');
    }),
  );
  expect(barLine(JOB, reading, 45, 40, PLAIN_LOOK)).toBe('m0.log: comparing legs: 33.3 % of 3 MiB');
  expect(barLine(JOB, reading, 300, 40, PLAIN_LOOK)).toContain(
    `  ${'='.repeat(13)}${'-'.repeat(27)}  `,
  );
});

test('100.0 % only when everything is done', () => {
  expect(sharePercent(999_999, 1_000_000)).toBe('99.9 %');
  expect(sharePercent(1_000_000, 1_000_000)).toBe('100.0 %');
  expect(sharePercent(0, 0)).toBe('100.0 %');
});

test('the pace of a job is that of the last seconds, and what was done before is no work', () => {
  const pace = new BytePace(100 * MIB, 40 * MIB, 0);
  expect(pace.passed(0, 0)).toMatchObject({ doneBytes: 40 * MIB, bytesPerSecond: null });
  expect(pace.passed(10 * MIB, 1000)).toEqual({
    ...{ doneBytes: 50 * MIB, totalBytes: 100 * MIB, bytesPerSecond: 10 * MIB, etaSeconds: 5 },
  });
  for (let second = 2; second <= 8; second += 1) pace.passed(MIB, second * 1000);
  expect(pace.passed(0, 8000)).toMatchObject({ bytesPerSecond: MIB });
});
