/**
 * What of the mirror the map shows and how: the window, the order, the subject, the cursor; and when it
 * may be painted.
 *
 * The byte budget is a bucket that fills by `BYTES_PER_SECOND` and holds a little more, so that a change
 * after some quiet shows at once, and a storm of changes cannot flood a slow line. What somebody asked
 * for with a key is painted at once, unless the line is slow.
 */
import type { RegionPicture } from '../watch/region-picture.ts';
import type { MapCanvas, MapSubject } from './map-canvas.ts';
import type { MapOrder, RegionWindow } from './map-layout.ts';
import type { Rect } from './painter.ts';
import { EMPTY_RECT } from './painter.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import type { Theme } from './theme.ts';
import { panned, showing, wholeMirror, zoomed } from './view-window.ts';

const BYTES_PER_SECOND = 11 * 1024;
const BYTES_PER_SECOND_SLOW = 4 * 1024;
const BUCKET_SECONDS = 2;

export class MapView {
  canvas: MapCanvas;
  readonly #traits: TerminalTraits;
  readonly #now: () => number;
  theme: Theme;
  order: MapOrder = 'linear';
  subject: MapSubject = 'states';
  /** Fewer bytes, for a slow line. */
  isSlow = false;
  /** What the map cost so far, to be shown in slow mode and in benchmarks. */
  bytes = 0;
  #picture: RegionPicture | null = null;
  #rect: Rect = EMPTY_RECT;
  #window: RegionWindow | null = null;
  #allowance = 0;
  #frameAt = 0;

  /** `now`: in seconds. */
  constructor(canvas: MapCanvas, traits: TerminalTraits, theme: Theme, now: () => number) {
    this.canvas = canvas;
    this.#traits = traits;
    this.#now = now;
    this.theme = theme;
  }

  get regionCount(): number {
    return this.#picture?.regionCount ?? 1;
  }

  get window(): RegionWindow {
    return this.#window ?? wholeMirror(this.regionCount);
  }

  get cursor(): number | null {
    return this.canvas.cursor;
  }

  /** Another mirror, or the same one as another engine tells it. */
  take(picture: RegionPicture | null): void {
    this.#picture = picture;
    this.#window = null;
    this.canvas.cursor = null;
    this.canvas.head = null;
    this.redraw();
  }

  /** The rectangle of the terminal that is the map's; empty: nothing is painted. */
  place(rect: Rect): void {
    this.#rect = rect;
    this.redraw();
  }

  /** Lays the map out anew. */
  redraw(): void {
    if (this.#picture === null) {
      this.canvas.hide();
      return;
    }
    const { theme, order, window, subject } = this;
    const look = { theme, order, window, subject, traits: this.#traits };
    this.canvas.show(this.#picture, this.#rect, look);
    if (this.isSlow) this.frame();
    else this.bytes += this.canvas.frame(Infinity);
  }

  /** Runs `draw` while the map is on another canvas, as a terminal of these traits would show it. */
  drawOn(canvas: MapCanvas, traits: TerminalTraits, rect: Rect | null, draw: () => void): void {
    const { canvas: own, theme, order, window, subject } = this;
    canvas.cursor = own.cursor;
    canvas.head = own.head;
    if (this.#picture !== null && rect !== null) {
      canvas.show(this.#picture, rect, { theme, order, window, subject, traits });
    }
    this.canvas = canvas;
    try {
      draw();
    } finally {
      this.canvas = own;
    }
  }

  showWhole(): void {
    this.#window = null;
    this.redraw();
  }

  zoom(factor: number, at = this.cursor ?? this.window.first + Math.floor(this.window.count / 2)) {
    const window = zoomed(this.window, this.regionCount, at, factor);
    this.#window = window.count === this.regionCount ? null : window;
    this.redraw();
  }

  pan(share: number): void {
    if (this.#window === null) return;
    this.#window = panned(this.#window, this.regionCount, share);
    this.redraw();
  }

  /** Puts the cursor on a region; null takes it away. */
  point(region: number | null): void {
    this.canvas.cursor = region;
    const window = region === null ? this.window : showing(this.window, this.regionCount, region);
    if (window.first === this.window.first) {
      this.frame();
      return;
    }
    this.#window = window;
    this.redraw();
  }

  move(right: number, down: number): void {
    const { cursor, window } = this;
    if (cursor === null) this.point(window.first);
    else this.point(this.canvas.neighbour(cursor, right, down));
  }

  /** To the next region with one of `looks` (numbers); false: there is none. */
  seek(step: 1 | -1, looks: readonly number[]): boolean {
    const from = this.cursor === null ? (step > 0 ? 0 : -1) : this.cursor + step;
    const found = this.#picture?.find(from, step, looks) ?? null;
    if (found !== null) this.point(found);
    return found !== null;
  }

  /** Paints what has changed, as far as the budget goes. */
  frame(): void {
    const now = this.#now();
    const rate = this.isSlow ? BYTES_PER_SECOND_SLOW : BYTES_PER_SECOND;
    const earned = (now - this.#frameAt) * rate;
    this.#frameAt = now;
    this.#allowance = Math.min(rate * BUCKET_SECONDS, this.#allowance + earned);
    if (this.#allowance <= 0) return;
    // A row is painted to its end, so more may be spent than there was: the next frames wait for it.
    const spent = this.canvas.frame(this.#allowance);
    this.#allowance -= spent;
    this.bytes += spent;
  }
}
