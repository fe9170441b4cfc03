/** Where an overlay stands and what is written in it: lines of words, before they become boxes. */
import type { Dashboard, Overlay } from './dashboard.ts';
import type { KeyCommand } from './key-commands.ts';
import { commandsFor } from './key-commands.ts';
import { completions } from './keyboard.ts';
import type { Rect } from './painter.ts';
import { EMPTY_RECT } from './painter.ts';

export interface OverlayLine {
  readonly text: string;
  readonly tone: 'plain' | 'strong' | 'faint' | 'command';
}

export interface OverlayPlan {
  readonly title: string;
  readonly rect: Rect;
  readonly isGrave: boolean;
  readonly lines: readonly OverlayLine[];
}

const FRAME = 2;
const PADDING = 2;
const WIDTH_MAX = 74;

/** What the painter must leave alone. */
export function overlayRect(dashboard: Dashboard): Rect {
  return dashboard.overlay === null ? EMPTY_RECT : planOverlay(dashboard, dashboard.overlay).rect;
}

export function planOverlay(dashboard: Dashboard, overlay: Overlay): OverlayPlan {
  const { columns, rows } = dashboard.plan;
  const { title, lines } = contentOf(dashboard, overlay);
  const heightMax = Math.max(1, rows - 2 - FRAME - 1);
  const shown = lines.slice(0, heightMax);
  const longest = Math.max(title.length + 2, 40, ...shown.map(({ text }) => text.length));
  const width = Math.min(columns - 2, WIDTH_MAX, longest + FRAME + PADDING);
  const height = shown.length + FRAME;
  const x = Math.floor((columns - width) / 2);
  const y = Math.max(1, Math.floor((rows - height) / 2));
  const isGrave = overlay.kind === 'confirm' && overlay.action.typed !== null;
  return { title, lines: shown, rect: { x, y, width, height }, isGrave };
}

function contentOf(
  dashboard: Dashboard,
  overlay: Overlay,
): { title: string; lines: readonly OverlayLine[] } {
  switch (overlay.kind) {
    case 'help':
      return { title: 'Keys', lines: helpLines(dashboard, overlay) };
    case 'confirm':
      return { title: overlay.action.title, lines: confirmLines(overlay) };
    case 'choice':
      return { title: overlay.title, lines: choiceLines(overlay) };
    case 'command':
      return { title: 'Command', lines: commandLines(dashboard, overlay.text) };
    case 'offset':
      return asked('Go to', 'a region, as 4711, or an offset, as @8GiB', overlay.text);
    case 'filter':
      return asked('Events with', 'words that an event must contain', overlay.text);
    case 'throttle':
      return asked('Throttle recovery', '25 % of the time, 100MiB a second, or off', overlay.text);
  }
}

function asked(title: string, hint: string, text: string) {
  const lines: OverlayLine[] = [
    { text: `> ${text}_`, tone: 'strong' },
    { text: hint, tone: 'faint' },
    { text: 'enter: do it   esc: leave', tone: 'faint' },
  ];
  return { title, lines };
}

function confirmLines({ action, text }: Extract<Overlay, { kind: 'confirm' }>): OverlayLine[] {
  const answer: OverlayLine[] =
    action.typed === null
      ? [{ text: 'y: do it   any other key: leave', tone: 'faint' }]
      : [
          { text: `type ${action.typed} and enter to do it: ${text}_`, tone: 'strong' },
          { text: 'esc: leave', tone: 'faint' },
        ];
  return [
    { text: `$ ${action.command}`, tone: 'command' },
    ...action.consequences.map((words): OverlayLine => ({ text: words, tone: 'plain' })),
    ...answer,
  ];
}

function choiceLines({ choices }: Extract<Overlay, { kind: 'choice' }>): OverlayLine[] {
  return [
    ...choices.map(({ keys, words }): OverlayLine => {
      return { text: `${keys[0]}: ${words}`, tone: 'plain' };
    }),
    { text: 'any other key: stay', tone: 'faint' },
  ];
}

const COMPLETIONS_SHOWN = 6;

function commandLines(dashboard: Dashboard, text: string): OverlayLine[] {
  const found = completions(dashboard, text).slice(0, COMPLETIONS_SHOWN);
  return [
    { text: `: ${text}_`, tone: 'strong' },
    ...found.map((command, place): OverlayLine => {
      return { text: helpLine(command), tone: place === 0 ? 'plain' : 'faint' };
    }),
    { text: 'tab: complete   enter: do the first   esc: leave', tone: 'faint' },
  ];
}

function helpLines(
  dashboard: Dashboard,
  { text, scroll }: Extract<Overlay, { kind: 'help' }>,
): OverlayLine[] {
  const wanted = text.toLowerCase();
  const found = commandsFor(dashboard).filter((command) =>
    helpLine(command).toLowerCase().includes(wanted),
  );
  const room = Math.max(1, dashboard.plan.rows - 9);
  const first = Math.min(scroll, Math.max(0, found.length - room));
  const shown = found.slice(first, first + room);
  const more =
    found.length > room ? `${first + 1} – ${first + shown.length} of ${found.length}, ` : '';
  return [
    { text: text === '' ? 'type to search' : `search: ${text}_`, tone: 'strong' },
    ...shown.map((command): OverlayLine => ({ text: helpLine(command), tone: 'plain' })),
    { text: 'mouse: click a region or a key, wheel zooms there', tone: 'faint' },
    { text: `${more}arrows: scroll   esc: leave`, tone: 'faint' },
  ];
}

function helpLine({ keys, name, help }: KeyCommand): string {
  const shown = keys.slice(0, 2).map((key) => (key === ' ' ? 'space' : key));
  return `${shown.join(' ').padEnd(10)} ${name.padEnd(11)} ${help}`;
}
