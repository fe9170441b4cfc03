/**
 * Where regions lie on the screen. The map has *dots*: terminal cells, or half of one where a cell can
 * show two colours. Regions go into *slots*, in the order of the disk:
 *
 *   more regions than dots        a slot is one dot and stands for several regions
 *   fewer regions than dots       a slot is one region and becomes a tile of several dots, with a gap
 *                                 to its neighbours as soon as there is room for one
 *
 *   ███ ███ ███ ███      tiles of 3 by 2 dots and gaps
 *   ███ ███ ███
 *
 * Pure: the same window and size make the same layout. Slots are numbered in the order of their
 * regions; `slotAtDot` knows where on the screen each one went (row by row, or along a Hilbert curve).
 */
import { hilbertOrder } from './hilbert-order.ts';

/** A range of regions: `count` of them from `first` on. */
export interface RegionWindow {
  readonly first: number;
  readonly count: number;
}

export type MapOrder = 'linear' | 'hilbert';

export const NO_SLOT = -1;

export class MapLayout {
  readonly window: RegionWindow;
  /** In dots. */
  readonly width: number;
  readonly height: number;
  readonly slotCount: number;
  /** By dot, row by row; `NO_SLOT` in gaps and past the last region. */
  readonly slotAtDot: Int32Array;

  constructor(window: RegionWindow, width: number, height: number, order: MapOrder) {
    const tile = tileFor(window.count, width, height);
    const columns = Math.floor(width / tile.width);
    const rows = Math.floor(height / tile.height);
    this.window = window;
    this.width = width;
    this.height = height;
    this.slotCount = Math.min(window.count, columns * rows);
    this.slotAtDot = new Int32Array(width * height).fill(NO_SLOT);
    const places = order === 'hilbert' ? hilbertOrder(columns, rows) : null;
    for (let slot = 0; slot < this.slotCount; slot += 1) {
      const place = places?.[slot] ?? slot;
      this.#lay(slot, place % columns, Math.floor(place / columns), tile);
    }
  }

  /** The regions of a slot: from this one to the one before `firstOf(slot + 1)`. */
  firstOf(slot: number): number {
    return this.window.first + Math.floor((slot * this.window.count) / this.slotCount);
  }

  /** `NO_SLOT` outside the window. */
  slotOf(region: number): number {
    const { first, count } = this.window;
    if (region < first || region >= first + count) return NO_SLOT;
    const guess = Math.floor(((region - first) * this.slotCount) / count);
    return region >= this.firstOf(guess + 1) ? guess + 1 : guess;
  }

  #lay(slot: number, column: number, row: number, { width, height }: Tile): void {
    const gap = width > 2 && height > 2 ? 1 : 0;
    const wide = width - gap;
    const high = height - gap;
    for (let y = row * height; y < row * height + high; y += 1) {
      this.slotAtDot.fill(
        slot,
        y * this.width + column * width,
        y * this.width + column * width + wide,
      );
    }
  }
}

interface Tile {
  readonly width: number;
  readonly height: number;
}

/** The largest tile of which `count` fit, as square as can be; one dot if there is no room. */
function tileFor(count: number, width: number, height: number): Tile {
  let best: Tile = { width: 1, height: 1 };
  for (let tileHeight = 1; tileHeight <= height; tileHeight += 1) {
    const columns = Math.ceil(count / Math.floor(height / tileHeight));
    if (columns > width) break;
    const tile = { width: Math.floor(width / columns), height: tileHeight };
    if (worth(tile) > worth(best)) best = tile;
  }
  return best;
}

/** Its smaller side decides, then its area. */
const worth = ({ width, height }: Tile) => Math.min(width, height) + (width * height) / 1e6;
