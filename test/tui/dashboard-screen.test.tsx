import { expect, test } from 'vitest';
import { DashboardOnScreen } from './dashboard-on-screen.tsx';
import { ScriptedDirectory } from './scripted-directory.ts';
import { ScriptedEngine } from './scripted-engine.ts';

const MAP_ROW = 5;
const MAP_ROWS = 10;

test('a healthy mirror says so, and every region is on the map', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  const lines = await shown.until(/clean 800/);
  expect(lines[0]).toMatch(/mirrorctl {3}m0 {2}OK {2}idle .* 100 %/);
  expect(lines[1]).toContain('every region is in sync');
  expect(lines.slice(MAP_ROW, MAP_ROW + MAP_ROWS).join('')).toBe('.'.repeat(800));
});

test('one bad region among many shows where it lies, and n goes to it', async () => {
  const engine = new ScriptedEngine(80_000, { health: 'degraded', inSyncRegions: 79_999 });
  engine.states[44_017] = 2;
  const shown = new DashboardOnScreen(engine);
  const lines = await shown.until(/not in sync 1 /);
  expect(lines[MAP_ROW + 5]?.indexOf('x')).toBe(40);
  shown.press('n');
  await shown.until(/44,017 not in sync/);
});

test('zooming in shows fewer regions, and 0 all of them again', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(8000));
  await shown.until(/all 8,000 regions, 10 in a dot/);
  shown.press('+');
  await shown.until(/regions 3,000 - 4,999 of 8,000/);
  shown.press('0');
  await shown.until(/all 8,000 regions/);
});

test('the wheel zooms at the pointer, and a click chooses the region there', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  await shown.until(/clean 800/);
  shown.press('\x1b[<0;3;7M');
  await shown.until(/ 82 clean /);
  shown.press('\x1b[<64;3;');
  shown.press('7M');
  await shown.until(/of 800/);
});

test('an action shows its command and its numbers, and runs only when confirmed', async () => {
  const engine = new ScriptedEngine(100, { activity: 'recovering', inSyncRegions: 90 });
  const directory = new ScriptedDirectory([engine]);
  const shown = new DashboardOnScreen(engine, 80, 24, { directory });
  await shown.until(/OK/);
  shown.press('p');
  await shown.until(/\$ mirrorctl recovery pause m0\s[\s\S]*10 regions \(5 MiB\)/);
  await shown.until(/nothing is changed/);
  shown.press('n');
  await shown.until(/^(?![\s\S]*\$ mirrorctl)/);
  expect(directory.ran).toEqual([]);
  shown.press('p');
  await shown.until(/\$ mirrorctl recovery pause/);
  shown.press('y');
  await shown.until(/done: recovery pause m0/);
  expect(directory.ran).toEqual(['recovery pause m0']);
});

test('a dashboard in the process of its engine asks what becomes of the engine', async () => {
  let deactivated = 0;
  const host = { deactivate: () => (deactivated += 1) };
  const shown = new DashboardOnScreen(new ScriptedEngine(100), 80, 24, { host });
  await shown.until(/clean 100/);
  shown.press('q');
  await shown.until(/engine runs in this process[\s\S]*d: deactivate[\s\S]*l: leave/);
  shown.press('x');
  await shown.until(/^(?![\s\S]*engine runs in this process)/);
  expect(deactivated).toBe(0);
  shown.press('q');
  await shown.until(/d: deactivate/);
  shown.press('d');
  await shown.until(/^(?![\s\S]*engine runs in this process)/);
  expect(deactivated).toBe(1);
});

test('Ctrl-C twice leaves such a dashboard, and the engine goes on', async () => {
  const never = () => expect.fail('nobody asked for it');
  const host = { deactivate: never };
  const shown = new DashboardOnScreen(new ScriptedEngine(100), 80, 24, { host });
  await shown.until(/clean 100/);
  shown.press('\x03');
  await shown.until(/l: leave/);
  shown.press('\x03');
  await shown.run.ended;
});

test('what takes the device from clients needs the name of the mirror', async () => {
  const engine = new ScriptedEngine(100);
  const directory = new ScriptedDirectory([engine]);
  const shown = new DashboardOnScreen(engine, 80, 24, { directory });
  await shown.until(/OK/);
  shown.press('X');
  await shown.until(/A client loses the device/);
  shown.press('m\r');
  await shown.until(/to do it: m_/);
  expect(directory.ran).toEqual([]);
  shown.press('0\r');
  await shown.until(/done: deactivate m0/);
  expect(directory.ran).toEqual(['deactivate m0']);
});

test('--read-only offers no action at all', async () => {
  const engine = new ScriptedEngine(100);
  const directory = new ScriptedDirectory([engine]);
  const shown = new DashboardOnScreen(engine, 80, 24, { directory, readOnly: true });
  await shown.until(/OK[\s\S]*READ-ONLY|READ-ONLY/);
  shown.press('payXT<z');
  const lines = await shown.until(/OK/);
  expect(lines.join('\n')).not.toMatch(/mirrorctl (recovery|deactivate|leg)/);
  expect(lines.at(-1)).not.toMatch(/pause|actions/);
  expect(directory.ran).toEqual([]);
});

