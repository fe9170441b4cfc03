/**
 * What the dashboard shows and how it reacts, without React and without a terminal: the components
 * read from here, keys and pointer act on it, and it drives the map.
 *
 *   watch ─ map, 10 Hz ─▶ map view ─▶ painter        keys ─▶ command ─┐
 *         └ snapshot, 1 Hz ─▶ onChange ─▶ React   ◀───────────────────┴─ dashboard
 */
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import { CommandDesk } from './command-desk.ts';
import type { MapCanvas } from './map-canvas.ts';
import { MapView } from './map-view.ts';
import type { MirrorAction } from './mirror-actions.ts';
import { throttling } from './mirror-actions.ts';
import type { Overlay } from './overlay.ts';
import type { Rect } from './painter.ts';
import { RegionInquiry } from './region-inquiry.ts';
import type { DeckLayout, ScreenPlan } from './screen-plan.ts';
import { planScreen } from './screen-plan.ts';
import type { ListedMirror, StateDirectory } from './state-directory.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import type { Theme } from './theme.ts';
import { THEMES } from './theme.ts';
import { ThrottleSlider } from './throttle-slider.ts';

const SLOW_MAP_MS = 500;
const MAP_MS = 100;
const MESSAGE_SECONDS = 6;
const MIRRORS_MS = 1500;

export const PANELS = ['legs', 'traffic', 'recovery', 'log', 'region', 'events'] as const;
export type PanelName = (typeof PANELS)[number];

export interface DashboardSettings {
  readonly traits: TerminalTraits;
  readonly theme: Theme;
  readonly readOnly: boolean;
  /** Null: there is nothing but the one mirror, and nothing can be done to it. */
  readonly directory: StateDirectory | null;
}

/** What only the terminal's owner can do. */
export interface DashboardDoors {
  quit(): void;
  /** Stops the process until somebody lets it go on. */
  suspend(): void;
  setMouse(on: boolean): void;
  openWallboard(): void;
  /** Writes the view to a new file, whose name says how. Throws USAGE and CANNOT_CREATE. */
  exportView(file: string): Promise<void>;
}

