/**
 * `mirrorctl tui --export`: pictures without a terminal, of logs, recordings and mirrors. In a process of
 * its own each, because ink and React settle their ways when they are loaded.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ScriptedEngine } from '../tui/scripted-engine.ts';
import { recordingOf } from '../watch/recording-of.ts';
import { Bench } from './run-command.ts';

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const MIB = 1024 * 1024;

async function tui(bench: Bench, ...words: string[]) {
  const { exitCode, stdout, stderr } = await execa(MIRRORCTL, ['tui', ...words], {
    ...{ reject: false, cwd: bench.directory },
    env: { MIRRORCTL_STATE_DIR: bench.places.stateDir, NO_COLOR: '' },
  });
  return { code: exitCode, out: stdout, aside: stderr };
}

async function benchWithMirror(): Promise<Bench> {
  const bench = new Bench();
  bench.file('a.img', 8 * MIB);
  bench.file('b.img', 8 * MIB);
  const words = ['m0', 'a.img', 'b.img', '--region-size', '4k'];
  expect((await bench.run('create', ...words)).code).toBe(0);
  return bench;
}

const picture = (bench: Bench, name: string) => readFileSync(bench.at(name), 'utf8');

test('of a log: its regions, as a text', async () => {
  const bench = await benchWithMirror();
  const words = [
    '--log',
    'state/m0.log',
    '--region-size',
    '4k',
    '--size',
    '8m',
    '--export',
    'log.txt',
  ];
  expect(await tui(bench, ...words)).toEqual({
    code: 0,
    out: 'written: log.txt',
    aside: '',
  });
  const text = picture(bench, 'log.txt');
  expect(text.split('\n')).toHaveLength(49);
  expect(text).toMatch(/not in sync 2,048 /);
  expect(text).toContain('×'.repeat(160));
});

test('of a mirror whose engine does not run: what its files say, in colours', async () => {
  const bench = await benchWithMirror();
  const words = ['--export', 'm0.svg', '--screen-size', '100x30', '--json'];
  const { code, out } = await tui(bench, 'm0', ...words);
  expect([code, JSON.parse(out)]).toEqual([0, { written: 'm0.svg' }]);
  const svg = picture(bench, 'm0.svg');
  expect(svg).toMatch(/^<svg [^>]*width="864" height="586"/);
  expect(svg).toMatch(/>mirrorctl tui m0</);
  expect(svg).toMatch(/DEGRADED/);
  expect(svg).toMatch(/a\.img/);
});

test('of an engine: as it is after a moment of looking', async () => {
  const bench = await benchWithMirror();
  const engine = new ScriptedEngine(100, { health: 'degraded', inSyncRegions: 97 });
  engine.states.fill(2, 3, 6);
  await bench.engine('m0', (request) => engine.ask(request));
  expect((await tui(bench, 'm0', '--export', 'live.txt', '--ascii')).code).toBe(0);
  const text = picture(bench, 'live.txt');
  expect(text).toMatch(/not in sync 3 /);
  expect(text).not.toMatch(/[─-╿⠀-⣿×»]/);
});

test('of a recording: any moment of it, by default the last', async () => {
  const bench = new Bench();
  const lines = await recordingOf(10, new ScriptedEngine(100));
  writeFileSync(bench.at('m0.rec'), lines.join(''));
  const replay = ['--replay', 'm0.rec', '--export'];
  expect((await tui(bench, ...replay, 'end.txt')).code).toBe(0);
  expect(picture(bench, 'end.txt')).toMatch(/not in sync 11 /);
  expect((await tui(bench, ...replay, 'middle.txt', '--at', '4.5')).code).toBe(0);
  expect(picture(bench, 'middle.txt')).toMatch(/not in sync 5 /);
  expect(await tui(bench, ...replay, 'never.txt', '--at', '11')).toMatchObject({
    code: 64,
    aside: expect.stringContaining('--at cannot be 11 [USAGE]; the recording lasts 10 s'),
  });
});

test.each([
  [['m0', '--export', 'm0.gif'], 64, 'm0.gif can be no picture [USAGE]; end its name in .svg'],
  [['m0', '--export', 'a.img'], 64, 'a.img can be no picture'],
  [['m0', '--export', 'there.svg'], 73, 'there.svg exists [CANNOT_CREATE]; name a new file'],
  [['m0', '--export', 'x.svg', '--screen-size', '20x5'], 64, '--screen-size cannot be 20x5'],
  [['m0', '--export', 'x.svg', '--at', '3'], 64, '--at is about recordings'],
  [['m0', '--screen-size', '80x24'], 64, '--screen-size is about pictures'],
  [['gone', '--export', 'x.svg'], 66, 'no mirror gone'],
])('%j is refused, and nothing is written', async (words, code, message) => {
  const bench = await benchWithMirror();
  writeFileSync(bench.at('there.svg'), 'mine');
  const before = readdirSync(bench.directory);
  const ran = await tui(bench, ...words);
  expect([ran.code, ran.aside]).toEqual([code, expect.stringContaining(message)]);
  expect(readdirSync(bench.directory)).toEqual(before);
  expect(picture(bench, 'there.svg')).toBe('mine');
});
