import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { drawScreen } from '../../src/tui/screen-export.tsx';
import { scratchDirectory } from '../scratch-directory.ts';
import { DashboardOnScreen } from './dashboard-on-screen.tsx';
import { ScriptedEngine } from './scripted-engine.ts';

function degraded(): ScriptedEngine {
  const engine = new ScriptedEngine(880, { health: 'degraded', inSyncRegions: 870 });
  engine.states.fill(2, 40, 50);
  return engine;
}

test('the picture is the screen, row by row', async () => {
  const shown = new DashboardOnScreen(degraded());
  await shown.until(/not in sync 10 /);
  shown.press('f');
  const lines = await shown.until(/FROZEN/);
  const { dashboard } = shown.run;
  const drawn = drawScreen(dashboard, dashboard.settings.traits).lines;
  expect(drawn).toEqual(lines.map((line) => line.trimEnd()));
});

test('taking a picture changes nothing on the screen', async () => {
  const shown = new DashboardOnScreen(degraded());
  await shown.until(/not in sync 10 /);
  shown.press('f');
  const before = await shown.until(/FROZEN/);
  drawScreen(shown.run.dashboard, { depth: 16_777_216, ascii: false });
  expect(await shown.lines()).toEqual(before);
  shown.press('f');
  shown.press('n');
  const after = await shown.until(/ 40 not in sync/);
  // Neither the colours nor the glyphs of the picture have stayed.
  expect(after.join('')).not.toMatch(/[■▀▄×·]/);
});

test('by name it is written to a file, which must be new', async () => {
  const file = path.join(scratchDirectory(), 'view.txt');
  const shown = new DashboardOnScreen(degraded(), 80, 40);
  await shown.until(/not in sync 10 /);
  shown.press(`:export ${file}\r`);
  await shown.until(/written: /);
  const text = readFileSync(file, 'utf8');
  expect(text).toMatch(/ mirrorctl +m0 +DEGRADED/);
  expect(text).toContain(`${'.'.repeat(40)}${'x'.repeat(10)}${'.'.repeat(30)}\n`);
  writeFileSync(file, 'mine');
  shown.press(`:export ${file}\r`);
  await shown.until(/view.txt exists/);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.each([
  ['view.gif', 'can be no picture'],
  ['nowhere/view.svg', 'cannot create'],
])('%s is refused on the screen', async (name, words) => {
  const directory = scratchDirectory();
  const shown = new DashboardOnScreen(degraded(), 150, 40);
  await shown.until(/not in sync 10 /);
  shown.press(`:export ${path.join(directory, name)}\r`);
  await shown.until(new RegExp(words));
  expect(readdirSync(directory)).toEqual([]);
});

test('a PNG has the size of its screen', async () => {
  const file = path.join(scratchDirectory(), 'view.png');
  const shown = new DashboardOnScreen(degraded(), 80, 24);
  await shown.until(/not in sync 10 /);
  shown.press(`:export ${file}\r`);
  await shown.until(/written: /);
  const png = readFileSync(file);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // 80 and 24 cells of 8.4 × 18, and the frame.
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([696, 478]);
});

test('the key alone chooses a name', async () => {
  const directory = scratchDirectory();
  mkdirSync(path.join(directory, 'here'));
  const before = process.cwd();
  process.chdir(path.join(directory, 'here'));
  try {
    const shown = new DashboardOnScreen(degraded(), 120, 40);
    await shown.until(/not in sync 10 /);
    shown.press('e');
    await shown.until(/written: mirrorctl-m0-\d{8}T\d{6}Z\.svg/);
    const [name = ''] = readdirSync('.');
    expect(readFileSync(name, 'utf8')).toMatch(/^<svg [\s\S]*DEGRADED[\s\S]*<\/svg>\n$/);
    expect(existsSync(name)).toBe(true);
  } finally {
    process.chdir(before);
  }
});
