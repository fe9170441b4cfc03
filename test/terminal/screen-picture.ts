/**
 * A terminal's screen as an SVG. Blocks and braille are drawn as shapes, because fonts leave gaps
 * between them; everything else is text.
 */
import type headless from '@xterm/headless';

const CELL_WIDTH = 8.4;
const CELL_HEIGHT = 18;
const MARGIN = 12;
const TITLE_HEIGHT = 34;
const BACKGROUND = '#14161a';
const FOREGROUND = '#d0d4da';
const ANSI = [
  ...['#1c1c1c', '#cc4444', '#4fae5a', '#c8a13a', '#4f7fd0', '#a665c0', '#3fa7a7', '#c8c8c8'],
  ...['#707680', '#ff6b6b', '#7fdd7f', '#ffdf6b', '#7fa8ff', '#dd9bff', '#7fe5e5', '#ffffff'],
];

type Cell = ReturnType<headless.Terminal['buffer']['active']['getNullCell']>;

interface Place {
  readonly x: number;
  readonly y: number;
}

export function screenPicture(terminal: headless.Terminal, title: string): string {
  const width = terminal.cols * CELL_WIDTH + 2 * MARGIN;
  const height = terminal.rows * CELL_HEIGHT + TITLE_HEIGHT + MARGIN;
  const drawn: string[] = [];
  const { active } = terminal.buffer;
  const cell = active.getNullCell();
  for (let row = 0; row < terminal.rows; row += 1) {
    const line = active.getLine(active.viewportY + row);
    for (let column = 0; column < terminal.cols; column += 1) {
      if (line?.getCell(column, cell) === undefined) continue;
      const x = MARGIN + column * CELL_WIDTH;
      drawn.push(drawCell(cell, { x, y: TITLE_HEIGHT + row * CELL_HEIGHT }));
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (fill, place) => `<circle cx="${18 + place * 18}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    `<text x="${width / 2}" y="21" text-anchor="middle" font-family="DejaVu Sans" font-size="12" fill="#8a919c">${escaped(title)}</text>`,
    '<g font-family="DejaVu Sans Mono" font-size="14" xml:space="preserve">',
    ...drawn,
    '</g></svg>',
  ].join('\n');
}

function drawCell(cell: Cell, place: Place): string {
  const own = colourOf(cell.isFgRGB(), cell.isFgDefault(), cell.getFgColor(), FOREGROUND);
  const ground = colourOf(cell.isBgRGB(), cell.isBgDefault(), cell.getBgColor(), BACKGROUND);
  const [ink, paper] = cell.isInverse() !== 0 ? [ground, own] : [own, ground];
  const opacity = cell.isDim() !== 0 ? 0.6 : 1;
  const back = paper === BACKGROUND ? '' : box(place, [0, 0, 1, 1], paper, 1);
  const text = cell.getChars();
  if (text === '' || text === ' ') return back;
  return back + drawGlyph(text, place, ink, opacity, cell.isBold() !== 0);
}

/** Parts of a cell in blocks: left, top, width, height. */
const BLOCKS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  '▀': [0, 0, 1, 0.5],
  '▄': [0, 0.5, 1, 0.5],
  '█': [0, 0, 1, 1],
};
/** Column, row and bit of each dot (Unicode chart U2800). */
const DOTS = [
  ...[0x01, 0x02, 0x04, 0x40].map((bit, row) => [0, row, bit] as const),
  ...[0x08, 0x10, 0x20, 0x80].map((bit, row) => [1, row, bit] as const),
];

function drawGlyph(text: string, place: Place, ink: string, opacity: number, bold: boolean) {
  const block = BLOCKS[text];
  if (block !== undefined) return box(place, block, ink, opacity);
  const code = text.codePointAt(0) ?? 0;
  if (code >= 0x2800 && code <= 0x28ff) return drawBraille(code - 0x2800, place, ink);
  const weight = bold ? ' font-weight="bold"' : '';
  const y = place.y + CELL_HEIGHT * 0.76;
  return `<text x="${place.x.toFixed(1)}" y="${y.toFixed(1)}" fill="${ink}" opacity="${opacity}"${weight}>${escaped(text)}</text>`;
}

function drawBraille(dots: number, { x, y }: Place, ink: string): string {
  return DOTS.filter(([, , bit]) => (dots & bit) !== 0)
    .map(([column, row]) => {
      const cx = x + (column + 0.5) * (CELL_WIDTH / 2);
      const cy = y + (row + 0.5) * (CELL_HEIGHT / 4);
      return `<circle cx="${cx.toFixed(1)}" cy="${cy.toFixed(1)}" r="1.4" fill="${ink}"/>`;
    })
    .join('');
}

function box(
  { x, y }: Place,
  [left, top, width, height]: readonly [number, number, number, number],
  fill: string,
  opacity: number,
): string {
  // A little wider than the cell, so that neighbours leave no hairline between them.
  const w = (width * CELL_WIDTH + 0.3).toFixed(1);
  const h = (height * CELL_HEIGHT + 0.3).toFixed(1);
  const at = `x="${(x + left * CELL_WIDTH).toFixed(1)}" y="${(y + top * CELL_HEIGHT).toFixed(1)}"`;
  return `<rect ${at} width="${w}" height="${h}" fill="${fill}" opacity="${opacity}"/>`;
}

function colourOf(isRgb: boolean, isDefault: boolean, colour: number, standard: string): string {
  if (isDefault) return standard;
  if (isRgb) return `#${colour.toString(16).padStart(6, '0')}`;
  const ansi = ANSI[colour];
  if (ansi !== undefined) return ansi;
  if (colour >= 232) return grey(8 + 10 * (colour - 232));
  const step = (value: number) => (value === 0 ? 0 : 55 + 40 * value);
  const cube = colour - 16;
  const parts = [Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(step);
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function grey(level: number): string {
  return `#${level.toString(16).padStart(2, '0').repeat(3)}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
