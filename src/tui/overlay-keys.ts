/** What a key does while an overlay is open. */
import { parseSize } from '../geometry/size-words.ts';
import { CREATE, openForm } from './action-menu.ts';
import type { Dashboard } from './dashboard.ts';
import { completions } from './key-commands.ts';
import { chosenMirror, shownMirrors } from './mirror-lines.ts';
import type { Overlay, OverlayOf } from './overlay.ts';

export function pressInOverlay(dashboard: Dashboard, overlay: Overlay, name: string): void {
  switch (overlay.kind) {
    case 'question':
      dashboard.open(null);
      overlay.answer(name === 'y');
      break;
    case 'choice':
      dashboard.open(null);
      overlay.choices.find(({ keys }) => keys.includes(name))?.run();
      break;
    case 'menu':
      pressInMenu(dashboard, overlay, name);
      break;
    case 'mirrors':
      pressInMirrors(dashboard, overlay, name);
      break;
    case 'confirm':
      pressInConfirm(dashboard, overlay, name);
      break;
    case 'help':
      if (!pressInHelp(dashboard, overlay, name)) type(dashboard, overlay, name);
      break;
    default:
      if (name === 'escape') dashboard.open(null);
      else if (name === 'enter') finish(dashboard, overlay);
      else type(dashboard, overlay, name);
  }
}

const STEPS: Readonly<Record<string, number>> = {
  ...{ up: -1, k: -1, down: 1, j: 1, pageup: -8, pagedown: 8 },
};

function moved(chosen: number, name: string, count: number): number {
  return Math.max(0, Math.min(count - 1, chosen + (STEPS[name] ?? 0)));
}

function pressInMenu(dashboard: Dashboard, overlay: OverlayOf<'menu'>, name: string): void {
  const { items, chosen } = overlay;
  if (name === 'escape' || name === 'q') dashboard.open(null);
  else if (name === 'enter') choose(dashboard, overlay, chosen);
  else dashboard.open({ ...overlay, chosen: moved(chosen, name, items.length) });
}

function pressInMirrors(dashboard: Dashboard, overlay: OverlayOf<'mirrors'>, name: string): void {
  const { onlyProblems } = overlay;
  const chosen = chosenMirror(dashboard, overlay);
  const count = shownMirrors(dashboard, overlay).length;
  if (name === 'escape' || name === 'q') dashboard.open(null);
  else if (name === 'enter') choose(dashboard, overlay, chosen);
  else if (name === '!') dashboard.open({ ...overlay, chosen: null, onlyProblems: !onlyProblems });
  else if (name === 'c' && dashboard.canAct) openForm(dashboard, CREATE);
  else dashboard.open({ ...overlay, chosen: moved(chosen, name, count) });
}

/** By a key or by a click: the item of this number. */
export function choose(
  dashboard: Dashboard,
  overlay: OverlayOf<'menu' | 'mirrors'>,
  item: number,
): void {
  dashboard.open(null);
  if (overlay.kind === 'menu') {
    overlay.items[item]?.run(dashboard);
    return;
  }
  const name = shownMirrors(dashboard, overlay)[item]?.name;
  const { directory } = dashboard.settings;
  if (name !== undefined && directory !== null) dashboard.follow(directory.source(name));
}

function pressInConfirm(dashboard: Dashboard, overlay: OverlayOf<'confirm'>, name: string): void {
  const { action, text, rehearsal } = overlay;
  const isRefused = rehearsal?.isDone === false;
  if (name === 'escape' || isRefused) dashboard.open(null);
  else if (action.typed === null) {
    if (name === 'y') void carryOut(dashboard, overlay);
    else dashboard.open(null);
  } else if (name !== 'enter') type(dashboard, overlay, name);
  else if (text === action.typed) void carryOut(dashboard, overlay);
}

async function carryOut(dashboard: Dashboard, { action, then }: OverlayOf<'confirm'>) {
  dashboard.open(null);
  if (await dashboard.desk.run(action.words)) then(dashboard);
}

type Written = Extract<Overlay, { readonly text: string }>;

function type(dashboard: Dashboard, overlay: Written, name: string): void {
  const text = edited(overlay, name, dashboard);
  if (text === overlay.text) return;
  if (overlay.kind === 'filter') dashboard.eventFilter = text;
  dashboard.open({ ...overlay, text });
}

function pressInHelp(dashboard: Dashboard, overlay: OverlayOf<'help'>, name: string): boolean {
  const step = { up: -1, down: 1, pageup: -8, pagedown: 8 }[name];
  if (name === '?' || name === 'enter' || name === 'escape') dashboard.open(null);
  else if (step === undefined) return false;
  else dashboard.open({ ...overlay, scroll: Math.max(0, overlay.scroll + step) });
  return true;
}

function edited({ kind, text }: Written, name: string, dashboard: Dashboard): string {
  if (name === 'backspace') return [...text].slice(0, -1).join('');
  if (name === 'tab' && kind === 'command') return completed(dashboard, text);
  return [...name].length === 1 && name >= ' ' ? text + name : text;
}

function completed(dashboard: Dashboard, text: string): string {
  const [command] = completions(dashboard, text);
  if (command === undefined || text.startsWith(`${command.name} `)) return text;
  return command.takes === undefined ? command.name : `${command.name} `;
}

function runByName(dashboard: Dashboard, text: string): void {
  const [command] = completions(dashboard, text);
  const isWhole = command !== undefined && text.startsWith(`${command.name} `);
  command?.run(dashboard, isWhole ? text.slice(command.name.length).trim() : '');
}

function finish(
  dashboard: Dashboard,
  overlay: OverlayOf<'command' | 'offset' | 'filter' | 'form'>,
): void {
  const { text } = overlay;
  dashboard.open(null);
  if (overlay.kind === 'command') runByName(dashboard, text);
  else if (overlay.kind === 'offset') goTo(dashboard, text.trim());
  else if (overlay.kind === 'form') answer(dashboard, overlay);
}

function answer(dashboard: Dashboard, overlay: OverlayOf<'form'>): void {
  const answers = [...overlay.answers, overlay.text.trim()];
  const { form } = overlay;
  if (answers.length === form.questions.length) form.finish(dashboard, answers);
  else dashboard.open({ kind: 'form', form, answers, text: '' });
}

/** `4711`: a region; `@8GiB`: the region with that byte. */
function goTo(dashboard: Dashboard, words: string): void {
  const regionBytes = dashboard.watch.snapshot.status?.regionSizeBytes ?? 1;
  const region = readPlace(words, regionBytes);
  if (region === null) dashboard.say('write a region, as 4711, or an offset, as @8GiB', true);
  else if (region >= dashboard.map.regionCount) {
    dashboard.say(`the last region is ${dashboard.map.regionCount - 1}`, true);
  } else {
    dashboard.map.point(region);
    dashboard.changed();
  }
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
