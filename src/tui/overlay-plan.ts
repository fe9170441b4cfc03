/** Where an overlay stands and what is written in it: lines of words, before they become boxes. */
import type { Dashboard } from './dashboard.ts';
import { helpLines } from './help-lines.ts';
import { completions, helpLine } from './key-commands.ts';
import { mirrorLines } from './mirror-lines.ts';
import type { Overlay, OverlayLine, OverlayOf } from './overlay.ts';
import type { Rect } from './painter.ts';
import { EMPTY_RECT } from './painter.ts';
import { wrap } from './screen-words.ts';

export interface OverlayPlan {
  readonly title: string;
  readonly rect: Rect;
  readonly isGrave: boolean;
  readonly lines: readonly OverlayLine[];
}

const FRAME = 2;
const PADDING = 2;
const WIDTH_MIN = 40;
const WIDTH_MAX = 74;
const WIDE_MAX = 120;

/** What the painter must leave alone. */
export function overlayRect(dashboard: Dashboard): Rect {
  return dashboard.overlay === null ? EMPTY_RECT : planOverlay(dashboard, dashboard.overlay).rect;
}

export function planOverlay(dashboard: Dashboard, overlay: Overlay): OverlayPlan {
  const { columns, rows } = dashboard.plan;
  const heightMax = Math.max(1, rows - 2 - FRAME - 1);
  const widthMax = Math.min(columns - 2, overlay.kind === 'mirrors' ? WIDE_MAX : WIDTH_MAX);
  const room = { width: widthMax - FRAME - PADDING, height: heightMax };
  const { title, lines } = contentOf(dashboard, overlay, room);
  const shown = lines.slice(0, heightMax);
  const longest = Math.max(title.length + 2, WIDTH_MIN, ...shown.map(({ text }) => text.length));
  const width = Math.min(widthMax, longest + FRAME + PADDING);
  const height = shown.length + FRAME;
  const x = Math.floor((columns - width) / 2);
  const y = Math.max(1, Math.floor((rows - height) / 2));
  return { title, lines: shown, rect: { x, y, width, height }, isGrave: isGrave(overlay) };
}

/** The line of a menu at a row of the terminal; null where there is none. */
export function itemAt(dashboard: Dashboard, y: number): number | null {
  const { overlay } = dashboard;
  if (overlay?.kind !== 'menu' && overlay?.kind !== 'mirrors') return null;
  const { rect, lines } = planOverlay(dashboard, overlay);
  const before = overlay.kind === 'mirrors' ? MIRRORS_BEFORE : 0;
  const shown = lines.length - before - HINTS_AFTER;
  const item = y - rect.y - 1 - before;
  return item >= 0 && item < shown ? item : null;
}

/** Lines over the mirrors: the heads of the columns. Lines under a menu: what the keys do. */
const MIRRORS_BEFORE = 1;
const HINTS_AFTER = 1;

interface Room {
  readonly width: number;
  readonly height: number;
}

interface Content {
  readonly title: string;
  readonly lines: readonly OverlayLine[];
}

function isGrave(overlay: Overlay): boolean {
  return (
    overlay.kind === 'question' || (overlay.kind === 'confirm' && overlay.action.typed !== null)
  );
}

function contentOf(dashboard: Dashboard, overlay: Overlay, room: Room): Content {
  switch (overlay.kind) {
    case 'help':
      return { title: 'Keys', lines: helpLines(dashboard, overlay, room.height) };
    case 'confirm':
      return { title: overlay.action.title, lines: confirmLines(overlay, room.width) };
    case 'question':
      return { title: 'Go on?', lines: questionLines(overlay, room.width) };
    case 'choice':
      return { title: overlay.title, lines: choiceLines(overlay) };
    case 'menu':
      return { title: overlay.title, lines: menuLines(overlay, room) };
    case 'mirrors':
      return { title: 'Mirrors', lines: mirrorLines(dashboard, overlay, room) };
    case 'command':
      return { title: 'Command', lines: commandLines(dashboard, overlay.text) };
    case 'form':
      return { title: overlay.form.title, lines: formLines(overlay) };
    case 'offset':
      return asked('Go to', 'a region, as 4711, or an offset, as @8GiB', overlay.text);
    case 'filter':
      return asked('Events with', 'words that an event must contain', overlay.text);
  }
}

