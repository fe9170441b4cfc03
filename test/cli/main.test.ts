import { expect, test } from 'vitest';
import type { Command, CommandEntry } from '../../src/cli/command.ts';
import { OutputClosed } from '../../src/cli/outside.ts';
import { invariant } from '../../src/errors/invariant.ts';
import type { ExitCode } from '../../src/errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../src/errors/mirror-error.ts';
import { Bench } from './run-command.ts';

/** Commands that say what they were given. */
function commandNamed(name: string, more: Partial<Command> = {}, aliases: string[] = []) {
  const command: Command = {
    args: [{ name: 'NAME', help: 'a name', min: 1, max: 2, completes: 'mirror' }],
    flags: {
      deep: { value: 'none', help: 'go deep' },
      thorough: { value: 'none', help: 'leave nothing out' },
    },
    changes: false,
    examples: [],
    notes: [],
    async run(outside, input, flags): Promise<ExitCode> {
      const given = {
        name,
        words: input.all('NAME'),
        json: flags.has('json'),
        deep: flags.has('deep'),
      };
      outside.print(JSON.stringify({ ...given, stateDir: flags.value('state-dir') }));
      return EXIT.ok;
    },
    ...more,
  };
  const entry: CommandEntry = {
    ...{ name, aliases, summary: `Do ${name}` },
    load: async () => ({ command }),
  };
  return entry;
}

function failing(name: string, error: unknown): CommandEntry {
  return commandNamed(name, {
    args: [],
    run: async () => {
      throw error;
    },
  });
}

const HINTED = new MirrorError('LEG_LOCKED', 'leg a.img is in use', {}, 'stop whatever uses it');

const TABLE: readonly CommandEntry[] = [
  commandNamed('look', {}, ['see']),
  {
    ...commandNamed('overview', {
      args: [],
      run: async (outside) => {
        outside.print('overview');
        return EXIT.ok;
      },
    }),
    hidden: true,
  },
  commandNamed('log dump'),
  commandNamed('log verify'),
  commandNamed('pick', {
    args: [
      { name: 'SHELL', help: '', min: 1, max: 1, choices: ['bash', 'zsh'], completes: 'nothing' },
    ],
    run: async () => EXIT.findings,
  }),
  failing('fail', HINTED),
  failing('fail-bare', new MirrorError('LEG_NOT_FOUND', 'no leg\u001b[2J x\n')),
  failing('break', new TypeError('x is not a function')),
  failing('close', new OutputClosed('')),
];

const run = (...words: string[]) => new Bench().runIn(TABLE, ...words);

test('a command is found by its name, by an alias, and by two words', async () => {
  for (const words of [
    ['look', 'x'],
    ['see', 'x'],
  ]) {
    expect(JSON.parse((await run(...words)).out)).toMatchObject({ name: 'look', words: ['x'] });
  }
  expect(JSON.parse((await run('log', 'verify', 'x')).out)).toMatchObject({ name: 'log verify' });
});

test('flags that every command knows may stand anywhere', async () => {
  const orders = [
    ['--state-dir', 'look', '--json', 'log', 'dump', 'x'],
    ['log', '--json', '--state-dir=look', 'dump', 'x'],
    ['log', 'dump', 'x', '--state-dir', 'look', '--json'],
  ];
  for (const words of orders) {
    const { out } = await run(...words);
    expect(JSON.parse(out), words.join(' ')).toMatchObject({
      ...{ name: 'log dump', words: ['x'], json: true, stateDir: 'look' },
    });
  }
});

test('a flag of a command must come after its name', async () => {
  const { code, aside } = await run('--thorough', 'look', 'x');
  expect({ code, aside }).toEqual({
    code: 64,
    aside: 'mirrorctl: unknown option --thorough [USAGE]; see --help for those there are\n',
  });
});

test.each([
  [['lok'], 'unknown command lok [USAGE]; did you mean mirrorctl look?'],
  [['sea', 'x'], 'unknown command sea [USAGE]; did you mean mirrorctl see?'],
  [['explode'], 'unknown command explode [USAGE]; mirrorctl --help lists the commands'],
  [['log'], 'log needs one more word [USAGE]; one of: log dump, log verify'],
  [['log', 'dmp'], 'unknown command log dmp [USAGE]; did you mean mirrorctl log dump?'],
  [['overveiw'], 'unknown command overveiw [USAGE]; mirrorctl --help lists the commands'],
  [['look'], 'look: NAME is missing [USAGE]; usage: mirrorctl look NAME [NAME]'],
  [
    ['look', 'a', 'b', 'c'],
    'look: c is one word too many [USAGE]; usage: mirrorctl look NAME [NAME]',
  ],
  [['look', ''], 'look: a word is empty [USAGE]; usage: mirrorctl look NAME [NAME]'],
  [['look', 'x', '--depe'], 'unknown option --depe [USAGE]; did you mean --deep?'],
  [
    ['pick', 'tcsh'],
    'pick: SHELL cannot be tcsh; it is one of bash, zsh [USAGE]; usage: mirrorctl pick bash|zsh',
  ],
])('%j is a usage error that says what to do', async (words, line) => {
  const { code, out, aside } = await run(...words);
  expect({ code, out, aside }).toEqual({ code: 64, out: '', aside: `mirrorctl: ${line}\n` });
});

