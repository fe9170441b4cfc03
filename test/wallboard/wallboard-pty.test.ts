/** The built wallboard on a real pseudo-terminal, watching a real engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crash, withDefect } from '../terminal/planted-defect.ts';
import type { PtyOptions } from '../terminal/pty-screen.ts';
import { PtyScreen } from '../terminal/pty-screen.ts';

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const PATIENCE_MS = 60_000;
let directory = '';
const screens: PtyScreen[] = [];

const stateWords = () => ['--state-dir', path.join(directory, 'state')];
const mirrorctl = (...words: string[]) => execa(MIRRORCTL, [...words, ...stateWords()]);

function open(columns: number, rows: number, env: PtyOptions['env'] = {}): PtyScreen {
  const screen = new PtyScreen(MIRRORCTL, ['top', 'm', ...stateWords()], { columns, rows, env });
  screens.push(screen);
  return screen;
}

beforeAll(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'mirrorctl-top-'));
  const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  await mirrorctl('create', 'm', ...legs, '--size', '8M', '--region-size', '4k', '--nosync');
  await mirrorctl('activate', 'm', '--detach');
}, PATIENCE_MS);

afterAll(async () => {
  for (const screen of screens) screen.kill();
  await mirrorctl('deactivate', 'm');
  rmSync(directory, { recursive: true });
}, PATIENCE_MS);

const WHOLE =
  /Throughput[\s\S]*latency[\s\S]*In sync[\s\S]*Regions[\s\S]*█ clean 2,048[\s\S]*Legs[\s\S]*Events[\s\S]*queue[\s\S]*m {2}OK/;

test.each([
  [80, 24],
  [160, 48],
])(
  'at %d by %d everything has its place, and q gives the terminal back',
  {
    timeout: PATIENCE_MS,
  },
  async (columns, rows) => {
    const screen = open(columns, rows);
    const text = await screen.until(WHOLE);
    for (const leg of ['a.img', 'b.img']) expect(text).toContain(leg);
    screen.send('q');
    expect(await screen.exited).toMatchObject({ exitCode: 0 });
    await screen.text();
    expect(screen.isAlternate).toBe(false);
  },
);

test('it follows a resize, and says when there is too little room', {
  timeout: PATIENCE_MS,
}, async () => {
  const screen = open(160, 48);
  await screen.until(WHOLE);
  screen.resize(50, 15);
  await screen.until(/This terminal is 50×15; the wallboard needs 60×20/);
  screen.resize(100, 30);
  await screen.until(WHOLE);
});

test('with NO_COLOR no colour is written', { timeout: PATIENCE_MS }, async () => {
  const screen = open(80, 24, { NO_COLOR: '1' });
  await screen.until(WHOLE);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
  const sequences = [...screen.output.matchAll(/\x1b\[([\d;]*)m/g)].map(([, words]) => words);
  expect(sequences.filter((words) => /(^|;)(3\d|4\d|9\d|10\d)(;|$)/.test(words ?? ''))).toEqual([]);
});

test('a defect is said after the terminal has been given back', {
  timeout: PATIENCE_MS,
}, async () => {
  const screen = open(80, 24, withDefect(directory));
  await screen.until(WHOLE);
  const { exitCode, text } = await crash(screen);
  expect(exitCode).toBe(70);
  expect(text).toMatch(/this is a bug in mirrorctl: planted \[BUG\]/);
  expect(screen.isAlternate).toBe(false);
});