function asked(title: string, hint: string, text: string): Content {
  const lines: OverlayLine[] = [
    { text: `> ${text}_`, tone: 'strong' },
    { text: hint, tone: 'faint' },
    { text: 'enter: do it   esc: leave', tone: 'faint' },
  ];
  return { title, lines };
}

function formLines({ form, answers, text }: OverlayOf<'form'>): OverlayLine[] {
  const { label = '', hint = '' } = form.questions[answers.length] ?? {};
  const isLast = answers.length === form.questions.length - 1;
  return [
    ...answers.map((answer, place): OverlayLine => {
      return { text: `${form.questions[place]?.label}: ${answer}`, tone: 'plain' };
    }),
    { text: `${label}: ${text}_`, tone: 'strong' },
    { text: hint, tone: 'faint' },
    { text: `enter: ${isLast ? 'see what would happen' : 'go on'}   esc: leave`, tone: 'faint' },
  ];
}

const REHEARSED_LINES_MAX = 8;

function confirmLines(
  { action, text, rehearsal }: OverlayOf<'confirm'>,
  width: number,
): OverlayLine[] {
  const { words, consequences, typed } = action;
  const said = (rehearsal?.lines ?? []).slice(0, REHEARSED_LINES_MAX);
  const isRefused = rehearsal?.isDone === false;
  const answer: OverlayLine[] =
    typed === null
      ? [{ text: 'y: do it   any other key: leave', tone: 'faint' }]
      : [
          { text: `type ${typed} and enter to do it: ${text}_`, tone: 'strong' },
          { text: 'esc: leave', tone: 'faint' },
        ];
  return [
    ...wrapped(`$ mirrorctl ${words.map(quoted).join(' ')}`, width, 'command'),
    ...(isRefused ? [] : consequences.flatMap((line) => wrapped(line, width, 'plain'))),
    ...said.flatMap((line) => wrapped(line, width, isRefused ? 'bad' : 'faint')),
    ...(isRefused ? [{ text: 'esc: leave', tone: 'faint' } as const] : answer),
  ];
}

function questionLines({ text }: OverlayOf<'question'>, width: number): OverlayLine[] {
  return [
    ...wrapped(text, width, 'plain'),
    { text: 'y: go on   any other key: leave it as it is', tone: 'faint' },
  ];
}

function choiceLines({ choices }: OverlayOf<'choice'>): OverlayLine[] {
  return [
    ...choices.map(({ keys, words }): OverlayLine => {
      return { text: `${keys[0]}: ${words}`, tone: 'plain' };
    }),
    { text: 'any other key: stay', tone: 'faint' },
  ];
}

function menuLines({ items, chosen }: OverlayOf<'menu'>, room: Room): OverlayLine[] {
  const shown = room.height - HINTS_AFTER;
  const first = Math.max(0, Math.min(chosen - shown + 1, items.length - shown));
  const widest = Math.max(...items.map(({ words }) => words.length));
  return [
    ...items.slice(first, first + shown).map(({ words, note }, place): OverlayLine => {
      const isChosen = first + place === chosen;
      return {
        text: `${words.padEnd(widest)}   mirrorctl ${note}`,
        tone: isChosen ? 'chosen' : 'plain',
      };
    }),
    { text: 'arrows: choose   enter: see what would happen   esc: leave', tone: 'faint' },
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

/** As a shell needs it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What does not fit goes on in the next line, indented. */
function wrapped(text: string, width: number, tone: OverlayLine['tone']): OverlayLine[] {
  return wrap(text, width - 2).map((line, place) => ({
    text: place === 0 ? line : `  ${line}`,
    tone,
  }));
}
