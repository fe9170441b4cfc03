import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import type { ListedMirror } from '../../src/tui/state-directory.ts';
import { DashboardOnScreen } from './dashboard-on-screen.tsx';
import { ScriptedDirectory } from './scripted-directory.ts';
import { ScriptedEngine } from './scripted-engine.ts';

const CHOSEN = true;

function degraded(): Partial<MirrorStatus> {
  const { legs } = new ScriptedEngine(1).status;
  const [first, second] = legs;
  assert.ok(first && second);
  return { health: 'degraded', legs: [first, { ...second, state: 'out', letter: 'D' }] };
}

function opened(engine: ScriptedEngine, directory = new ScriptedDirectory([engine])) {
  return { directory, shown: new DashboardOnScreen(engine, 100, 30, { directory }) };
}

test('the menu offers what fits the mirror, with the command it is', async () => {
  const { shown } = opened(new ScriptedEngine(100, degraded()));
  await shown.until(/DEGRADED/);
  shown.press('a');
  const lines = (await shown.until(/Actions/)).join('\n');
  expect(lines).toMatch(/let b\.img in again +mirrorctl leg clear m0 1/);
  expect(lines).toMatch(/take a\.img out +mirrorctl leg fail m0 0/);
  expect(lines).not.toMatch(/take b\.img out|leg replace|remove/);
});

test('a leg that is taken back says how much is copied to it, and the map who lacks what', async () => {
  const engine = new ScriptedEngine(100, degraded());
  engine.states.fill(2, 10, 30);
  engine.missing.fill(2, 10, 30);
  const { shown, directory } = opened(engine);
  await shown.until(/leg out 20/);
  shown.press('v');
  await shown.until(/1 b\.img lacks 20[\s\S]*11/);
  shown.press('aj');
  await shown.until(/take a\.img/);
  shown.press('k\r');
  await shown.until(/20 regions \(10 MiB\) that it lacks are copied to it/);
  shown.press('y');
  await shown.until(/done: leg clear m0 1/);
  expect(directory.ran).toEqual(['leg clear m0 1']);
});

test('a repair says what becomes of what, and takes the name of the mirror', async () => {
  const engine = new ScriptedEngine(100, { health: 'degraded', mismatchedRegions: 3 });
  engine.differing.fill(1, 40, 43);
  const { shown, directory } = opened(engine);
  directory.known.add('check');
  await shown.until(/# different 3/);
  shown.press('n');
  await shown.until(/ 40 different /);
  shown.press('aj');
  await shown.until(/repair from b\.img +mirrorctl check m0 --repair --from 1/);
  shown.press('\r');
  await shown.until(/3 regions \(1\.5 MiB\) become what they are on b\.img/);
  shown.press('y\r');
  await shown.until(/to do it: y_/);
  shown.press('\x7fm0\r');
  await shown.until(/done: check m0 --repair --from 1 --no-wait/);
  expect(directory.ran).toEqual(['check m0 --repair --from 1 --no-wait']);
});

test('the region under the cursor is explained as why does it, in full on a large panel', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  directory.known.add('why');
  const because = `because:  ${'the log says so, '.repeat(8)}and that is all`;
  const lines = ['region 7 of m0', '  state:    clean', `  ${because}`, '  next:     nothing'];
  directory.ends.set('why m0 7', { isDone: true, lines });
  await shown.until(/OK/);
  shown.press('\t\t\t\tg7\r');
  await shown.until(/state: {4}clean[\s\S]*because: {2}the log says so/);
  shown.press('\r');
  await shown.until(/state: {4}clean[\s\S]*and that is all[\s\S]*next: {5}nothing/);
  shown.press('g8\r');
  const other = await shown.until(/ 8 clean [\s\S]*8 of 100: clean/);
  expect(other.join('\n')).not.toContain('because');
});

test('what the command itself would refuse cannot be confirmed', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  const refusal = 'mirrorctl: a.img is the only one with everything [LEG_NEEDED]';
  directory.ends.set('--dry-run', { isDone: false, lines: [refusal] });
  await shown.until(/OK/);
  shown.press('p');
  await shown.until(/LEG_NEEDED/);
  shown.press('y');
  await shown.until(/^(?![\s\S]*LEG_NEEDED)/);
  expect(directory.ran).toEqual([]);
});

test('what a command asks is asked on the screen', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  directory.question = 'b.img has data that is lost. Go on?';
  await shown.until(/OK/);
  shown.press('p');
  await shown.until(/nothing is changed/);
  shown.press('y');
  await shown.until(/b\.img has data that is lost/);
  shown.press('n');
  await shown.until(/not confirmed/);
  expect(directory.ran).toEqual([]);
});

test('a failure is said as the command says it', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  await shown.until(/OK/);
  shown.press('p');
  await shown.until(/nothing is changed/);
  directory.ends.set('recovery pause', { isDone: false, lines: ['mirrorctl: no answer [X]'] });
  shown.press('y');
  expect((await shown.until(/no answer \[X\]/))[1]).toMatch(/^ no answer \[X\] *$/);
});

