/**
 * A screen as cells, filled by what ink and the painter write: enough of a terminal to take a picture
 * of them. Knows newlines, cursor positions (CUP) and looks (SGR); other sequences change nothing here.
 */
import type { Rgb } from './theme.ts';

export interface GridLook {
  /** Null: the terminal's own. */
  readonly ink: Rgb | null;
  readonly paper: Rgb | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
}

export interface GridCell extends GridLook {
  /** One character with what combines with it; '' in the second half of a wide one. */
  readonly glyph: string;
}

const PLAIN: GridLook = { ink: null, paper: null, bold: false, dim: false, inverse: false };
const BLANK: GridCell = { ...PLAIN, glyph: ' ' };

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
const TOKEN = /\x1b\[([?\d;]*)([A-Za-z])|\x1b[78]|\n|\r|[^\x1b\n\r]/gu;
const COMBINING = /\p{Mark}|\u200d|\ufe0f/u;
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

export class ScreenGrid {
  readonly columns: number;
  readonly rows: number;
  /** Row by row. */
  readonly cells: GridCell[];
  #column = 0;
  #row = 0;
  #look = PLAIN;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.cells = Array.from({ length: columns * rows }, () => BLANK);
  }

  /** Begins at the upper left unless a cursor position says otherwise. */
  write(text: string): void {
    this.#column = 0;
    this.#row = 0;
    this.#look = PLAIN;
    for (const [token, parameters = '', final] of text.matchAll(TOKEN)) {
      if (final === 'm') this.#look = dressed(this.#look, parameters);
      else if (final === 'H') this.#moveTo(parameters);
      else if (token === '\n') this.#moveTo(`${this.#row + 2};1`);
      else if (!token.startsWith('\u001b') && token !== '\r') this.#put(token);
    }
  }

  /** The lines without blanks at their ends. */
  get lines(): string[] {
    return Array.from({ length: this.rows }, (_, row) =>
      this.cells
        .slice(row * this.columns, (row + 1) * this.columns)
        .map(({ glyph }) => glyph)
        .join('')
        .trimEnd(),
    );
  }

  #moveTo(parameters: string): void {
    const [row = 1, column = 1] = parameters.split(';').map(Number);
    this.#row = row - 1;
    this.#column = column - 1;
  }

  #put(glyph: string): void {
    const at = this.#row * this.columns + this.#column;
    if (COMBINING.test(glyph)) {
      const before = this.cells[at - 1];
      if (before !== undefined) this.cells[at - 1] = { ...before, glyph: before.glyph + glyph };
      return;
    }
    const width = WIDE.test(glyph) ? 2 : 1;
    if (this.#row < this.rows && this.#column + width <= this.columns) {
      this.#blankHalves(at, at + width);
      this.cells[at] = { ...this.#look, glyph };
      if (width === 2) this.cells[at + 1] = { ...this.#look, glyph: '' };
    }
    this.#column += width;
  }

  /** Half of a wide glyph is none: what is left of one at the edges of `from` to `end` goes, too. */
  #blankHalves(from: number, end: number): void {
    const blank = { ...this.#look, glyph: ' ' };
    if (this.cells[from]?.glyph === '') this.cells[from - 1] = blank;
    if (this.cells[end]?.glyph === '') this.cells[end] = blank;
  }
}

/** The look after an SGR sequence (ECMA-48, 8.3.117; colours as xterm has them). */
function dressed(look: GridLook, parameters: string): GridLook {
  const numbers = parameters === '' ? [0] : parameters.split(';').map(Number);
  let dress = look;
  for (let place = 0; place < numbers.length; place += 1) {
    const number = numbers[place] ?? 0;
    if (number === 38 || number === 48) {
      const [colour, used] = extendedColour(numbers.slice(place + 1));
      dress = { ...dress, [number === 38 ? 'ink' : 'paper']: colour };
      place += used;
    } else dress = { ...dress, ...change(number) };
  }
  return dress;
}

function extendedColour([kind, ...rest]: readonly number[]): readonly [Rgb | null, number] {
  const [first = 0, green = 0, blue = 0] = rest;
  return kind === 2 ? [[first, green, blue], 4] : [indexedColour(first), 2];
}

const SWITCHES: Readonly<Record<number, Partial<GridLook>>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  7: { inverse: true },
  22: { bold: false, dim: false },
  27: { inverse: false },
  39: { ink: null },
  49: { paper: null },
};

function change(number: number): Partial<GridLook> {
  const known = SWITCHES[number];
  if (known !== undefined) return known;
  const tens = Math.floor(number / 10);
  const colour = indexedColour((number % 10) + (tens >= 9 ? 8 : 0));
  if (tens === 3 || tens === 9) return { ink: colour };
  return tens === 4 || tens === 10 ? { paper: colour } : {};
}

const ANSI: readonly Rgb[] = [
  [28, 28, 28],
  [204, 68, 68],
  [79, 174, 90],
  [200, 161, 58],
  [79, 127, 208],
  [166, 101, 192],
  [63, 167, 167],
  [200, 200, 200],
  [112, 118, 128],
  [255, 107, 107],
  [127, 221, 127],
  [255, 223, 107],
  [127, 168, 255],
  [221, 155, 255],
  [127, 229, 229],
  [255, 255, 255],
];

/** Of the palette of 256: 16 of one's own, a cube of 6 × 6 × 6, 24 greys. */
export function indexedColour(index: number): Rgb {
  const own = ANSI[index];
  if (own !== undefined) return own;
  if (index >= 232) {
    const grey = 8 + 10 * (index - 232);
    return [grey, grey, grey];
  }
  const step = (value: number) => (value === 0 ? 0 : 55 + 40 * value);
  const cube = index - 16;
  return [step(Math.floor(cube / 36)), step(Math.floor(cube / 6) % 6), step(cube % 6)];
}
