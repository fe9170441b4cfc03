/** A terminal in memory that the code under test writes to, and what can be read on it. */
import headless from '@xterm/headless';

export class PaintedScreen {
  readonly terminal: headless.Terminal;
  written = '';

  constructor(columns: number, rows: number) {
    this.terminal = new headless.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  readonly write = (text: string): void => {
    this.written += text;
    this.terminal.write(text);
  };

  /** Each cell as its glyph, foreground and background, row by row. */
  async cells(): Promise<string[]> {
    await new Promise<void>((resolve) => this.terminal.write('', resolve));
    const { active } = this.terminal.buffer;
    const cell = active.getNullCell();
    const cells: string[] = [];
    for (let row = 0; row < this.terminal.rows; row += 1) {
      const line = active.getLine(active.viewportY + row);
      for (let column = 0; column < this.terminal.cols; column += 1) {
        line?.getCell(column, cell);
        const glyph = cell.getChars() || ' ';
        // What a blank is written in does not show.
        const ink = glyph === ' ' ? 0 : cell.getFgColor();
        cells.push(`${glyph} ${ink} ${cell.getBgColor()} ${cell.isInverse()}`);
      }
    }
    return cells;
  }
}