test('the map comes back whole when an overlay has been over it', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  const before = await shown.until(/clean 800/);
  shown.press('?');
  await shown.until(/type to search/);
  shown.press('\x1b');
  const after = await shown.until(
    /^(?![\s\S]*type to search)[\s\S]*\.{80}\n\.{80}\n\.{80}\n\.{80}/,
  );
  expect(after.slice(MAP_ROW, MAP_ROW + MAP_ROWS)).toEqual(
    before.slice(MAP_ROW, MAP_ROW + MAP_ROWS),
  );
});

test('the map is painted around an open overlay, never over it', async () => {
  const engine = new ScriptedEngine(800);
  const shown = new DashboardOnScreen(engine);
  await shown.until(/OK[\s\S]*clean 800/);
  shown.press('?');
  const before = await shown.until(/\.[|].*zoom in.*[|]\./);
  // What ink writes for this makes the painter begin anew.
  engine.status = { ...engine.status, health: 'degraded' };
  engine.states.fill(1);
  const after = await shown.until(/DEGRADED[\s\S]*d[|].*zoom in.*[|]d/);
  const helpOf = (lines: string[]) =>
    lines.map((line) => /[|](.*)[|]/.exec(line)?.[1]).slice(4, 16);
  expect(helpOf(after)).toEqual(helpOf(before));
});

test('a frozen picture holds, and is still whole after an overlay', async () => {
  const engine = new ScriptedEngine(800);
  const shown = new DashboardOnScreen(engine);
  await shown.until(/OK[\s\S]*clean 800/);
  shown.press('f');
  await shown.until(/FROZEN/);
  engine.states.fill(1);
  shown.press('?');
  await shown.until(/type to search/);
  shown.press('\x1b');
  const lines = await shown.until(/^(?![\s\S]*type to search)/);
  expect(lines.slice(MAP_ROW, MAP_ROW + MAP_ROWS).join('')).toBe('.'.repeat(800));
  shown.press('f');
  await shown.until(/d{80}/);
});

test('keys that are hit fast all count', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  await shown.until(/OK[\s\S]*clean 800/);
  shown.press('\t\t');
  await shown.until(/\* Recovery/);
  shown.press('g12\x7f3\r');
  await shown.until(/ 13 clean /);
});

test('the help can be searched', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(10));
  await shown.until(/OK/);
  shown.press('?hilb');
  const lines = await shown.until(/search: hilb/);
  expect(lines.join('\n')).toMatch(/o +order +row by row, or along a Hilbert curve/);
  expect(lines.join('\n')).not.toMatch(/cursor to the left/);
});

test.each([
  [100, 30],
  [60, 18],
  [160, 48],
])('a resize to %d by %d leaves no trace of the old size', async (columns, rows) => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  await shown.until(/clean 800/);
  shown.resize(columns, rows);
  const fresh = new DashboardOnScreen(new ScriptedEngine(800), columns, rows);
  const expected = await fresh.until(/OK[\s\S]*clean 800[\s\S]*alive/);
  await shown.until(new RegExp(`^${literally(expected.join('\n'))}$`));
});

test('a terminal that is too small says what is needed, and works again when it grows', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800), 40, 10);
  await shown.until(/This terminal is 40×10/);
  shown.resize(80, 24);
  await shown.until(/clean 800/);
});

test('every row has its place before anything is known, so the map is not wiped when it is', async () => {
  const engine = new ScriptedEngine(8000);
  engine.isDown = true;
  const shown = new DashboardOnScreen(engine, 100, 30);
  const before = await shown.until(/all 1 region/);
  expect(before.findIndex((line) => line.includes('all 1 region'))).toBe(MAP_ROW - 1);
  engine.isDown = false;
  const after = await shown.until(/clean 8,000/);
  expect(after.findIndex((line) => line.includes('all 8,000'))).toBe(MAP_ROW - 1);
});

test('an engine that goes away is said, and what was known stays', async () => {
  const engine = new ScriptedEngine(800);
  const shown = new DashboardOnScreen(engine);
  await shown.until(/clean 800/);
  engine.isDown = true;
  const lines = await shown.until(/NO ENGINE/);
  expect(lines[1]).toContain('no engine runs for m0');
  expect(lines[2]).toContain('-> start it');
  expect(lines[3]).toContain('clean 800');
  engine.isDown = false;
  await shown.until(/^(?![\s\S]*NO ENGINE)[\s\S]*OK/);
});

test('leaving gives the terminal back: its own screen, the cursor, the mouse', async () => {
  const shown = new DashboardOnScreen(new ScriptedEngine(800));
  await shown.until(/clean 800/);
  expect(shown.screen.terminal.buffer.active.type).toBe('alternate');
  shown.press('q');
  await shown.run.ended;
  await shown.screen.cells();
  expect(shown.screen.terminal.buffer.active.type).toBe('normal');
  expect(shown.screen.terminal.modes.mouseTrackingMode).toBe('none');
  expect(shown.screen.written.lastIndexOf('\x1b[?25h')).toBeGreaterThan(
    shown.screen.written.lastIndexOf('\x1b[?25l'),
  );
});

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
