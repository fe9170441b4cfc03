/**
 * What the dashboard shows and how it reacts, without React and without a terminal: the components
 * read from here, keys and pointer act on it, and it drives the map.
 *
 *   watch ─ map, 10 Hz ─▶ canvas ─▶ painter          keys ─▶ command ─┐
 *         └ snapshot, 1 Hz ─▶ onChange ─▶ React   ◀───────────────────┴─ dashboard
 *
 * The byte budget of the map is a bucket that fills by `BYTES_PER_SECOND` and holds a little more, so
 * that a change after some quiet shows at once, and a storm of changes cannot flood a slow line.
 */
import type { MirrorWatch } from '../watch/mirror-watch.ts';
import type { EngineAction } from './engine-actions.ts';
import type { MapCanvas } from './map-canvas.ts';
import type { MapOrder, RegionWindow } from './map-layout.ts';
import type { ScreenPlan } from './screen-plan.ts';
import { planScreen } from './screen-plan.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import type { Theme } from './theme.ts';
import { THEMES } from './theme.ts';
import { panned, showing, wholeMirror, zoomed } from './view-window.ts';

const BYTES_PER_SECOND = 11 * 1024;
const BYTES_PER_SECOND_SLOW = 4 * 1024;
const BUCKET_SECONDS = 2;
const SLOW_MAP_MS = 500;
const MAP_MS = 100;
const MESSAGE_SECONDS = 5;

export type Overlay =
  | { readonly kind: 'help'; readonly text: string; readonly scroll: number }
  | { readonly kind: 'command' | 'offset' | 'filter' | 'throttle'; readonly text: string }
  | { readonly kind: 'confirm'; readonly action: EngineAction; readonly text: string }
  | {
      readonly kind: 'choice';
      readonly title: string;
      readonly choices: readonly Choice[];
      readonly text: string;
    };

/** One way to go on; the first of its keys is shown. */
export interface Choice {
  readonly keys: readonly string[];
  readonly words: string;
  readonly run: () => void;
}

export const PANELS = ['legs', 'traffic', 'recovery', 'log', 'region', 'events'] as const;
export type PanelName = (typeof PANELS)[number];

export interface DashboardSettings {
  readonly traits: TerminalTraits;
  readonly theme: Theme;
  readonly readOnly: boolean;
}

/** What only the terminal's owner can do. */
export interface DashboardDoors {
  quit(): void;
  setMouse(on: boolean): void;
  openWallboard(): void;
}

export class Dashboard {
  readonly watch: MirrorWatch;
  readonly canvas: MapCanvas;
  readonly settings: DashboardSettings;
  readonly doors: DashboardDoors;
  theme: Theme;
  order: MapOrder = 'linear';
  focus = 0;
  overlay: Overlay | null = null;
  eventFilter = '';
  isFrozen = false;
  isMouseOn = true;
  isSlow = false;
  isMapLarge = false;
  plan: ScreenPlan = planScreen(0, 0, false);
  #window: RegionWindow | null = null;
  #message: { text: string; isBad: boolean; until: number } | null = null;
  #listeners = new Set<() => void>();
  #version = 0;
  #allowance = 0;
  #frameAt = 0;
  /** What the map cost so far, to be shown in slow mode and in benchmarks. */
  mapBytes = 0;

  constructor(
    watch: MirrorWatch,
    canvas: MapCanvas,
    settings: DashboardSettings,
    doors: DashboardDoors,
  ) {
    this.watch = watch;
    this.canvas = canvas;
    this.settings = settings;
    this.doors = doors;
    this.theme = settings.theme;
    watch.onChange = () => {
      if (!this.isFrozen) this.changed();
    };
    watch.onMap = {
      changed: (first, count, writes) => canvas.changed(first, count, writes),
      painted: () => {
        if (!this.isFrozen) this.#frame();
      },
      replaced: () => this.#replaced(),
    };
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Changes with everything that a component could show. */
  readonly version = () => this.#version;

  changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }

  get regionCount(): number {
    return this.watch.picture?.regionCount ?? 1;
  }

  get window(): RegionWindow {
    return this.#window ?? wholeMirror(this.regionCount);
  }

  get cursor(): number | null {
    return this.canvas.cursor;
  }

  get message(): { readonly text: string; readonly isBad: boolean } | null {
    return this.#message !== null && this.#message.until > this.watch.now ? this.#message : null;
  }

  say(text: string, isBad = false): void {
    this.#message = { text, isBad, until: this.watch.now + MESSAGE_SECONDS };
    this.changed();
  }

  open(overlay: Overlay | null): void {
    this.overlay = overlay;
    this.changed();
  }

  /** The terminal has this size now. */
  resize(columns: number, rows: number): void {
    this.plan = planScreen(columns, rows, this.isMapLarge);
    this.redraw();
  }

  /** Somebody else has the terminal: nothing is painted until `redraw`. */
  pause(): void {
    this.plan = { ...this.plan, canvas: { ...this.plan.canvas, height: 0 } };
    this.redraw();
  }

  /** Lays the map out anew. */
  redraw(): void {
    const { picture } = this.watch;
    const { canvas: rect, isTooSmall } = this.plan;
    if (picture !== null) {
      const shown = isTooSmall ? { ...rect, width: 0, height: 0 } : rect;
      const { theme, order, window } = this;
      this.canvas.show(picture, shown, { theme, order, window, traits: this.settings.traits });
      this.#frame();
    }
    this.changed();
  }

  toggleLarge(): void {
    this.isMapLarge = !this.isMapLarge;
    this.resize(this.plan.columns, this.plan.rows);
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
      this.#frame();
      this.changed();
      return;
    }
    this.#window = window;
    this.redraw();
  }

  moveCursor(right: number, down: number): void {
    const { cursor, window } = this;
    if (cursor === null) this.point(window.first);
    else this.point(this.canvas.neighbour(cursor, right, down));
  }

  /** To the next region in one of `states` (numbers). */
  seek(step: 1 | -1, states: readonly number[], what: string): void {
    const from = this.cursor === null ? (step > 0 ? 0 : -1) : this.cursor + step;
    const found = this.watch.picture?.find(from, step, states) ?? null;
    if (found === null) this.say(`no region is ${what}`);
    else this.point(found);
  }

  nextTheme(): void {
    const at = THEMES.indexOf(this.theme);
    this.theme = THEMES[(at + 1) % THEMES.length] ?? this.theme;
    this.redraw();
  }

  setSlow(slow: boolean): void {
    this.isSlow = slow;
    this.watch.mapMs = slow ? SLOW_MAP_MS : MAP_MS;
    this.changed();
  }

  /** Runs a confirmed action; what comes of it is said on the screen. */
  async carryOut({ request, command }: EngineAction): Promise<void> {
    try {
      await this.watch.command(request);
      this.say(`done: ${command}`);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), true);
    }
  }

  #replaced(): void {
    this.#window = null;
    this.canvas.cursor = null;
    this.redraw();
  }

  #frame(): void {
    const now = this.watch.now;
    const rate = this.isSlow ? BYTES_PER_SECOND_SLOW : BYTES_PER_SECOND;
    const earned = (now - this.#frameAt) * rate;
    this.#frameAt = now;
    this.#allowance = Math.min(rate * BUCKET_SECONDS, this.#allowance + earned);
    if (this.#allowance <= 0) return;
    const spent = this.canvas.frame(this.#allowance);
    this.#allowance -= spent;
    this.mapBytes += spent;
  }
}
