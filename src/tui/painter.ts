/**
 * Puts the map on the terminal: of a rectangle of cells, it writes those that have changed, and no
 * more bytes than it is allowed. It works beside ink, which draws blank rows where the map goes and
 * never touches them again.
 *
 *   next ─┐
 *         ├─ differ? ─▶ BSU  save cursor  ( move  colours  glyph )…  restore cursor  ESU
 *   seen ─┘
 *
 * A cell is a code of 16 bits; what it looks like, the `Pen` knows. Invariant: `seen` holds exactly what
 * is on the terminal, or UNKNOWN. So cells that did not fit into the allowance are written by the next
 * `paint`, which goes on where this one stopped: no cell starves.
 */

const UNKNOWN = 0xffff;
const ASCII_MAX = '\x7f';
/** Blocks and the other glyphs of the map have three bytes in UTF-8. */
const GLYPH_EXTRA_BYTES = 2;
const BEGIN = '\x1b[?2026h\x1b7';
const END = '\x1b[0m\x1b8\x1b[?2026l';

/** The look of a cell: what must be switched on before its glyph, and the glyph. */
export interface Pen {
  /** A part of an SGR sequence, '' where it does not matter. */
  foreground(code: number): string;
  background(code: number): string;
  glyph(code: number): string;
}

/** In cells of the terminal, from 0. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const EMPTY_RECT: Rect = { x: 0, y: 0, width: 0, height: 0 };

export class Painter {
  readonly #write: (text: string) => void;
  #pen: Pen;
  #rect: Rect = EMPTY_RECT;
  #hole: Rect = EMPTY_RECT;
  #next = new Uint16Array(0);
  #seen = new Uint16Array(0);
  #start = 0;

  constructor(write: (text: string) => void, pen: Pen) {
    this.#write = write;
    this.#pen = pen;
  }

  get rect(): Rect {
    return this.#rect;
  }

  /** What should be on the terminal, row by row. Never 0xffff. */
  get cells(): Uint16Array {
    return this.#next;
  }

  /** Takes another rectangle, empty to stop. `pen` may change with it. */
  place(rect: Rect, pen: Pen): void {
    this.#pen = pen;
    this.#rect = rect;
    this.#next = new Uint16Array(rect.width * rect.height);
    this.#seen = new Uint16Array(rect.width * rect.height).fill(UNKNOWN);
    this.#start = 0;
  }

  /** Leaves this rectangle of the terminal to somebody else, who may have written to its rows. */
  spare(hole: Rect): void {
    this.forgetRows(this.#hole);
    this.forgetRows(hole);
    this.#hole = hole;
  }

  /** Somebody else has written over the rows of `rect`. */
  forgetRows({ y, height }: Rect): void {
    const from = Math.max(0, y - this.#rect.y) * this.#rect.width;
    this.#seen.fill(UNKNOWN, from, Math.max(from, (y + height - this.#rect.y) * this.#rect.width));
  }

  forget(): void {
    this.#seen.fill(UNKNOWN);
  }

  /** Writes at most about `bytesMax`; returns how many. */
  paint(bytesMax: number): number {
    const { width, height } = this.#rect;
    const stroke = new Stroke(this.#pen, this.#rect);
    for (let turn = 0; turn < height; turn += 1) {
      const row = (this.#start + turn) % height;
      if (stroke.length >= bytesMax) {
        this.#start = row;
        break;
      }
      for (let column = 0; column < width; column += 1) this.#paintCell(stroke, column, row);
    }
    if (stroke.length === 0) return 0;
    const text = BEGIN + stroke.text + END;
    this.#write(text);
    return stroke.length;
  }

  #paintCell(stroke: Stroke, column: number, row: number): void {
    const at = row * this.#rect.width + column;
    const code = this.#next[at] ?? 0;
    if (code === this.#seen[at] || this.#isSpared(column, row)) return;
    stroke.put(column, row, code);
    this.#seen[at] = code;
  }

  #isSpared(column: number, row: number): boolean {
    const x = column + this.#rect.x - this.#hole.x;
    const y = row + this.#rect.y - this.#hole.y;
    return x >= 0 && y >= 0 && x < this.#hole.width && y < this.#hole.height;
  }
}

/** One stroke of the brush: remembers where it is and which colours are on. */
class Stroke {
  text = '';
  /** In bytes of UTF-8. */
  length = 0;
  readonly #pen: Pen;
  readonly #rect: Rect;
  #column = -1;
  #row = -1;
  #foreground = '';
  #background = '';

  constructor(pen: Pen, rect: Rect) {
    this.#pen = pen;
    this.#rect = rect;
  }

  put(column: number, row: number, code: number): void {
    const isNext = row === this.#row && column === this.#column;
    const move = isNext ? '' : `\x1b[${this.#rect.y + row + 1};${this.#rect.x + column + 1}H`;
    const glyph = this.#pen.glyph(code);
    const added = move + this.#colours(code) + glyph;
    this.text += added;
    this.length += added.length + (glyph > ASCII_MAX ? GLYPH_EXTRA_BYTES : 0);
    this.#column = column + 1;
    this.#row = row;
  }

  #colours(code: number): string {
    const foreground = this.#pen.foreground(code);
    const background = this.#pen.background(code);
    const parts: string[] = [];
    if (foreground !== '' && foreground !== this.#foreground) {
      parts.push(foreground);
      this.#foreground = foreground;
    }
    if (background !== '' && background !== this.#background) {
      parts.push(background);
      this.#background = background;
    }
    return parts.length === 0 ? '' : `\x1b[${parts.join(';')}m`;
  }
}
