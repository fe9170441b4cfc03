/** Which panels are on the screen, and where: as many as there is room for, those around the focus. */
import type { Dashboard, PanelName } from './dashboard.ts';
import { PANELS } from './dashboard.ts';
import type { Rect } from './painter.ts';

export interface PlacedPanel {
  readonly name: PanelName;
  readonly rect: Rect;
  readonly isFocused: boolean;
}

/** Row by row. */
export function deckRows({ plan, focus }: Dashboard): readonly (readonly PlacedPanel[])[] {
  const { columns, deckColumns, canvas, panelHeight } = plan;
  const perPage = deckColumns * plan.deckRows;
  const edge = (column: number) => Math.floor((column * columns) / deckColumns);
  const first = perPage === 0 ? 0 : Math.floor(focus / perPage) * perPage;
  return Array.from({ length: plan.deckRows }, (_, row) => {
    const from = first + row * deckColumns;
    return PANELS.slice(from, from + deckColumns).map((name, column) => ({
      name,
      isFocused: PANELS[focus] === name,
      rect: {
        x: edge(column),
        y: canvas.y + canvas.height + row * panelHeight,
        width: edge(column + 1) - edge(column),
        height: panelHeight,
      },
    }));
  });
}

export function panelAt(dashboard: Dashboard, x: number, y: number): PlacedPanel | undefined {
  return deckRows(dashboard)
    .flat()
    .find(({ rect }) => {
      const [right, below] = [x - rect.x, y - rect.y];
      return right >= 0 && below >= 0 && right < rect.width && below < rect.height;
    });
}
