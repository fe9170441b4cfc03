/** What every command owes, whoever wrote it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { flagsOf } from '../../src/cli/flags.ts';
import { usageOf } from '../../src/cli/help-text.ts';
import { Bench } from './run-command.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const FLAG_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

test('no name or alias means two commands, and a group is no command', () => {
  const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
  const groups = names.filter((name) => name.includes(' ')).map((name) => name.split(' ')[0]);
  expect(groups.filter((group) => names.includes(group ?? ''))).toEqual([]);
});

describe.each(COMMANDS)('$name', (entry) => {
  const words = entry.name.split(' ');

  test('is described so that help can be written from it', async () => {
    const { command } = await entry.load();
    expect(entry.name).toMatch(/^[a-z]+( [a-z]+)?$/);
    expect(entry.summary).toMatch(/^[A-Z].*[^.]$/);
    for (const [name, flag] of Object.entries(flagsOf(command))) {
      expect(name).toMatch(FLAG_NAME);
      expect(flag.help, name).toMatch(/[^.\s]$/);
    }
    for (const arg of command.args) {
      expect(arg.name).toMatch(/^[A-Z]+$/);
      expect(arg.help).not.toBe('');
      expect(arg.min).toBeLessThanOrEqual(arg.max);
    }
    for (const note of command.notes) expect(note).toMatch(/[.:?]$/);
  });

  test('helps, naming all that it takes', async () => {
    const { command } = await entry.load();
    const { code, out, aside } = await new Bench().run(...words, '--help');
    expect({ code, aside }).toEqual({ code: 0, aside: '' });
    expect(out).toContain(`Usage: ${usageOf(entry, command)}`.slice(0, 60));
    for (const name of Object.keys(flagsOf(command))) expect(out).toContain(`--${name}`);
    for (const { name } of command.args) expect(out).toContain(name);
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  });

  test('refuses a flag that it does not know, in words and as JSON', async () => {
    const { code, out, aside } = await new Bench().run(...words, '--bogus');
    expect({ code, out }).toEqual({ code: 64, out: '' });
    expect(aside).toMatch(/^mirrorctl: unknown option --bogus \[USAGE\]; .+\n$/);
    const asJson = await new Bench().json(...words, '--bogus');
    expect(asJson.code).toBe(64);
    expect(asJson.document).toEqual({
      error: { code: 'USAGE', message: 'unknown option --bogus', hint: expect.any(String) },
    });
  });

  test('has -n exactly if it changes something, and --yes if it can lose data', async () => {
    const { command } = await entry.load();
    const flags = flagsOf(command);
    expect('dry-run' in flags).toBe(command.changes);
    expect('yes' in flags).toBe(command.losesData === true);
    if (command.losesData) expect(command.changes).toBe(true);
  });

  test('gives examples that it understands', async () => {
    const { command } = await entry.load();
    const flags = Object.entries(flagsOf(command)).flatMap(([name, { short }]) => [
      `--${name}`,
      `-${short}`,
    ]);
    for (const example of command.examples) {
      const [first] = example.words.split(/ (?:\||>|&&|\|\|) /);
      expect(first).toMatch(new RegExp(`mirrorctl .*\\b${words.join(' ')}\\b|mirrorctl$`));
      const used = first?.match(/ --?[a-z][a-z-]*/g) ?? [];
      for (const flag of used) expect(flags, example.words).toContain(flag.trim());
      expect(example.does).toMatch(/[^.]$/);
    }
  });

  test('says which word is missing', async () => {
    const { command } = await entry.load();
    const least = command.args.flatMap(({ name, min }) => Array(min).fill(name) as string[]);
    for (const [given, name] of least.entries()) {
      const { code, aside } = await new Bench().run(...words, ...Array(given).fill('x'));
      expect({ code, aside }).toEqual({
        code: 64,
        aside: expect.stringContaining(
          `${entry.name}: ${name} is missing [USAGE]; usage: mirrorctl`,
        ),
      });
    }
  });

  test('refuses words that it has no use for', async () => {
    const { command } = await entry.load();
    const most = command.args.reduce((sum, { max }) => sum + max, 0);
    if (most === Infinity) {
      expect(command.args.filter(({ max }) => max === Infinity)).toHaveLength(1);
      return;
    }
    const { code, aside } = await new Bench().run(...words, ...Array(most).fill('x'), 'surplus');
    expect({ code, aside }).toEqual({
      code: 64,
      aside: expect.stringContaining('surplus is one word too many'),
    });
  });

  test('creates nothing by being asked for help or wrongly', async () => {
    const bench = new Bench();
    await bench.run(...words, '--help');
    await bench.run(...words, '--bogus');
    expect(existsSync(bench.places.stateDir)).toBe(false);
  });
});

test('metadata of all commands is there without the heavy packages', async () => {
  const table = path.resolve(import.meta.dirname, '../../src/cli/command-table.ts');
  const program = `
    import { registerHooks } from 'node:module';
    const heavy = [];
    registerHooks({ load(url, context, next) {
      if (/node_modules\\/(?!meow)/.test(url)) heavy.push(url);
      return next(url, context);
    } });
    const { COMMANDS } = await import(${JSON.stringify(table)});
    for (const { load } of COMMANDS) await load();
    console.log(JSON.stringify(heavy));`;
  const { stdout } = await execa(process.execPath, ['--input-type=module', '-e', program]);
  expect(JSON.parse(stdout)).toEqual([]);
});
