/**
 * A log's bits as a picture: one cell a region, row by row from the top left. Where there are more
 * regions than cells, each cell stands for a power of two of them, and shows dirt if any of them is
 * dirty: a picture never hides a dirty region.
 *
 *   raster    cells with the share that is dirty, 0 to 1; null past the last region
 *   pbm       plain portable bitmap, black is dirty (netpbm's pbm(5))
 *   svg       one square a cell
 *   terminal  · clean, ░ some of it dirty, █ all of it
 */
import { formatRegions } from '../geometry/size-words.ts';
import type { LogDump } from './log-dump.ts';

/** Pictures larger than this in either direction help nobody. */
export const PICTURE_SIDE_MAX = 1024;

export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly regionsPerCell: number;
  /** Row by row, `width * height` of them. */
  readonly cells: readonly (number | null)[];
}

/** As square as it gets where the width is not given. */
export function rasterOf(dump: LogDump, cellsMax: number, width: number | null): Raster {
  const shown = (dump.cleanRegions ?? 0) + (dump.dirtyRegions ?? 0);
  let regionsPerCell = 1;
  while (Math.ceil(shown / regionsPerCell) > cellsMax) regionsPerCell *= 2;
  const count = Math.ceil(shown / regionsPerCell);
  const columns = Math.max(1, width ?? Math.ceil(Math.sqrt(count)));
  const height = Math.max(1, Math.ceil(count / columns));
  const dirty = dirtyPerCell(dump, regionsPerCell, count);
  const cells = Array.from({ length: columns * height }, (_, cell) => {
    if (cell >= count) return null;
    const held = Math.min(regionsPerCell, shown - cell * regionsPerCell);
    return (dirty[cell] ?? 0) / held;
  });
  return { width: columns, height, regionsPerCell, cells };
}

function dirtyPerCell({ dirtyRuns }: LogDump, regionsPerCell: number, count: number): number[] {
  const dirty = Array<number>(count).fill(0);
  for (const run of dirtyRuns) {
    const end = run.first + run.count;
    for (let at = run.first; at < end; ) {
      const cell = Math.floor(at / regionsPerCell);
      const next = Math.min(end, (cell + 1) * regionsPerCell);
      dirty[cell] = (dirty[cell] ?? 0) + next - at;
      at = next;
    }
  }
  return dirty;
}

/** No line is longer than 70 characters, as the format asks. */
export function pbmLines({ width, height, cells }: Raster): string[] {
  const bits = cells.map((share) => (share !== null && share > 0 ? '1' : '0')).join('');
  return ['P1', `${width} ${height}`, ...(bits.match(/.{1,70}/g) ?? [])];
}

const CELL_PIXELS = 8;
const CLEAN_COLOUR = '#dcefdc';
const DIRTY_COLOURS = ['#f6c26b', '#d1342f'] as const;

export function svgLines(raster: Raster, title: string): string[] {
  const { width, height, cells } = raster;
  const square = (cell: number, colour: string) =>
    `<rect x="${(cell % width) * CELL_PIXELS}" y="${Math.floor(cell / width) * CELL_PIXELS}" width="${CELL_PIXELS - 1}" height="${CELL_PIXELS - 1}" fill="${colour}"/>`;
  const squares = cells.flatMap((share, cell) => {
    if (share === null) return [];
    return [square(cell, share === 0 ? CLEAN_COLOUR : DIRTY_COLOURS[share < 1 ? 0 : 1])];
  });
  const size = `${width * CELL_PIXELS} ${height * CELL_PIXELS}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}">`,
    `<title>${escapeText(title)}</title>`,
    ...squares,
    '</svg>',
  ];
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

export function terminalLines({ width, cells, regionsPerCell }: Raster): string[] {
  const glyphs = cells.map((share) => {
    if (share === null) return '';
    if (share === 0) return '·';
    return share < 1 ? '░' : '█';
  });
  const rows: string[] = [];
  for (let at = 0; at < glyphs.length; at += width) {
    rows.push(glyphs.slice(at, at + width).join(''));
  }
  const partly = regionsPerCell === 1 ? '' : '  ░ partly dirty';
  return [...rows, `· clean  █ dirty${partly}  (each cell ${formatRegions(regionsPerCell)})`];
}