export class Dashboard {
  watch: MirrorWatch;
  readonly map: MapView;
  settings: DashboardSettings;
  readonly doors: DashboardDoors;
  readonly desk = new CommandDesk(this);
  readonly slider = new ThrottleSlider((percent) =>
    this.desk.run(throttling(this.watch.source.name, percent)),
  );
  readonly inquiry = new RegionInquiry(
    (region) => this.desk.ask(['why', this.watch.source.name, String(region)]),
    () => this.changed(),
  );
  focus = 0;
  /** How far each panel is scrolled, in lines. */
  readonly scrolls: Record<PanelName, number> = {
    ...{ legs: 0, traffic: 0, recovery: 0, log: 0, region: 0, events: 0 },
  };
  overlay: Overlay | null = null;
  /** As last listed; while the list is open, every `MIRRORS_MS`. */
  mirrors: readonly ListedMirror[] = [];
  eventFilter = '';
  isFrozen = false;
  isMouseOn = true;
  layout: DeckLayout = 'usual';
  plan: ScreenPlan = planScreen(0, 0, 'usual');
  #message: { text: string; isBad: boolean; until: number } | null = null;
  #listeners = new Set<() => void>();
  #version = 0;
  #listing: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(
    watch: MirrorWatch,
    canvas: MapCanvas,
    settings: DashboardSettings,
    doors: DashboardDoors,
  ) {
    this.watch = watch;
    this.map = new MapView(canvas, settings.traits, settings.theme, () => this.watch.now);
    this.settings = settings;
    this.doors = doors;
    this.#attach();
  }

  readonly subscribe = (listener: () => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Changes with everything that a component could show. */
  readonly version = () => this.#version;

  changed(): void {
    this.#version += 1;
    if (this.map.cursor !== this.inquiry.region) this.#inquire();
    for (const listener of this.#listeners) listener();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#listing !== null) clearTimeout(this.#listing);
    this.slider.stop();
    this.watch.close();
  }

  /** Watches another mirror from now on. */
  follow(source: Source): void {
    this.watch.close();
    this.watch = new MirrorWatch(source, this.watch.clock);
    this.#attach();
    this.map.take(null);
    this.setSlow(this.map.isSlow);
    this.watch.start();
    this.changed();
  }

  get canAct(): boolean {
    const { directory, readOnly } = this.settings;
    return directory !== null && !readOnly && this.watch.source.kind === 'live';
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
    if (overlay?.kind === 'mirrors' && this.#listing === null) void this.#listMirrors();
    this.changed();
  }

  /** The terminal has this size now. */
  resize(columns: number, rows: number): void {
    this.plan = planScreen(columns, rows, this.layout);
    this.map.place(this.plan.canvas);
    this.changed();
  }

  /** Somebody else has the terminal: nothing is painted until `resize`. */
  pause(): void {
    this.map.place({ ...this.plan.canvas, height: 0 });
  }

  lay(layout: DeckLayout): void {
    this.layout = this.layout === layout ? 'usual' : layout;
    this.resize(this.plan.columns, this.plan.rows);
  }

  /** Events begin at their end, so they are scrolled the other way round. */
  scroll(panel: PanelName, lines: number): void {
    const by = panel === 'events' ? -lines : lines;
    this.scrolls[panel] = Math.max(0, this.scrolls[panel] + by);
    this.changed();
  }

  nextTheme(): void {
    const at = THEMES.indexOf(this.map.theme);
    this.map.theme = THEMES[(at + 1) % THEMES.length] ?? this.map.theme;
    this.map.redraw();
    this.changed();
  }

  setSlow(slow: boolean): void {
    this.map.isSlow = slow;
    this.watch.mapMs = slow ? SLOW_MAP_MS : MAP_MS;
    this.changed();
  }

  /** Shows an action with its consequences, to be confirmed; `then` comes when it is done. */
  propose(action: MirrorAction, then: (dashboard: Dashboard) => void = () => {}): void {
    this.open({ kind: 'confirm', action, text: '', rehearsal: null, then });
    void this.desk.rehearse(action);
  }

  /** Runs `draw` as if the terminal had these traits, and the map another canvas. */
  drawAs(traits: TerminalTraits, canvas: MapCanvas, rect: Rect | null, draw: () => void): void {
    const { settings } = this;
    this.settings = { ...settings, traits };
    try {
      this.map.drawOn(canvas, traits, rect, draw);
    } finally {
      this.settings = settings;
    }
  }

  /** Says on the screen where the picture is, or why there is none. */
  async exportTo(file: string): Promise<void> {
    try {
      await this.doors.exportView(file);
      this.say(`written: ${file}`);
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error), true);
    }
  }

  #inquire(): void {
    const isAnswered = this.settings.directory?.knows('why') === true;
    void this.inquiry.look(isAnswered ? this.map.cursor : null);
  }

  async #listMirrors(): Promise<void> {
    const { directory } = this.settings;
    if (directory === null) return;
    this.mirrors = await directory.mirrors();
    this.#listing = null;
    if (this.overlay?.kind !== 'mirrors' || this.#isClosed) return;
    this.changed();
    this.#listing = setTimeout(() => void this.#listMirrors(), MIRRORS_MS);
  }

  #attach(): void {
    const { watch, map } = this;
    watch.onChange = () => {
      const { status } = watch.snapshot;
      map.canvas.head = status?.activity === 'recovering' ? (watch.picture?.head ?? null) : null;
      if (this.isFrozen) return;
      this.#inquire();
      this.changed();
    };
    watch.onMap = {
      changed: (first, count, writes) => map.canvas.changed(first, count, writes),
      painted: () => {
        if (!this.isFrozen) map.frame();
      },
      replaced: () => {
        map.take(watch.picture);
        this.changed();
      },
    };
  }
}
