/** Which regions the map shows: zooming and moving, always within the mirror. */
import type { RegionWindow } from './map-layout.ts';

export function wholeMirror(regionCount: number): RegionWindow {
  return { first: 0, count: regionCount };
}

/** `factor` above 1 shows less. The region `at` stays where it is on the screen, as far as possible. */
export function zoomed(
  { first, count }: RegionWindow,
  regionCount: number,
  at: number,
  factor: number,
): RegionWindow {
  const shown = clamp(Math.round(count / factor), 1, regionCount);
  const place = count === 0 ? 0 : (at - first) / count;
  return within({ first: Math.round(at - place * shown), count: shown }, regionCount);
}

/** `share` of the window further on; negative: back. */
export function panned(window: RegionWindow, regionCount: number, share: number): RegionWindow {
  const by = Math.sign(share) * Math.max(1, Math.round(Math.abs(share) * window.count));
  return within({ ...window, first: window.first + by }, regionCount);
}

/** The same size, moved only if `region` is not in it. */
export function showing(window: RegionWindow, regionCount: number, region: number): RegionWindow {
  if (region >= window.first && region < window.first + window.count) return window;
  return within({ ...window, first: region - Math.floor(window.count / 2) }, regionCount);
}

function within({ first, count }: RegionWindow, regionCount: number): RegionWindow {
  return { first: clamp(first, 0, regionCount - count), count };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
