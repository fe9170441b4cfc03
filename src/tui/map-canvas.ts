/**
 * The map and the overview under it, from the picture of the regions to the codes of cells. Knows the
 * window that is shown, the order, the cursor; the painter does the rest.
 *
 *   picture ─▶ slots (map) ──────┐
 *           └▶ slots (overview) ─┴▶ cells ─▶ painter
 */
import type { RegionPicture } from '../watch/region-picture.ts';
import type { MapOrder, RegionWindow } from './map-layout.ts';
import { MapLayout, NO_SLOT } from './map-layout.ts';
import { MapSlots } from './map-slots.ts';
import type { Painter, Rect } from './painter.ts';
import { EMPTY_RECT } from './painter.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import type { Theme } from './theme.ts';
import {
  CURSOR_TONE,
  EMPTY_TONE,
  glyphCode,
  glyphPen,
  HEAD_TONE,
  halfBlockCode,
  halfBlockPen,
  missingTone,
  toneOf,
  WINDOW_TONE,
} from './tones.ts';

/** What the colours of the map say: how regions are, or which legs miss them. */
export type MapSubject = 'states' | 'missing';

export interface CanvasLook {
  readonly theme: Theme;
  readonly traits: TerminalTraits;
  readonly order: MapOrder;
  readonly window: RegionWindow;
  readonly subject: MapSubject;
}

export class MapCanvas {
  readonly #painter: Painter;
  #picture: RegionPicture | null = null;
  #map: MapSlots | null = null;
  #overview: MapSlots | null = null;
  #dotsPerCell = 2;
  #look: CanvasLook | null = null;
  /** The region under the cursor; null: the cursor is not shown. */
  cursor: number | null = null;
  /** The region where recovery is; null: it is nowhere. */
  head: number | null = null;

  constructor(painter: Painter) {
    this.#painter = painter;
  }

  /** Regions of the window in one dot, or less than one if a region has several. */
  get regionsPerDot(): number {
    return this.#map === null ? 1 : this.#map.layout.window.count / this.#map.layout.slotCount;
  }

  /** Begins anew: another size, window or look. An empty `rect` shows nothing. */
  show(picture: RegionPicture, rect: Rect, look: CanvasLook): void {
    this.#picture = picture;
    this.#look = look;
    const { theme, traits } = look;
    const isPlain = traits.depth === 0 || traits.ascii;
    const pen = isPlain ? glyphPen(traits.ascii) : halfBlockPen(theme, traits.depth);
    this.#dotsPerCell = isPlain ? 1 : 2;
    this.#painter.place(rect, pen);
    const dots = Math.max(1, rect.height - 1) * this.#dotsPerCell;
    const whole = { first: 0, count: picture.regionCount };
    const width = Math.max(1, rect.width);
    this.#map = new MapSlots(new MapLayout(look.window, width, dots, look.order), picture);
    this.#overview = new MapSlots(new MapLayout(whole, width, 1, 'linear'), picture);
  }

  /** Nothing is known of any region. */
  hide(): void {
    this.#map = null;
    this.#overview = null;
    this.#painter.place(EMPTY_RECT, glyphPen(false));
  }

  changed(first: number, count: number, writes: number): void {
    this.#map?.changed(first, count, writes);
    this.#overview?.changed(first, count, writes);
  }