test('creating a mirror goes on with its activation, and then watches it', async () => {
  const engine = new ScriptedEngine(100);
  const fresh = new ScriptedEngine(7, {}, 'm1');
  const { shown, directory } = opened(engine, new ScriptedDirectory([engine, fresh]));
  await shown.until(/OK/);
  shown.press(':');
  await shown.until(/Command/);
  shown.press('\x1b');
  await shown.until(/^(?![\s\S]*Command)/);
  shown.press('M');
  await shown.until(/c: create/);
  shown.press('cm1\r');
  await shown.until(/legs: _/);
  shown.press('x.img y.img\r1G\r');
  await shown.until(/\$ mirrorctl create m1 x\.img y\.img --size 1G/);
  shown.press('y');
  await shown.until(/\$ mirrorctl activate m1 --detach/);
  shown.press('y');
  await shown.until(/mirrorctl +m1 [\s\S]*all 7 regions/);
  expect(directory.ran).toEqual(['create m1 x.img y.img --size 1G', 'activate m1 --detach']);
});

function listed(name: string, status: Partial<MirrorStatus> = {}): ListedMirror {
  return { name, status: { ...new ScriptedEngine(100, status).status, name } };
}

test('with several mirrors the list comes first, and enter watches the chosen one', async () => {
  const engines = [new ScriptedEngine(100), new ScriptedEngine(55, {}, 'm1')];
  const mirrors = [
    listed('m0'),
    listed('m1', { health: 'degraded', attention: { status: 'b.img is out', action: '' } }),
    listed('old', { active: false, health: 'unknown' }),
    { name: 'odd', fault: { message: 'its definition is no JSON' } },
  ];
  const directory = new ScriptedDirectory(engines, mirrors);
  const [first] = engines;
  assert.ok(first);
  const shown = new DashboardOnScreen(first, 80, 24, { directory, choosing: CHOSEN });
  const lines = (await shown.until(/Mirrors[\s\S]*NAME[\s\S]*odd/)).join('\n');
  expect(lines).toMatch(/m1 +DEGRADED[\s\S]*old +UNKNOWN +not active[\s\S]*odd +INVALID/);
  shown.press('!');
  expect((await shown.until(/!: all/)).join('\n')).not.toMatch(/[|] m0|not active/);
  shown.press('\r');
  await shown.until(/mirrorctl +m1 [\s\S]*all 55 regions/);
});

test('the slider runs one command for all its steps', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  await shown.until(/OK/);
  shown.press('\t\t');
  await shown.until(/limit -{9}O no limit/);
  shown.press('<<<');
  await shown.until(/limit -{6}O-{3} 70 % of the time/);
  await shown.until(/done: recovery throttle m0 70%/);
  expect(directory.ran).toEqual(['recovery throttle m0 70%']);
});

test('the slider follows the mouse', async () => {
  const engine = new ScriptedEngine(100);
  const { shown, directory } = opened(engine);
  await shown.until(/OK/);
  shown.press('\t\t');
  const lines = await shown.until(/limit -{9}O/);
  const row = lines.findIndex((line) => line.includes('limit ---'));
  const column = (lines[row]?.indexOf('limit ') ?? 0) + 'limit '.length;
  shown.press(`\x1b[<0;${column + 1 + 4};${row + 1}M`);
  await shown.until(/done: recovery throttle m0 50%/);
  expect(directory.ran).toEqual(['recovery throttle m0 50%']);
});

test('a click chooses a panel, one on its title enlarges it, escape brings all back', async () => {
  const { shown } = opened(new ScriptedEngine(100));
  const lines = await shown.until(/\* Legs[\s\S]*Clients/);
  const row = lines.findIndex((line) => line.includes('Clients')) + 1;
  shown.press(`\x1b[<0;70;${row + 2}M`);
  await shown.until(/\* Clients/);
  shown.press(`\x1b[<0;70;${row}M`);
  const large = await shown.until(/\* Clients(?![\s\S]*Legs)/);
  expect(large.findIndex((line) => line.includes('* Clients'))).toBeLessThan(row - 1);
  shown.press('\x1b');
  await shown.until(/Legs[\s\S]*\* Clients/);
});

test('a recording offers neither actions nor other mirrors', async () => {
  const engine = new ScriptedEngine(100);
  const source = { ...engine, kind: 'replay', open: () => engine } as const;
  const directory = new ScriptedDirectory([engine]);
  const shown = new DashboardOnScreen(source, 100, 30, { directory });
  await shown.until(/REPLAY/);
  shown.press('aMpX');
  expect((await shown.until(/REPLAY/)).at(-1)).not.toMatch(/actions|mirrors|pause/);
  expect(shown.run.dashboard.overlay).toBe(null);
});
