/**
 * Which row belongs to what, at every size. The map has whole rows, from edge to edge: ink erases to
 * the end of a line when it changes something in it, so nothing else may stand beside the map.
 *
 *   0        header        name, health, progress
 *   1        alert         what is wrong and what to do
 *   2        legend        states and counts
 *   3        title         what the map shows, and the region under the cursor
 *   4 …      map           painter
 *            overview      painter: the whole mirror in one row
 *            deck          panels, one or two rows of them, two or three in a row
 *   last     keys
 */
import type { Rect } from './painter.ts';

export const COLUMNS_MIN = 60;
export const ROWS_MIN = 18;

export interface ScreenPlan {
  readonly columns: number;
  readonly rows: number;
  readonly isTooSmall: boolean;
  /** The map and, in its last row, the overview. */
  readonly canvas: Rect;
  readonly deckColumns: number;
  readonly deckRows: number;
  readonly panelHeight: number;
}

const HEAD_ROWS = 4;
const KEY_ROWS = 1;

export function planScreen(columns: number, rows: number, isMapLarge: boolean): ScreenPlan {
  const deckRows = isMapLarge ? 0 : rows >= 40 ? 2 : 1;
  const panelHeight = rows >= 46 ? 9 : rows >= 30 ? 8 : 7;
  const height = Math.max(0, rows - HEAD_ROWS - KEY_ROWS - deckRows * panelHeight);
  return {
    columns,
    rows,
    isTooSmall: columns < COLUMNS_MIN || rows < ROWS_MIN,
    canvas: { x: 0, y: HEAD_ROWS, width: columns, height },
    deckColumns: columns >= 120 ? 3 : 2,
    deckRows,
    panelHeight,
  };
}
