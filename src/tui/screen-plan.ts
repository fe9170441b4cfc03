/**
 * Which row belongs to what, at every size. The map has whole rows, from edge to edge: ink erases to
 * the end of a line when it changes something in it, so nothing else may stand beside the map.
 *
 *   0        header        name, health, progress
 *   1        alert         what is wrong, since when
 *   2        advice        what to do about it
 *   3        legend        states and counts
 *   4        title         what the map shows, and the region under the cursor
 *   5 …      map           painter
 *            overview      painter: the whole mirror in one row
 *            deck          panels, one or two rows of them, two or three in a row
 *   last     keys
 */
import type { Rect } from './painter.ts';

export const COLUMNS_MIN = 60;
export const ROWS_MIN = 18;

/** The map alone, the map over panels, or the map over the focused panel alone. */
export type DeckLayout = 'map' | 'usual' | 'panel';

export interface ScreenPlan {
  readonly columns: number;
  readonly rows: number;
  readonly isTooSmall: boolean;
  /** The map and, in its last row, the overview; empty on a terminal that is too small. */
  readonly canvas: Rect;
  readonly deckColumns: number;
  readonly deckRows: number;
  readonly panelHeight: number;
}

const HEAD_ROWS = 5;
const KEY_ROWS = 1;
const MAP_ROWS_MIN = 5;

export function planScreen(columns: number, rows: number, layout: DeckLayout): ScreenPlan {
  const isTooSmall = columns < COLUMNS_MIN || rows < ROWS_MIN;
  const body = Math.max(0, rows - HEAD_ROWS - KEY_ROWS);
  const { deckRows, deckColumns } = deckOf(layout, columns, rows);
  const panelHeight = panelHeightOf(layout, rows, body);
  const height = isTooSmall ? 0 : Math.max(0, body - deckRows * panelHeight);
  return {
    columns,
    rows,
    isTooSmall,
    canvas: { x: 0, y: HEAD_ROWS, width: isTooSmall ? 0 : columns, height },
    deckColumns,
    deckRows,
    panelHeight,
  };
}

function deckOf(layout: DeckLayout, columns: number, rows: number) {
  if (layout === 'map') return { deckRows: 0, deckColumns: 1 };
  if (layout === 'panel') return { deckRows: 1, deckColumns: 1 };
  return { deckRows: rows >= 40 ? 2 : 1, deckColumns: columns >= 120 ? 3 : 2 };
}

function panelHeightOf(layout: DeckLayout, rows: number, body: number): number {
  const usual = rows >= 46 ? 9 : rows >= 30 ? 8 : 7;
  const large = body - Math.max(MAP_ROWS_MIN, Math.floor(body / 3));
  return layout === 'panel' ? Math.max(usual, large) : usual;
}
