/** What the mouse does, by where it points: an item, a key, a panel, the throttle's slider, the map. */
import type { Dashboard } from './dashboard.ts';
import { PANELS } from './dashboard.ts';
import type { PlacedPanel } from './deck-plan.ts';
import { panelAt } from './deck-plan.ts';
import { keyHints } from './key-bar.tsx';
import { choose } from './overlay-keys.ts';
import { itemAt, overlayRect } from './overlay-plan.ts';
import { sliderShare } from './panels/recovery-panel.tsx';
import type { PointerEvent } from './pointer-input.ts';

const WHEEL_ZOOM = 2;
const WHEEL_LINES = 2;

export function point(dashboard: Dashboard, event: PointerEvent): void {
  if (dashboard.overlay !== null) {
    pointAtOverlay(dashboard, event);
    return;
  }
  const panel = panelAt(dashboard, event.x, event.y);
  if (panel !== undefined) pointAtPanel(dashboard, panel, event);
  else if (event.y === dashboard.plan.rows - 1) pointAtKeys(dashboard, event);
  else pointAtMap(dashboard, event);
}

function pointAtOverlay(dashboard: Dashboard, { kind, x, y }: PointerEvent): void {
  const { overlay } = dashboard;
  const rect = overlayRect(dashboard);
  const isInside =
    x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
  if (overlay === null || kind !== 'press') return;
  const item = isInside ? itemAt(dashboard, y) : null;
  if (item !== null && (overlay.kind === 'menu' || overlay.kind === 'mirrors')) {
    choose(dashboard, overlay, item);
  } else if (!isInside) {
    if (overlay.kind === 'question') overlay.answer(false);
    dashboard.open(null);
  }
}

function pointAtKeys(dashboard: Dashboard, { kind, x }: PointerEvent): void {
  if (kind !== 'press') return;
  const hint = keyHints(dashboard).find((shown) => x >= shown.x && x < shown.x + shown.width);
  hint?.command.run(dashboard, '');
}

/** The first press chooses a panel, one on the title of the chosen panel enlarges it. */
function pointAtPanel(dashboard: Dashboard, panel: PlacedPanel, event: PointerEvent): void {
  const { name, rect, isFocused } = panel;
  const { kind, x, y } = event;
  if (kind === 'wheelUp') dashboard.scroll(name, -WHEEL_LINES);
  else if (kind === 'wheelDown') dashboard.scroll(name, WHEEL_LINES);
  else if (kind === 'press' || kind === 'drag') {
    const share = name === 'recovery' ? sliderShare(rect, x, y) : null;
    if (share !== null && dashboard.canAct) dashboard.slider.set(share * 100);
    if (kind === 'press' && isFocused && y === rect.y) dashboard.lay('panel');
    dashboard.focus = PANELS.indexOf(name);
    dashboard.changed();
  }
}

function pointAtMap(dashboard: Dashboard, { kind, x, y }: PointerEvent): void {
  const { map } = dashboard;
  const region = map.canvas.regionAt(x, y);
  if (region === null) return;
  if (kind === 'press') map.point(region);
  else if (kind === 'wheelUp') map.zoom(WHEEL_ZOOM, region);
  else if (kind === 'wheelDown') map.zoom(1 / WHEEL_ZOOM, region);
  dashboard.changed();
}
