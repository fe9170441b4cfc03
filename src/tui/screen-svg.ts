/**
 * A screen as an SVG. Blocks and braille are drawn as shapes, because fonts leave gaps between them;
 * everything else is text, a run of one look at a time, stretched to the cells that it has.
 */
import type { GridCell, ScreenGrid } from './screen-grid.ts';
import type { Rgb } from './theme.ts';
import { hex } from './theme.ts';

const CELL_WIDTH = 8.4;
const CELL_HEIGHT = 18;
const MARGIN = 12;
const TITLE_HEIGHT = 34;
const BASELINE = 0.76;

/** What the terminal itself would look like. */
export interface Frame {
  readonly title: string;
  readonly ink: Rgb;
  readonly paper: Rgb;
}

export const DARK_FRAME = { ink: [208, 212, 218], paper: [20, 22, 26] } as const;
export const LIGHT_FRAME = { ink: [36, 40, 48], paper: [250, 250, 248] } as const;

/** Neighbours in a row that look alike. */
interface Run {
  readonly x: number;
  readonly y: number;
  readonly count: number;
  readonly text: string;
  readonly ink: string;
  readonly paper: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

export function screenSvg(grid: ScreenGrid, frame: Frame): string {
  const width = round(grid.columns * CELL_WIDTH + 2 * MARGIN);
  const height = round(grid.rows * CELL_HEIGHT + TITLE_HEIGHT + MARGIN);
  const paper = hex(frame.paper);
  const runs = runsOf(grid, frame);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="${paper}"/>`,
    ...['#ff5f57', '#febc2e', '#28c840'].map(
      (fill, place) => `<circle cx="${18 + place * 18}" cy="16" r="5.5" fill="${fill}"/>`,
    ),
    `<text x="${width / 2}" y="21" text-anchor="middle" font-family="DejaVu Sans, sans-serif" font-size="12" fill="#8a919c">${escaped(frame.title)}</text>`,
    '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
    ...runs.filter((run) => run.paper !== paper).map(drawPaper),
    ...runs.flatMap(drawRun),
    '</g></svg>\n',
  ].join('\n');
}

function runsOf({ cells, columns }: ScreenGrid, frame: Frame): Run[] {
  const runs: Run[] = [];
  cells.forEach((cell, at) => {
    const place = { x: at % columns, y: Math.floor(at / columns), ...coloursOf(cell, frame) };
    const next: Run = { ...place, count: 1, text: cell.glyph, bold: cell.bold, dim: cell.dim };
    const last = runs.at(-1);
    if (last === undefined || !belongs(last, next)) runs.push(next);
    else runs.push({ ...(runs.pop() ?? last), count: last.count + 1, text: last.text + next.text });
  });
  return runs;
}

/** Blocks and braille only go with their like: they are drawn, not set. */
function belongs(last: Run, next: Run): boolean {
  const isAlike = (['y', 'ink', 'paper', 'bold', 'dim'] as const).every(
    (key) => last[key] === next[key],
  );
  const [before, after] = [[...last.text].at(-1) ?? '', next.text];
  return isAlike && (isDrawn(before) || isDrawn(after) ? before === after : true);
}

function coloursOf({ ink, paper, inverse }: GridCell, frame: Frame) {
  const own = hex(ink ?? frame.ink);
  const ground = hex(paper ?? frame.paper);
  return inverse ? { ink: ground, paper: own } : { ink: own, paper: ground };
}

function drawPaper(run: Run): string {
  return box(run, [0, 1], run.paper);
}

function drawRun(run: Run): string[] {
  if (run.text.trim() === '') return [];
  const [glyph = ''] = run.text;
  const block = BLOCKS[glyph];
  if (block !== undefined) return [box(run, block, run.ink)];
  if (isBraille(glyph)) return [drawBraille(run, glyph)];
  const arms = ARMS[glyph];
  if (arms !== undefined) return [drawLines(run, arms, glyph === '━' ? 2.4 : 1.2)];
  return [drawText(run)];
}

/** Blanks at either end are no text: some programs swallow them although they are told not to. */
function drawText({ x, y, count, text, ink, bold, dim }: Run): string {
  const before = text.length - text.trimStart().length;
  const after = text.length - text.trimEnd().length;
  const left = round(MARGIN + (x + before) * CELL_WIDTH);
  const base = round(TITLE_HEIGHT + (y + BASELINE) * CELL_HEIGHT);
  const length = round((count - before - after) * CELL_WIDTH);
  const look = `${bold ? ' font-weight="bold"' : ''}${dim ? ' opacity="0.6"' : ''}`;
  return `<text x="${left}" y="${base}" textLength="${length}" lengthAdjust="spacingAndGlyphs" fill="${ink}"${look}>${escaped(text.trim())}</text>`;
}

/** Which part of the height of a cell a block fills: from, to. */
const BLOCKS: Readonly<Record<string, readonly [number, number]>> = {
  '▀': [0, 0.5],
  '▄': [0.5, 1],
  '█': [0, 1],
};

const isBraille = (glyph: string) => glyph >= '\u2800' && glyph <= '\u28ff';
const isDrawn = (glyph: string) =>
  BLOCKS[glyph] !== undefined || ARMS[glyph] !== undefined || isBraille(glyph);

/** To which sides of its cell a line goes from the middle: up, right, down, left. */
const ARMS: Readonly<Record<string, string>> = {
  ...{ '─': 'rl', '━': 'rl', '│': 'ud', '├': 'urd', '┤': 'udl', '┬': 'rdl', '┴': 'url' },
  ...{ '┼': 'urdl', '╭': 'rd', '╮': 'dl', '╰': 'ur', '╯': 'ul', '┌': 'rd', '┐': 'dl' },
  ...{ '└': 'ur', '┘': 'ul' },
};

function drawLines({ x, y, count, ink }: Run, arms: string, width: number): string {
  const middle = round(TITLE_HEIGHT + (y + 0.5) * CELL_HEIGHT);
  const top = TITLE_HEIGHT + y * CELL_HEIGHT;
  const strokes = Array.from({ length: count }, (_, place) => {
    const left = MARGIN + (x + place) * CELL_WIDTH;
    const ends: Readonly<Record<string, string>> = {
      u: `V${round(top)}`,
      r: `H${round(left + CELL_WIDTH)}`,
      d: `V${round(top + CELL_HEIGHT)}`,
      l: `H${round(left)}`,
    };
    const centre = `M${round(left + CELL_WIDTH / 2)} ${middle}`;
    return [...arms].map((arm) => centre + ends[arm]).join('');
  });
  return `<path d="${strokes.join('')}" stroke="${ink}" stroke-width="${width}" stroke-linecap="square"/>`;
}

/** Column, row and bit of each dot (Unicode chart U2800). */
const DOTS = [
  ...[0x01, 0x02, 0x04, 0x40].map((bit, row) => [0, row, bit] as const),
  ...[0x08, 0x10, 0x20, 0x80].map((bit, row) => [1, row, bit] as const),
];

function drawBraille({ x, y, count, ink }: Run, glyph: string): string {
  const dots = (glyph.codePointAt(0) ?? 0) - 0x2800;
  const path = Array.from({ length: count }, (_, place) =>
    DOTS.filter(([, , bit]) => (dots & bit) !== 0).map(([column, row]) => {
      const cx = round(MARGIN + (x + place + (column + 0.5) / 2) * CELL_WIDTH);
      const cy = round(TITLE_HEIGHT + (y + (row + 0.5) / 4) * CELL_HEIGHT);
      return `M${cx} ${cy}h0`;
    }),
  );
  return `<path d="${path.flat().join('')}" stroke="${ink}" stroke-width="2.8" stroke-linecap="round"/>`;
}

function box({ x, y, count }: Run, [from, to]: readonly [number, number], fill: string): string {
  // A little larger than the cells, so that neighbours leave no hairline between them.
  const width = round(count * CELL_WIDTH + 0.3);
  const height = round((to - from) * CELL_HEIGHT + 0.3);
  const left = round(MARGIN + x * CELL_WIDTH);
  const top = round(TITLE_HEIGHT + (y + from) * CELL_HEIGHT);
  return `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${fill}"/>`;
}

const round = (value: number) => Number(value.toFixed(1));

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
