/** Help, manual and README are written from one table; here it shows when one of them was not. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { flagsOf } from '../../src/cli/flags.ts';
import { usageOf } from '../../src/cli/help-text.ts';
import { writeManual } from '../../src/cli/manual.ts';
import { withCommandSection } from '../../src/cli/readme-section.ts';
import { readVersion } from '../../src/cli/version.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const ROOT = path.resolve(import.meta.dirname, '../..');
const manual = readFileSync(path.join(ROOT, 'man/mirrorctl.1'), 'utf8');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test('the manual is what the table says (else: npm run docs)', async () => {
  expect(manual).toBe(await writeManual(COMMANDS, readVersion()));
});

test('the README lists what the table says (else: npm run docs)', async () => {
  expect(readme).toBe(await withCommandSection(readme, COMMANDS));
});

test('every command and every flag of it is in the manual', async () => {
  for (const entry of COMMANDS.filter(({ hidden }) => hidden !== true)) {
    const { command } = await entry.load();
    const usage = usageOf(entry, command).replaceAll('-', '\\-');
    expect(manual).toContain(`.SS ${usage}\n`);
    for (const flag of Object.keys(flagsOf(command))) {
      expect(manual).toContain(`\\-\\-${flag.replaceAll('-', '\\-')}`);
    }
  }
});

test('a text that roff would take for a request or an escape is shown as it is', async () => {
  const [entry] = COMMANDS;
  if (entry === undefined) throw new Error('there are no commands');
  const { command } = await entry.load();
  const odd = { ...command, notes: ['.TH is a request', "'br too", 'a blank is \\040, --a-b'] };
  const load = async () => ({ command: odd });
  const page = await writeManual([{ ...entry, hidden: false, load }], '0');
  expect(page).toContain('\n\\&.TH is a request\n');
  expect(page).toContain("\n\\&'br too\n");
  expect(page).toContain('\na blank is \\e040, \\-\\-a\\-b\n');
});

test('a README without its markers is a mistake', async () => {
  await expect(withCommandSection('# x', COMMANDS)).rejects.toThrow('no <!-- commands -->');
  await expect(withCommandSection('<!-- commands -->', COMMANDS)).rejects.toThrow('after it');
});

test('man finds nothing to complain about', async ({ skip }) => {
  const { exitCode } = await execa('sh', ['-c', 'command -v groff'], { reject: false });
  if (exitCode !== 0) skip('groff is not installed');
  const { stderr, stdout } = await execa(
    'groff',
    ['-ww', '-man', '-Kutf8', '-Tutf8', '-P-cbou', 'man/mirrorctl.1'],
    {
      cwd: ROOT,
    },
  );
  expect(stderr).toBe('');
  expect(stdout).toContain('mirrorctl recovery throttle NAME [PERCENT|RATE]');
});