  /** One frame: at most about `bytesMax` bytes; returns how many. */
  frame(bytesMax: number): number {
    if (this.#map === null || this.#overview === null || this.#painter.cells.length === 0) return 0;
    this.#map.settle();
    this.#overview.settle();
    this.#compose(this.#map, this.#overview);
    return this.#painter.paint(bytesMax);
  }

  /** The region at a cell of the terminal; null where there is none. */
  regionAt(x: number, y: number): number | null {
    const { rect } = this.#painter;
    if (this.#map === null || x < rect.x || x >= rect.x + rect.width) return null;
    const row = y - rect.y;
    if (row === rect.height - 1 && this.#overview !== null) {
      return this.#overview.layout.firstOf(this.#overview.layout.slotAtDot[x - rect.x] ?? 0);
    }
    if (row < 0 || row >= rect.height) return null;
    const { layout } = this.#map;
    const slot = layout.slotAtDot[row * this.#dotsPerCell * layout.width + x - rect.x] ?? NO_SLOT;
    return slot === NO_SLOT ? null : layout.firstOf(slot);
  }

  isOverview(y: number): boolean {
    const { rect } = this.#painter;
    return y === rect.y + rect.height - 1;
  }

  /** The region one slot away from `region` in a direction on the screen. */
  neighbour(region: number, right: number, down: number): number {
    if (this.#map === null) return region;
    const { layout } = this.#map;
    const slot = layout.slotOf(region);
    const dot = layout.slotAtDot.indexOf(slot);
    if (slot === NO_SLOT || dot < 0) return layout.window.first;
    let x = dot % layout.width;
    let y = Math.floor(dot / layout.width);
    for (;;) {
      x += right;
      y += down;
      if (x < 0 || y < 0 || x >= layout.width || y >= layout.height) {
        return wrapped(layout, slot, right);
      }
      const found = layout.slotAtDot[y * layout.width + x] ?? NO_SLOT;
      if (found !== NO_SLOT && found !== slot) return layout.firstOf(found);
    }
  }

  #compose(map: MapSlots, overview: MapSlots): void {
    const { width, height } = this.#painter.rect;
    const subject = this.#look?.subject ?? 'states';
    const tones = new SlotTones(map, subject, this.cursor, this.head);
    const mapCells = (height - 1) * width;
    for (let cell = 0; cell < mapCells; cell += 1) {
      this.#painter.cells[cell] = this.#mapCode(map, cell, tones);
    }
    const strip = new SlotTones(overview, subject, null, this.head);
    for (let x = 0; x < width; x += 1) {
      this.#painter.cells[mapCells + x] = this.#overviewCode(overview, x, strip);
    }
  }

  #mapCode(map: MapSlots, cell: number, tones: SlotTones): number {
    const { width, slotAtDot } = map.layout;
    if (this.#dotsPerCell === 1) {
      const slot = slotAtDot[cell] ?? NO_SLOT;
      return glyphCode(tones.plain(slot), tones.isCursor(slot));
    }
    const upper = cell + Math.floor(cell / width) * width;
    return halfBlockCode(
      tones.of(slotAtDot[upper] ?? NO_SLOT),
      tones.of(slotAtDot[upper + width] ?? NO_SLOT),
    );
  }

  /** Above the strip, a mark for the window, if it is not the whole mirror. */
  #overviewCode(overview: MapSlots, x: number, tones: SlotTones): number {
    const { layout } = overview;
    const slot = layout.slotAtDot[x] ?? NO_SLOT;
    const window = this.#look?.window ?? layout.window;
    const isPart = window.count < (this.#picture?.regionCount ?? 0);
    const isShown =
      isPart &&
      slot !== NO_SLOT &&
      layout.firstOf(slot + 1) > window.first &&
      layout.firstOf(slot) < window.first + window.count;
    if (this.#dotsPerCell === 1) {
      // Without colour it would look like one more row of the map, so it shows only when it differs.
      return glyphCode(isPart ? tones.plain(slot) : EMPTY_TONE, isShown);
    }
    return halfBlockCode(isShown ? WINDOW_TONE : EMPTY_TONE, tones.of(slot));
  }
}

function wrapped(layout: MapLayout, slot: number, right: number): number {
  const next = Math.max(0, Math.min(layout.slotCount - 1, slot + right));
  return layout.firstOf(next);
}

/** The tones of slots in one frame: cursor and head over what the regions look like. */
class SlotTones {
  readonly #slots: MapSlots;
  readonly #subject: MapSubject;
  readonly #cursorSlot: number;
  readonly #headSlot: number;

  constructor(slots: MapSlots, subject: MapSubject, cursor: number | null, head: number | null) {
    this.#slots = slots;
    this.#subject = subject;
    this.#cursorSlot = cursor === null ? NO_SLOT : slots.layout.slotOf(cursor);
    this.#headSlot = head === null ? NO_SLOT : slots.layout.slotOf(head);
  }

  isCursor(slot: number): boolean {
    return slot !== NO_SLOT && slot === this.#cursorSlot;
  }

  of(slot: number): number {
    return this.isCursor(slot) ? CURSOR_TONE : this.plain(slot);
  }

  /** Without the cursor. */
  plain(slot: number): number {
    if (slot === NO_SLOT) return EMPTY_TONE;
    if (slot === this.#headSlot) return HEAD_TONE;
    const { worst, levels, missing } = this.#slots;
    if (this.#subject === 'missing') return missingTone(missing[slot] ?? 0);
    return toneOf(worst[slot] ?? 0, levels[slot] ?? 0);
  }
}
