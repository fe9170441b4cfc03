import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EMPTY_RECT, Painter } from '../../src/tui/painter.ts';
import { DEFAULT_THEME } from '../../src/tui/theme.ts';
import { EMPTY_TONE, glyphPen, halfBlockCode, halfBlockPen } from '../../src/tui/tones.ts';
import { PaintedScreen } from '../terminal/painted-screen.ts';

const COLUMNS = 12;
const ROWS = 6;
const RECT = { x: 2, y: 1, width: 8, height: 4 };
const ENOUGH = 1e9;

const tone = fc.nat(EMPTY_TONE);
const change = fc.record({ at: fc.nat(31), upper: tone, lower: tone });
const frame = fc.record({
  changes: fc.array(change, { size: 'max', maxLength: 20 }),
  bytesMax: fc.constantFrom(30, 200, ENOUGH),
});

const pens = {
  'in 24 bits': halfBlockPen(DEFAULT_THEME, 16_777_216),
  'in 256 colours': halfBlockPen(DEFAULT_THEME, 256),
  'in 16 colours': halfBlockPen(DEFAULT_THEME, 16),
};

test.each(Object.entries(pens))(
  'after any frames, the screen %s is as if painted at once',
  async (_, pen) => {
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { size: 'max', maxLength: 8 }), async (frames) => {
        const [painted, whole] = [
          new PaintedScreen(COLUMNS, ROWS),
          new PaintedScreen(COLUMNS, ROWS),
        ];
        const painter = new Painter(painted.write, pen);
        painter.place(RECT, pen);
        painter.cells.fill(halfBlockCode(EMPTY_TONE, EMPTY_TONE));
        for (const { changes, bytesMax } of frames) {
          for (const { at, upper, lower } of changes)
            painter.cells[at] = halfBlockCode(upper, lower);
          painter.paint(bytesMax);
        }
        painter.paint(ENOUGH);
        const anew = new Painter(whole.write, pen);
        anew.place(RECT, pen);
        anew.cells.set(painter.cells);
        anew.paint(ENOUGH);
        assert.deepEqual(await painted.cells(), await whole.cells());
      }),
      { numRuns: 60 },
    );
  },
);

function painterOn(screen: PaintedScreen): Painter {
  const painter = new Painter(screen.write, glyphPen(true));
  painter.place(RECT, glyphPen(true));
  painter.cells.fill(4);
  return painter;
}

test('what has not changed is not written again', () => {
  const painter = painterOn(new PaintedScreen(COLUMNS, ROWS));
  painter.paint(ENOUGH);
  expect(painter.paint(ENOUGH)).toBe(0);
});

test('a frame of few bytes is finished by those that follow', async () => {
  const screen = new PaintedScreen(COLUMNS, ROWS);
  const painter = painterOn(screen);
  for (let turn = 0; turn < RECT.height; turn += 1) painter.paint(1);
  const glyphs = (await screen.cells()).map((cell) => cell[0]).join('');
  expect(glyphs.match(/d/g)).toHaveLength(RECT.width * RECT.height);
});

test('what changes all the time does not keep the rest from being painted', async () => {
  const screen = new PaintedScreen(COLUMNS, ROWS);
  const painter = painterOn(screen);
  for (let turn = 0; turn < 2 * RECT.height; turn += 1) {
    painter.cells.fill(turn % 2, 0, RECT.width);
    painter.paint(1);
  }
  const glyphs = (await screen.cells()).map((cell) => cell[0]).join('');
  expect(glyphs.match(/d/g)).toHaveLength(RECT.width * (RECT.height - 1));
});

test('an overlay is left alone, and painted over when it has gone', async () => {
  const screen = new PaintedScreen(COLUMNS, ROWS);
  const painter = painterOn(screen);
  painter.paint(ENOUGH);
  painter.spare({ x: 4, y: 2, width: 3, height: 2 });
  // Whoever opens it clears its row first.
  screen.write('\x1b[3;1H\x1b[2K');
  painter.paint(ENOUGH);
  const row = async () =>
    (await screen.cells()).slice(2 * COLUMNS, 3 * COLUMNS).map(([glyph]) => glyph);
  expect((await row()).join('')).toBe('  dd   ddd  ');
  screen.write('\x1b[3;1H\x1b[2K');
  painter.spare(EMPTY_RECT);
  painter.paint(ENOUGH);
  expect((await row()).join('')).toBe('  dddddddd  ');
});

test('the cursor and the colours of whoever else writes stay as they were', async () => {
  const screen = new PaintedScreen(COLUMNS, ROWS);
  screen.write('\x1b[6;1H\x1b[31m');
  painterOn(screen).paint(ENOUGH);
  screen.write('x');
  const { buffer } = screen.terminal;
  await screen.cells();
  const cell = buffer.active.getLine(5)?.getCell(0);
  expect([cell?.getChars(), cell?.getFgColor()]).toEqual(['x', 1]);
});

test('a half without a region shows the background of the terminal', async () => {
  const pen = pens['in 16 colours'];
  const screen = new PaintedScreen(3, 1);
  const painter = new Painter(screen.write, pen);
  painter.place({ x: 0, y: 0, width: 3, height: 1 }, pen);
  painter.cells.set([
    halfBlockCode(EMPTY_TONE, 0),
    halfBlockCode(0, EMPTY_TONE),
    halfBlockCode(0, 0),
  ]);
  painter.paint(ENOUGH);
  const GREEN = 2;
  const STANDARD = -1;
  expect(await screen.cells()).toEqual([
    `▄ ${GREEN} ${STANDARD} 0`,
    `▀ ${GREEN} ${STANDARD} 0`,
    `  0 ${GREEN} 0`,
  ]);
});
