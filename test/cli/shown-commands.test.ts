/**
 * Whatever the README and the help show as a command is one: its name, its flags, their values and the
 * number of its words. The chapters that show output are run, too: forensic-stories.test.ts for those
 * about logs, the first one here.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { findCommand } from '../../src/cli/find-command.ts';
import { flagsOf } from '../../src/cli/flags.ts';
import { usageOf } from '../../src/cli/help-text.ts';
import { checkWords } from '../../src/cli/main.ts';
import { parseWords } from '../../src/cli/parse-words.ts';
import { scratchDirectory } from '../scratch-directory.ts';

vi.setConfig({ testTimeout: 60_000 });

const ROOT = path.resolve(import.meta.dirname, '../..');
const README = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The words of one command, as a shell takes them apart: quotes, comments, and what joins commands. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  const token =
    /\s*(?:(#.*$)|([|&;<>()]+|\d>.*)|((?:'[^']*'|"(?:\\.|[^"])*"|\\.|[^\s'"|&;<>()])+))/gy;
  for (const [, comment, joint, word] of line.matchAll(token)) {
    if (comment !== undefined || joint !== undefined) break;
    words.push((word ?? '').replaceAll(/'([^']*)'|"((?:\\.|[^"])*)"/g, '$1$2'));
  }
  return words;
}

const shown = README.match(/^\$ mirrorctl .*$/gm)?.map((line) => line.slice(2)) ?? [];
const examples = await Promise.all(
  COMMANDS.map(async ({ load }) => (await load()).command.examples.map(({ words }) => words)),
);

test('a shell takes these lines apart as we do', async () => {
  for (const line of [`a 'b c' "d e" --f=g # h`, `a b | c`, 'a b >c', `a --t 'x y'`]) {
    const [command = ''] = line.split(/ [|>#]/);
    const { stdout } = await execa('sh', ['-c', `printf '%s\\n' ${command}`]);
    expect(shellWords(line)).toEqual(stdout.split('\n'));
  }
});

test.each([...new Set([...shown, ...examples.flat()])])('%s', async (line) => {
  const [program, ...words] = shellWords(line.slice(line.indexOf('mirrorctl')));
  expect(program).toBe('mirrorctl');
  const found = findCommand(words, COMMANDS);
  if (found.kind === 'nothing') return;
  expect(found.kind).toBe('command');
  if (found.kind !== 'command') return;
  const { command } = await found.entry.load();
  const { input } = parseWords(found.rest, flagsOf(command));
  checkWords(found.entry, command.args, input, usageOf(found.entry, command));
});

/** Where the README pretends to be, and a run of blanks, whose length follows from real paths. */
function asInReadme(text: string, folder: string): string[] {
  return text
    .replaceAll(`${folder}/state/run`, '/run/user/1000/mirrorctl')
    .replaceAll(`${folder}/state`, '/home/me/.local/state/mirrorctl')
    .replaceAll(folder, '/srv')
    .replaceAll(/process \d+/g, 'process 4711')
    .replaceAll(/\d+ clean$/gm, '8192 clean')
    .split('\n')
    .map((line) => line.trim().replaceAll(/ +/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('m0: recovering: '));
}

test('the first mirror is made and used as the README says', async () => {
  const [, chapter = ''] = README.split('## Make a mirror and use it\n');
  const [, block = ''] = /^```\n([\s\S]*?)^```$/m.exec(chapter) ?? [];
  const steps = block.split(/^\$ /m).slice(1);
  expect(steps).toHaveLength(5);
  const folder = scratchDirectory();
  const options = {
    ...{ cwd: folder, reject: false, all: true },
    env: { MIRRORCTL_STATE_DIR: path.join(folder, 'state') },
  } as const;
  const mirrorctl = (words: readonly string[]) =>
    execa(path.join(ROOT, 'bin/mirrorctl'), words, options);
  onTestFinished(async () => void (await mirrorctl(['deactivate', 'm0'])));
  for (const step of steps) {
    const end = step.indexOf('\n');
    const [, ...words] = shellWords(step.slice(0, end));
    const { all, exitCode } = await mirrorctl(words);
    expect(asInReadme(all ?? '', folder), step).toEqual(asInReadme(step.slice(end), folder));
    expect(exitCode).toBe(0);
  }
});
