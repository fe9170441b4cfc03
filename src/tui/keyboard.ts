/**
 * What a key does: to the overlay if one is open, else the command it is bound to. Keys that were hit
 * fast arrive together ("jj"), so the input is taken apart first.
 */
import type { Key } from 'ink';
import { parseSize } from '../geometry/size-words.ts';
import type { Dashboard, Overlay } from './dashboard.ts';
import { throttling } from './engine-actions.ts';
import type { KeyCommand } from './key-commands.ts';
import { commandsFor } from './key-commands.ts';

export function pressKeys(dashboard: Dashboard, input: string, key: Key): void {
  for (const name of keyNames(input, key)) pressKey(dashboard, name);
}

export function pressKey(dashboard: Dashboard, name: string): void {
  const { overlay } = dashboard;
  if (name === 'ctrl+c' && overlay?.kind !== 'choice') dashboard.doors.quit();
  else if (overlay !== null) pressInOverlay(dashboard, overlay, name);
  else if (name === 'escape') dashboard.point(null);
  else bound(dashboard, name)?.run(dashboard);
}

function bound(dashboard: Dashboard, name: string): KeyCommand | undefined {
  return commandsFor(dashboard).find(({ keys }) => keys.includes(name));
}

type NamedKey = Exclude<keyof Key, 'ctrl' | 'shift' | 'meta' | 'super' | 'hyper' | 'eventType'>;

const KEY_NAMES: Readonly<Partial<Record<NamedKey, string>>> = {
  return: 'enter',
  escape: 'escape',
  backspace: 'backspace',
  delete: 'backspace',
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pageup',
  pageDown: 'pagedown',
};

/** Keys that ink does not name when they come together with others. */
const CHARACTER_NAMES: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
};

function keyNames(input: string, key: Key): readonly string[] {
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab'];
  for (const [known, name] of Object.entries(KEY_NAMES)) {
    if (key[known as NamedKey]) return [name];
  }
  if (key.ctrl) return [`ctrl+${input}`];
  return [...input].map((character) => CHARACTER_NAMES[character] ?? character);
}

function pressInOverlay(dashboard: Dashboard, overlay: Overlay, name: string): void {
  if (name === 'escape') dashboard.open(null);
  else if (overlay.kind === 'choice') {
    dashboard.open(null);
    overlay.choices.find(({ keys }) => keys.includes(name))?.run();
  } else if (overlay.kind === 'help' && pressInHelp(dashboard, overlay, name)) return;
  else if (overlay.kind === 'confirm' && overlay.action.typed === null) {
    if (name === 'y') carryOut(dashboard, overlay);
    else dashboard.open(null);
  } else if (name === 'enter') finish(dashboard, overlay);
  else type(dashboard, overlay, name);
}

function type(dashboard: Dashboard, overlay: Overlay, name: string): void {
  const text = edited(overlay, name, dashboard);
  if (text === overlay.text) return;
  if (overlay.kind === 'filter') dashboard.eventFilter = text;
  dashboard.open({ ...overlay, text });
}

function pressInHelp(
  dashboard: Dashboard,
  overlay: Extract<Overlay, { kind: 'help' }>,
  name: string,
): boolean {
  const step = { up: -1, down: 1, pageup: -8, pagedown: 8 }[name];
  if (name === '?' || name === 'enter') dashboard.open(null);
  else if (step === undefined) return false;
  else dashboard.open({ ...overlay, scroll: Math.max(0, overlay.scroll + step) });
  return true;
}

function edited({ kind, text }: Overlay, name: string, dashboard: Dashboard): string {
  if (name === 'backspace') return [...text].slice(0, -1).join('');
  if (name === 'tab' && kind === 'command') return completions(dashboard, text)[0]?.name ?? text;
  return [...name].length === 1 && name >= ' ' ? text + name : text;
}

/** The commands whose names begin as `text` does, then those that contain it. */
export function completions(dashboard: Dashboard, text: string): readonly KeyCommand[] {
  const commands = commandsFor(dashboard);
  const begin = commands.filter(({ name }) => name.startsWith(text));
  const contain = commands.filter(({ name }) => !name.startsWith(text) && name.includes(text));
  return [...begin, ...contain];
}

function finish(dashboard: Dashboard, overlay: Overlay): void {
  const { text } = overlay;
  if (overlay.kind === 'confirm') {
    if (text === overlay.action.typed) carryOut(dashboard, overlay);
    return;
  }
  dashboard.open(null);
  if (overlay.kind === 'command') completions(dashboard, text)[0]?.run(dashboard);
  else if (overlay.kind === 'offset') goTo(dashboard, text.trim());
  else if (overlay.kind === 'throttle') throttle(dashboard, text);
}

function carryOut(dashboard: Dashboard, { action }: Extract<Overlay, { kind: 'confirm' }>): void {
  dashboard.open(null);
  void dashboard.carryOut(action);
}

function throttle(dashboard: Dashboard, text: string): void {
  const { status } = dashboard.watch.snapshot;
  const action = status === null ? null : throttling(status, text);
  if (action === null) dashboard.say('write 25 %, 100MiB or off', true);
  else dashboard.open({ kind: 'confirm', action, text: '' });
}

/** `4711`: a region; `@8GiB`: the region with that byte. */
function goTo(dashboard: Dashboard, words: string): void {
  const regionBytes = dashboard.watch.snapshot.status?.regionSizeBytes ?? 1;
  const region = readPlace(words, regionBytes);
  if (region === null) dashboard.say('write a region, as 4711, or an offset, as @8GiB', true);
  else if (region < dashboard.regionCount) dashboard.point(region);
  else dashboard.say(`the last region is ${dashboard.regionCount - 1}`, true);
}

function readPlace(words: string, regionBytes: number): number | null {
  if (/^[\d,]+$/.test(words)) return Number(words.replaceAll(',', ''));
  if (!words.startsWith('@')) return null;
  try {
    return Math.floor(parseSize(words.slice(1), 'the offset') / regionBytes);
  } catch {
    // Said on the screen by the caller.
    return null;
  }
}
