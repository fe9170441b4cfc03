/**
 * The dashboard for whoever listens: lines of words on stdout, commands as lines on stdin. No cursor is
 * moved, nothing is drawn, nothing once said is changed.
 *
 *   watch ─▶ dashboard ─▶ changes as sentences ─▶ print
 *                ▲
 *   line ────────┴ a command by its name or key; while something is asked, the answer
 *
 * The dashboard is the one that others see: same commands, same questions, same consequences.
 */
import type { Snapshot, Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { DashboardSettings } from './dashboard.ts';
import { Dashboard } from './dashboard.ts';
import type { KeyCommand } from './key-commands.ts';
import { commandsFor, completions } from './key-commands.ts';
import { pressKey } from './keyboard.ts';
import { MapCanvas } from './map-canvas.ts';
import { shownMirrors } from './mirror-lines.ts';
import type { Overlay } from './overlay.ts';
import { choose } from './overlay-keys.ts';
import { planOverlay } from './overlay-plan.ts';
import { Painter } from './painter.ts';
import { regionDetail } from './region-detail.ts';
import { spokenChange, spokenMirror } from './spoken-words.ts';
import { glyphPen } from './tones.ts';

export interface ReaderOptions extends DashboardSettings {
  /** Null: `quit` leaves at once. */
  readonly leaving: ((leave: () => void) => Overlay) | null;
  readonly exportView: (dashboard: Dashboard, file: string) => Promise<void>;
  readonly print: (line: string) => void;
}

/** So large that no list of words is cut. */
const COLUMNS = 200;
const ROWS = 2000;
const PICTURE_COLUMNS = 160;
const PICTURE_ROWS = 48;

/** What is only there to be seen. */
const SEEN_ONLY: ReadonlySet<string> = new Set([
  ...['zoom in', 'zoom out', 'whole', 'left', 'right', 'up', 'down', 'back', 'forward', 'view'],
  ...['order', 'large', 'panel', 'panel back', 'enlarge', 'scroll up', 'scroll down', 'freeze'],
  ...['theme', 'mouse', 'slow', 'charts', 'suspend', 'command', 'help'],
]);

export class ScreenReader {
  readonly dashboard: Dashboard;
  /** Resolves when it is left. */
  readonly ended: Promise<void>;
  readonly #print: (line: string) => void;
  readonly #leave: () => void;
  #said: Snapshot;
  #saidMessage = '';
  #saidOverlay: readonly string[] = [];
  #saidCursor: number | null = null;

  constructor(source: Source, now: () => number, options: ReaderOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = new MirrorWatch(source, now);
    const canvas = new MapCanvas(new Painter(() => {}, glyphPen(true)));
    this.ended = promise;
    this.#leave = resolve;
    this.#print = options.print;
    this.#said = watch.snapshot;
    this.dashboard = new Dashboard(watch, canvas, options, {
      quit: () => this.#quit(options.leaving),
      exportView: (file) => this.#export(file, options.exportView),
      ...{ suspend: () => {}, setMouse: () => {}, openWallboard: () => {} },
    });
    this.#lay();
    this.dashboard.subscribe(() => this.#speak());
    this.#print(`Watching ${source.name}. Type a command and Enter; help lists them.`);
    watch.start();
  }

  /** What was typed, without its newline. */
  hear(line: string): void {
    const words = line.trim();
    const { overlay } = this.dashboard;
    if (overlay !== null) this.#answer(overlay, words);
    else if (words === '' || words === 'read') this.#readAll();
    else if (words === 'help') this.#readHelp();
    else this.#command(words);
  }

  close(): void {
    this.dashboard.close();
    this.#leave();
  }

  /** Room for all words, and no map. */
  #lay(): void {
    this.dashboard.resize(COLUMNS, ROWS);
    this.dashboard.pause();
  }

  /** For those who look. */
  async #export(file: string, exportView: ReaderOptions['exportView']): Promise<void> {
    this.dashboard.resize(PICTURE_COLUMNS, PICTURE_ROWS);
    try {
      await exportView(this.dashboard, file);
    } finally {
      this.#lay();
    }
  }

  #quit(leaving: ReaderOptions['leaving']): void {
    if (leaving === null) this.close();
    else this.dashboard.open(leaving(() => this.close()));
  }

  #command(words: string): void {
    const { dashboard } = this;
    const byKey = commandsFor(dashboard).find(({ keys }) => keys.includes(words));
    const [byName] = byKey === undefined ? completions(dashboard, words) : [byKey];
    if (byName === undefined) {
      this.#print(`There is no command ${words}; help lists them.`);
      return;
    }
    const isWhole = words.startsWith(`${byName.name} `);
    byName.run(dashboard, isWhole ? words.slice(byName.name.length).trim() : '');
  }

  #answer(overlay: Overlay, words: string): void {
    const { dashboard } = this;
    const number = Number(words);
    if (words === 'esc') pressKey(dashboard, 'escape');
    else if ((overlay.kind === 'menu' || overlay.kind === 'mirrors') && number >= 1) {
      choose(dashboard, overlay, number - 1);
    } else if (isWritten(overlay)) {
      for (const character of words) pressKey(dashboard, character);
      pressKey(dashboard, 'enter');
    } else pressKey(dashboard, words === '' ? 'escape' : words);
  }

  #readAll(): void {
    const { watch } = this.dashboard;
    for (const line of spokenMirror(watch.snapshot, watch.source.name)) this.#print(line);
  }

  #readHelp(): void {
    this.#print('Enter alone, or read: how the mirror is.');
    const heard = commandsFor(this.dashboard).filter(({ name }) => !SEEN_ONLY.has(name));
    for (const command of heard) this.#print(helpSentence(command));
    this.#print('While something is asked, esc leaves it.');
  }

  #speak(): void {
    const { watch } = this.dashboard;
    const before = this.#said;
    this.#said = watch.snapshot;
    for (const line of spokenChange(before, watch.snapshot, watch.source.name)) this.#print(line);
    this.#speakMessage();
    this.#speakCursor();
    this.#speakOverlay();
  }

  #speakMessage(): void {
    const text = this.dashboard.message?.text ?? '';
    if (text !== '' && text !== this.#saidMessage) this.#print(`${text}.`);
    this.#saidMessage = text;
  }

  #speakCursor(): void {
    const { watch, map } = this.dashboard;
    const { cursor } = map.canvas;
    const { status } = watch.snapshot;
    if (cursor === this.#saidCursor || watch.picture === null || status === null) return;
    this.#saidCursor = cursor;
    if (cursor === null) return;
    const detail = regionDetail(cursor, watch.picture, status, watch.now);
    for (const [label, words] of detail) this.#print(`${label}: ${words}.`);
  }

  #speakOverlay(): void {
    const { overlay } = this.dashboard;
    const lines = overlay === null ? [] : overlayWords(this.dashboard, overlay);
    const [title] = lines;
    // What a command has answered meanwhile is added to what was said of it.
    const isSame = title !== undefined && title === this.#saidOverlay[0];
    const heard = isSame ? this.#saidOverlay : [];
    for (const line of lines.filter((words) => !heard.includes(words))) this.#print(line);
    this.#saidOverlay = lines;
  }
}

/** A line answers it, not a key. */
function isWritten(overlay: Overlay): boolean {
  if (overlay.kind === 'confirm') return overlay.action.typed !== null;
  return ['command', 'offset', 'filter', 'form'].includes(overlay.kind);
}

function overlayWords(dashboard: Dashboard, overlay: Overlay): string[] {
  const { title, lines } = planOverlay(dashboard, overlay);
  if (overlay.kind === 'menu') {
    const items = overlay.items.map(({ words, note }, at) => `${at + 1}: ${words}. It is ${note}.`);
    return [title, ...items, 'Type a number, or esc.'];
  }
  if (overlay.kind === 'mirrors') {
    const names = shownMirrors(dashboard, overlay).map((mirror, place) => {
      const how = 'fault' in mirror ? mirror.fault.message : mirror.status.health;
      return `${place + 1}: ${mirror.name}, ${how}.`;
    });
    return [title, ...names, 'Type a number, or esc.'];
  }
  // What is being typed is heard anyway.
  return [title, ...lines.filter(({ text }) => !text.endsWith('_')).map(({ text }) => text)];
}

function helpSentence({ name, help, takes }: KeyCommand): string {
  return `${takes === undefined ? name : `${name} ${takes}`}: ${help}.`;
}
