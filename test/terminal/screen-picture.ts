/** A terminal in memory as the grid that the program draws its own pictures of. */
import type headless from '@xterm/headless';
import { indexedColour, ScreenGrid } from '../../src/tui/screen-grid.ts';
import { DARK_FRAME, screenSvg } from '../../src/tui/screen-svg.ts';
import type { Rgb } from '../../src/tui/theme.ts';

export function screenPicture(terminal: headless.Terminal, title: string): string {
  return screenSvg(gridOf(terminal), { title, ...DARK_FRAME });
}

export function gridOf(terminal: headless.Terminal): ScreenGrid {
  const grid = new ScreenGrid(terminal.cols, terminal.rows);
  const { active } = terminal.buffer;
  const cell = active.getNullCell();
  for (let at = 0; at < grid.cells.length; at += 1) {
    const line = active.getLine(active.viewportY + Math.floor(at / terminal.cols));
    if (line?.getCell(at % terminal.cols, cell) === undefined) continue;
    grid.cells[at] = {
      glyph: cell.getWidth() === 0 ? '' : cell.getChars() || ' ',
      ink: cell.isFgDefault() ? null : rgbOf(cell.isFgRGB(), cell.getFgColor()),
      paper: cell.isBgDefault() ? null : rgbOf(cell.isBgRGB(), cell.getBgColor()),
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
      inverse: cell.isInverse() !== 0,
    };
  }
  return grid;
}

function rgbOf(isRgb: boolean, colour: number): Rgb {
  if (!isRgb) return indexedColour(colour);
  return [(colour >> 16) & 0xff, (colour >> 8) & 0xff, colour & 0xff];
}
