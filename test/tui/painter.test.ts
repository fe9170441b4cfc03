import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rect } from '../../src/tui/painter.ts';
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

const hole = fc.record({
  x: fc.nat(RECT.width - 1),
  y: fc.nat(RECT.height - 1),
  width: fc.integer({ min: 1, max: 4 }),
  height: fc.integer({ min: 1, max: 3 }),
});
const turn = fc.oneof(frame, fc.record({ opens: hole }), fc.constant('closes' as const));
type Turn = typeof turn extends fc.Arbitrary<infer Value> ? Value : never;

/** Clears whole rows, as ink does with rows in which it changes something, and writes in the hole. */
function foreignRows(screen: PaintedScreen, { x, y, width, height }: Rect, text: string): void {
  for (let row = y; row < Math.min(ROWS, y + height); row += 1) {
    screen.write(`\x1b[${row + 1};1H\x1b[2K\x1b[${row + 1};${x + 1}H${text.repeat(width)}`);
  }
}

/** A painter beside somebody who opens and closes overlays. */
class Neighbours {
  readonly screen = new PaintedScreen(COLUMNS, ROWS);
  readonly painter = new Painter(this.screen.write, pens['in 24 bits']);
  #open = EMPTY_RECT;

  constructor() {
    this.painter.place(RECT, pens['in 24 bits']);
    this.painter.cells.fill(halfBlockCode(EMPTY_TONE, EMPTY_TONE));
  }

  cover(rect: Rect): void {
    foreignRows(this.screen, this.#open, ' ');
    foreignRows(this.screen, rect, '#');
    this.painter.spare(rect);
    this.#open = rect;
  }

  async take(one: Turn): Promise<void> {
    if (one === 'closes') this.cover(EMPTY_RECT);
    else if ('opens' in one) this.coverPart(one.opens);
    else {
      for (const { at, upper, lower } of one.changes) {
        this.painter.cells[at] = halfBlockCode(upper, lower);
      }
      this.painter.paint(one.bytesMax);
      await this.checkHole();
    }
  }

  coverPart({ x, y, width, height }: Rect): void {
    const right = Math.min(x + width, RECT.width);
    this.cover({ x: RECT.x + x, y: RECT.y + y, width: right - x, height });
  }

  /** Nothing of the map is in the hole. */
  async checkHole(): Promise<void> {
    const cells = await this.screen.cells();
    const { x, y, width, height } = this.#open;
    for (let row = y; row < Math.min(ROWS, y + height); row += 1) {
      const own = cells.slice(row * COLUMNS + x, row * COLUMNS + x + width);
      assert.ok(own.every((cell) => cell.startsWith('#')));
    }
  }
}

test('whatever overlays came and went between frames, the screen is as if painted at once', async () => {
  const check = async (turns: readonly Turn[]) => {
    const beside = new Neighbours();
    for (const one of turns) await beside.take(one);
    beside.cover(EMPTY_RECT);
    beside.painter.paint(ENOUGH);
    const anew = new Neighbours();
    anew.painter.cells.set(beside.painter.cells);
    anew.painter.paint(ENOUGH);
    assert.deepEqual(await beside.screen.cells(), await anew.screen.cells());
  };
  const property = fc.asyncProperty(fc.array(turn, { size: 'max', maxLength: 16 }), check);
  await fc.assert(property, { numRuns: 80 });
});

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
