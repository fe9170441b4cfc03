/**
 * The README's stories about dirty logs, told to a scratch folder: every `$ mirrorctl …` is run as it
 * stands there, in order, and prints what stands below it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lvmImage } from '../forensics/lvm-fixtures.ts';
import { LogBench } from './log-bench.ts';

const README = fs.readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8');
const SIZE = 64 << 20;
const REGION = 512 << 10;
/** Where the README pretends to be. */
const FOLDER = '/srv';

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.frozen = new Date('2026-11-22T16:00:00Z');
});
afterEach(() => bench.remove());

/** The commands of a story, each with what it prints. */
function storyOf(title: string) {
  const [, chapter = ''] = README.split(`### ${title}\n`);
  const [story = ''] = chapter.split(/^#+ /m);
  const blocks = [...story.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks
    .join('')
    .split(/^\$ mirrorctl /m)
    .slice(1)
    .map((text) => {
      const end = text.indexOf('\n');
      return { words: text.slice(0, end).split(' '), prints: text.slice(end + 1) };
    });
}

async function tell(title: string): Promise<void> {
  const story = storyOf(title);
  expect(story.length).toBeGreaterThan(1);
  for (const { words, prints } of story) {
    const { out, aside } = await bench.run(...words);
    expect((aside + out).replaceAll(bench.folder, FOLDER), words.join(' ')).toBe(prints);
  }
}

test('the power cut', async () => {
  fs.renameSync(bench.kernelLog('dirty-inflight-crash'), bench.at('m0.log'));
  bench.leg('a.img', SIZE, { 77: 1, [5 * REGION]: 2, [17 * REGION]: 2 });
  bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 9, [17 * REGION]: 9 });
  await tell('After a power cut: what will be copied?');
});

test('the wrong leg that came back', async () => {
  fs.renameSync(bench.kernelLog('synced-removed'), bench.at('m0.log'));
  bench.leg('a.img', SIZE, { 77: 1, [40 * REGION + 9]: 3, [41 * REGION]: 3 });
  bench.leg('b.img', SIZE, { 77: 1, [40 * REGION + 9]: 4, [41 * REGION]: 4 });
  for (const name of ['a.img', 'b.img', 'm0.log']) fs.utimesSync(bench.at(name), 1e9, 1e9);
  await tell('The wrong leg came back: can the log be trusted?');
});

test('the lost metadata', async () => {
  for (const [at, disk] of ['vda', 'vdb', 'vdc'].entries()) {
    const image = lvmImage('lvm-dirtycrash', disk);
    image.fill(0, 4096, 4608);
    bench.write(`pv${at + 1}.img`, image);
  }
  await tell('LVM lost its metadata: where is the mirror?');
});
