/**
 * What a key does: to the overlay if one is open, else the command it is bound to. Keys that were hit
 * fast arrive together ("jj"), so the input is taken apart first.
 */
import type { Key } from 'ink';
import type { Dashboard } from './dashboard.ts';
import type { KeyCommand } from './key-commands.ts';
import { commandsFor } from './key-commands.ts';
import { pressInOverlay } from './overlay-keys.ts';

export function pressKeys(dashboard: Dashboard, input: string, key: Key): void {
  for (const name of keyNames(input, key)) pressKey(dashboard, name);
}

export function pressKey(dashboard: Dashboard, name: string): void {
  const { overlay } = dashboard;
  if (overlay?.kind === 'choice') pressInOverlay(dashboard, overlay, name);
  else if (name === 'ctrl+c') dashboard.doors.quit();
  else if (overlay !== null) pressInOverlay(dashboard, overlay, name);
  else if (name === 'escape') leave(dashboard);
  else bound(dashboard, name)?.run(dashboard, '');
}

/** Takes away what is in the way, one thing at a time. */
function leave(dashboard: Dashboard): void {
  if (dashboard.layout !== 'usual') dashboard.lay(dashboard.layout);
  else dashboard.map.point(null);
  dashboard.changed();
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
  '\x1a': 'ctrl+z',
};

function keyNames(input: string, key: Key): readonly string[] {
  if (key.tab) return [key.shift ? 'shift+tab' : 'tab'];
  for (const [known, name] of Object.entries(KEY_NAMES)) {
    if (key[known as NamedKey]) return [key.shift ? `shift+${name}` : name];
  }
  if (key.ctrl) return [`ctrl+${input}`];
  return [...input].map((character) => CHARACTER_NAMES[character] ?? character);
}
