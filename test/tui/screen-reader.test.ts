import { expect, onTestFinished, test } from 'vitest';
import { leavingChoice } from '../../src/tui/leaving.ts';
import type { ReaderOptions } from '../../src/tui/screen-reader.ts';
import { ScreenReader } from '../../src/tui/screen-reader.ts';
import { spokenDuration } from '../../src/tui/spoken-words.ts';
import { DEFAULT_THEME } from '../../src/tui/theme.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { ScriptedDirectory } from './scripted-directory.ts';
import { ScriptedEngine } from './scripted-engine.ts';

const PATIENCE_MS = 10_000;

class Heard {
  readonly lines: string[] = [];
  readonly reader: ScreenReader;
  readonly directory: ScriptedDirectory;
  readonly exported: string[] = [];
  #from = 0;

  constructor(engine: ScriptedEngine, options: Partial<ReaderOptions> = {}) {
    this.directory = new ScriptedDirectory([engine]);
    const { directory } = this;
    this.reader = new ScreenReader(engine, () => performance.now() / 1000, {
      ...{ traits: { depth: 0, ascii: true }, theme: DEFAULT_THEME, readOnly: false, directory },
      leaving: null,
      exportView: async ({ plan }, file) => {
        this.exported.push(`${file} ${plan.columns}x${plan.rows}`);
      },
      print: (line) => this.lines.push(line),
      ...options,
    });
    onTestFinished(() => this.reader.close());
  }

  /** Everything since the last time, up to a line of which `wanted` holds. */
  async until(wanted: RegExp): Promise<string[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const place = this.lines.findIndex((line, at) => at >= this.#from && wanted.test(line));
      if (place >= 0) {
        const since = this.lines.slice(this.#from, place + 1);
        this.#from = place + 1;
        return since;
      }
      if (performance.now() > deadline)
        throw new Error(`never heard ${wanted}:\n${this.lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const RECOVERY = { ...RUNNING.recovery, active: true, totalRegions: 100 };

function recovering(): ScriptedEngine {
  const engine = new ScriptedEngine(100, {
    ...{ health: 'degraded', activity: 'recovering' },
    recovery: { ...RECOVERY, doneRegions: 42, bytesPerSecond: 2 ** 20, etaSeconds: 94 },
    attention: { status: '58 regions are on a.img only', action: 'wait' },
  });
  engine.states.fill(2, 42);
  return engine;
}

test('the mirror is told when it is first seen, and whenever somebody wants to know', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^Watching m0/);
  const told = await heard.until(/^The log/);
  expect(told).toEqual([
    'm0 is degraded and recovering.',
    '58 regions are on a.img only.',
    'What to do: wait.',
    'Recovery is 42 percent done, at 1 MiB a second, 1 minute 34 seconds to go.',
    'Leg 0, /data/a.img, is the primary and alive.',
    'Leg 1, /data/b.img, is alive.',
    expect.stringMatching(/^The log, \/data\/m0\.log, is alive; dirty: \d+ regions?\.$/),
  ]);
  heard.reader.hear('');
  expect(await heard.until(/^The log/)).toEqual(told);
});

test('changes are announced, and numbers that always change are not', async () => {
  const engine = recovering();
  const heard = new Heard(engine);
  await heard.until(/^The log/);
  const { recovery } = engine.status;
  const attention = { status: '57 regions are on a.img only', action: 'wait' };
  engine.status = { ...engine.status, attention, recovery: { ...recovery, doneRegions: 43 } };
  engine.status = { ...engine.status, recovery: { ...recovery, doneRegions: 50 } };
  expect(await heard.until(/^Recovery/)).toEqual([
    'Recovery is 50 percent done, at 1 MiB a second, 1 minute 34 seconds to go.',
  ]);
  const calm = { health: 'ok', activity: 'idle', attention: { status: '', action: '' } } as const;
  engine.status = { ...engine.status, ...calm };
  expect(await heard.until(/^m0 is/)).toEqual(['m0 is well.']);
  engine.isDown = true;
  expect(await heard.until(/^Hint/)).toEqual([
    'The engine of m0 does not answer.',
    'No engine runs for m0.',
    'Hint: start it.',
  ]);
  engine.isDown = false;
  await heard.until(/^The engine of m0 answers again\.$/);
});

test('nothing moves the cursor and nothing is drawn', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^The log/);
  for (const line of ['n', 'a', 'esc', 'go', '@0', 'help', 'pause', 'y']) heard.reader.hear(line);
  await heard.until(/^done: recovery pause/);
  const all = heard.lines.join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that must not be there
  expect(all).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f─-╿▀-▟⠀-⣿]/);
});

test('a region that is gone to is told', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^The log/);
  heard.reader.hear('next');
  expect(await heard.until(/^log bit/)).toContain('region: 42 of 100: not in sync.');
  heard.reader.hear('go');
  await heard.until(/as 4711/);
  heard.reader.hear('7');
  expect(await heard.until(/^log bit/)).toContain('region: 7 of 100: clean.');
});

test('an action is told with its consequences, once, and done when it is confirmed', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^The log/);
  heard.reader.hear('pause');
  const asked = await heard.until(/nothing is changed/);
  expect(asked.filter((line) => line === '$ mirrorctl recovery pause m0')).toHaveLength(1);
  expect(asked).toContain('y: do it   any other key: leave');
  heard.reader.hear('n');
  heard.reader.hear('pause');
  await heard.until(/any other key/);
  heard.reader.hear('y');
  await heard.until(/^done: recovery pause m0\.$/);
  expect(heard.directory.ran).toEqual(['recovery pause m0']);
});

test('a menu is told with numbers, and a number chooses', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^The log/);
  heard.reader.hear('actions');
  const told = await heard.until(/^Type a number, or esc\.$/);
  const number = told.find((line) => line.includes('take b.img out'))?.split(':')[0] ?? '';
  heard.reader.hear(number);
  await heard.until(/^\$ mirrorctl leg fail m0 1$/);
});

test('a picture is that of a screen', async () => {
  const heard = new Heard(recovering());
  await heard.until(/^The log/);
  heard.reader.hear('export view.svg');
  await heard.until(/^written: view\.svg\.$/);
  expect(heard.exported).toEqual(['view.svg 160x48']);
});

test('what is no command is said to be none', async () => {
  const heard = new Heard(recovering());
  heard.reader.hear('xyzzy');
  await heard.until(/^There is no command xyzzy; help lists them\.$/);
});

test('quit leaves; in the process of the engine it asks', async () => {
  const left = new Heard(recovering());
  left.reader.hear('quit');
  await left.reader.ended;
  const host = { deactivate: () => expect.fail('nobody asked for it') };
  const hosted = new Heard(recovering(), { leaving: (leave) => leavingChoice(host, leave) });
  hosted.reader.hear('quit');
  await hosted.until(/^l: leave/);
  hosted.reader.hear('l');
  await hosted.reader.ended;
});

test.each([
  [0, 'no time'],
  [0.2, '1 second'],
  [94, '1 minute 34 seconds'],
  [7200, '2 hours'],
  [3661, '1 hour 1 minute'],
])('%d seconds are %s', (seconds, words) => {
  expect(spokenDuration(seconds)).toBe(words);
});