test('without a command there is the overview', async () => {
  expect(await run()).toEqual({ code: 0, out: 'overview', aside: '' });
  expect(await run('--json')).toEqual({ code: 0, out: 'overview', aside: '' });
});

test('after -- there is no command, so what stands there is too much', async () => {
  expect((await run('--')).out).toBe('overview');
  expect(await run('--', 'look')).toMatchObject({
    code: 64,
    aside: expect.stringContaining('look is one word too many'),
  });
});

test('help is the answer wherever it is asked for, before anything else is checked', async () => {
  const { code, out } = await run('look', '--help');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^Usage: mirrorctl look NAME \[NAME\] \[options\]\n\nDo look\.\nAlso called: see\.\n/,
  );
  expect((await run('--help', 'look')).out).toBe(out);
  expect((await run('-h', 'look', 'a', 'b', 'c')).out).toBe(out);
  expect((await run('--help')).out).toMatch(/ {2}look +Do look\n/);
  expect((await run('--help')).out).not.toContain('overview');
  expect((await run('log', '--help')).out).toMatch(/ {2}log dump +Do log dump\n/);
  expect((await run('log', '--help')).out).not.toContain('Do look');
});

test('help fits the terminal, within reason', async () => {
  const long = commandNamed('long', { notes: [`${'word '.repeat(60)}end.`] });
  const widest = async (columns: number) => {
    const bench = new Bench();
    bench.columns = columns;
    const { out } = await bench.runIn([long], 'long', '--help');
    return Math.max(...out.split('\n').map((line) => line.length));
  };
  expect(await widest(70)).toBeLessThanOrEqual(70);
  expect(await widest(70)).toBeGreaterThan(60);
  expect(await widest(400)).toBeLessThanOrEqual(100);
  expect(await widest(400)).toBeGreaterThan(90);
  const bench = new Bench();
  bench.columns = 5;
  expect((await bench.runIn([long], 'long', '--help')).out).toContain('word word word word word');
});

test('help and version are JSON if asked', async () => {
  const listed = JSON.parse((await run('--help', '--json')).out);
  expect(listed.commands).toContainEqual({ name: 'look', aliases: ['see'], summary: 'Do look' });
  const one = JSON.parse((await run('look', '--help', '--json')).out);
  expect(one).toMatchObject({ name: 'look', usage: 'mirrorctl look NAME [NAME]' });
  expect(Object.keys(one.flags)).toContain('deep');
  expect(JSON.parse((await run('--version', '--json')).out)).toHaveProperty('version');
});

test('the version is told with and without a command', async () => {
  expect((await run('--version')).out).toMatch(/^mirrorctl \d+\.\d+\.\d+\n$/);
  expect((await run('look', '--version')).out).toMatch(/^mirrorctl /);
});

test('an exit code is passed on', async () => {
  expect((await run('pick', 'zsh')).code).toBe(1);
});

test('an expected failure is one line with its next step', async () => {
  expect(await run('fail')).toEqual({
    code: 75,
    out: '',
    aside: 'mirrorctl: leg a.img is in use [LEG_LOCKED]; stop whatever uses it\n',
  });
});

test('control characters of a name do not reach the terminal', async () => {
  expect(await run('fail-bare')).toEqual({
    code: 66,
    out: '',
    aside: 'mirrorctl: no leg\\x1b[2J x\\n [LEG_NOT_FOUND]\n',
  });
});

test('with --json a failure is one document on stdout', async () => {
  const { code, out, aside } = await run('fail', '--json');
  expect({ code, aside }).toEqual({ code: 75, aside: '' });
  expect(JSON.parse(out)).toEqual({
    error: { code: 'LEG_LOCKED', message: 'leg a.img is in use', hint: 'stop whatever uses it' },
  });
});

test('with --json even what cannot be parsed is a document', async () => {
  const { code, out } = await run('look', '--json', '--bogus');
  expect(code).toBe(64);
  expect(JSON.parse(out).error.code).toBe('USAGE');
  expect((await run('look', '--bogus', '--', '--json')).out).toBe('');
});

test('what nobody expected is a bug, with its stack', async () => {
  const { code, out, aside } = await run('break');
  expect({ code, out }).toEqual({ code: 70, out: '' });
  expect(aside).toMatch(
    /^mirrorctl: this is a bug in mirrorctl: x is not a function \[BUG\]; please report it/,
  );
  expect(aside).toMatch(/\n {4}at .*main\.test\.ts/);
  const asJson = await run('break', '--json');
  expect(JSON.parse(asJson.out).error).toMatchObject({
    code: 'BUG',
    message: 'x is not a function',
  });
});

test('output that nobody reads is no failure', async () => {
  expect(await run('close')).toEqual({ code: 0, out: '', aside: '' });
});

test('a broken invariant is a bug, too', async () => {
  const broken = commandNamed('broken', {
    args: [],
    run: async () => {
      invariant(false, 'two is one');
      return EXIT.ok;
    },
  });
  expect(await new Bench().runIn([broken], 'broken')).toMatchObject({
    code: 70,
    aside: expect.stringContaining('two is one'),
  });
});
