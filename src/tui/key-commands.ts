/**
 * Everything the dashboard can be told, in one table: keys, `:` command line, help and key bar are all
 * made from it, so they cannot disagree.
 */
import { REGION_STATES } from '../region/region-state.ts';
import type { Dashboard } from './dashboard.ts';
import { PANELS } from './dashboard.ts';
import type { EngineAction } from './engine-actions.ts';
import { deactivation, pauseOrResume } from './engine-actions.ts';

export interface KeyCommand {
  /** As typed after `:`. */
  readonly name: string;
  /** As `keyName` calls them; the first is shown. */
  readonly keys: readonly string[];
  readonly group: 'map' | 'screen' | 'mirror';
  /** For the key bar; null: not there. */
  readonly label: string | null;
  readonly help: string;
  /** Changes the mirror: not offered with --read-only or on a recording. */
  readonly acts?: true;
  readonly run: (dashboard: Dashboard) => void;
}

const numbered = (...states: (typeof REGION_STATES)[number][]) =>
  states.map((state) => REGION_STATES.indexOf(state));
const TROUBLED = numbered('nosync', 'quiescing', 'recovering');

export const KEY_COMMANDS: readonly KeyCommand[] = [
  on('help', ['?'], 'screen', 'help', 'these words; type to search them', (dashboard) =>
    dashboard.open({ kind: 'help', text: '', scroll: 0 }),
  ),
  on('quit', ['q', 'ctrl+c'], 'screen', 'quit', 'leave; the engine goes on', (dashboard) =>
    dashboard.doors.quit(),
  ),
  on('zoom in', ['+', '='], 'map', 'zoom', 'show fewer regions, around the cursor', (dashboard) =>
    dashboard.zoom(4),
  ),
  on('zoom out', ['-', '_'], 'map', null, 'show more regions', (dashboard) =>
    dashboard.zoom(1 / 4),
  ),
  on('whole', ['0'], 'map', null, 'show the whole mirror', (dashboard) => dashboard.showWhole()),
  on('left', ['left', 'h'], 'map', null, 'cursor to the left', (dashboard) =>
    dashboard.moveCursor(-1, 0),
  ),
  on('right', ['right', 'l'], 'map', null, 'cursor to the right', (dashboard) =>
    dashboard.moveCursor(1, 0),
  ),
  on('up', ['up', 'k'], 'map', null, 'cursor up', (dashboard) => dashboard.moveCursor(0, -1)),
  on('down', ['down', 'j'], 'map', null, 'cursor down', (dashboard) => dashboard.moveCursor(0, 1)),
  on('back', ['[', 'pageup'], 'map', null, 'half a window back', (dashboard) =>
    dashboard.pan(-0.5),
  ),
  on('forward', [']', 'pagedown'], 'map', null, 'half a window on', (dashboard) =>
    dashboard.pan(0.5),
  ),
  on('next', ['n'], 'map', 'next', 'to the next region out of sync', (dashboard) =>
    dashboard.seek(1, TROUBLED, 'out of sync'),
  ),
  on('previous', ['N'], 'map', null, 'to the previous region out of sync', (dashboard) =>
    dashboard.seek(-1, TROUBLED, 'out of sync'),
  ),
  on('next dirty', ['d'], 'map', null, 'to the next dirty region', (dashboard) =>
    dashboard.seek(1, numbered('dirty'), 'dirty'),
  ),
  on('go', ['g'], 'map', 'go', 'to a region, or to @OFFSET in bytes', (dashboard) =>
    dashboard.open({ kind: 'offset', text: '' }),
  ),
  on('order', ['o'], 'map', null, 'row by row, or along a Hilbert curve', (dashboard) => {
    dashboard.order = dashboard.order === 'linear' ? 'hilbert' : 'linear';
    dashboard.redraw();
  }),
  on('large', ['z'], 'map', null, 'the map alone, or with panels', (dashboard) =>
    dashboard.toggleLarge(),
  ),
  on('panel', ['tab'], 'screen', 'panel', 'to the next panel', (dashboard) => turn(dashboard, 1)),
  on('panel back', ['shift+tab'], 'screen', null, 'to the panel before', (dashboard) =>
    turn(dashboard, -1),
  ),
  on('filter', ['/'], 'screen', null, 'show only events with these words', (dashboard) =>
    dashboard.open({ kind: 'filter', text: dashboard.eventFilter }),
  ),
  on('freeze', ['f', ' '], 'screen', 'freeze', 'hold the picture; the mirror goes on', freeze),
  on(
    'theme',
    ['t'],
    'screen',
    null,
    'next colours: dark, light, safe for colour-blind',
    (dashboard) => {
      dashboard.nextTheme();
      dashboard.say(`colours: ${dashboard.theme.name}`);
    },
  ),
  on('mouse', ['m'], 'screen', null, 'mouse off, to select text with it, or on', (dashboard) => {
    dashboard.isMouseOn = !dashboard.isMouseOn;
    dashboard.doors.setMouse(dashboard.isMouseOn);
    dashboard.say(`mouse ${dashboard.isMouseOn ? 'on' : 'off'}`);
  }),
  on('slow', ['s'], 'screen', null, 'fewer frames, for a slow line', (dashboard) =>
    dashboard.setSlow(!dashboard.isSlow),
  ),
  on('charts', ['c'], 'screen', null, 'the wallboard of charts; q comes back', (dashboard) =>
    dashboard.doors.openWallboard(),
  ),
  on('command', [':'], 'screen', null, 'any of these by name', (dashboard) =>
    dashboard.open({ kind: 'command', text: '' }),
  ),
  acting('pause', ['p'], 'pause', 'pause or resume recovery', (dashboard) =>
    confirm(dashboard, pauseOrResume),
  ),
  acting('throttle', ['T'], null, 'limit recovery: 25 %, 100MiB, off', (dashboard) =>
    dashboard.open({ kind: 'throttle', text: '' }),
  ),
  acting('deactivate', ['X'], null, 'stop the engine in order', (dashboard) =>
    confirm(dashboard, deactivation),
  ),
];

/** Those that make sense for what is being watched. */
export function commandsFor({ watch, settings }: Dashboard): readonly KeyCommand[] {
  const isLive = watch.source.kind === 'live';
  const mayAct = isLive && !settings.readOnly;
  return KEY_COMMANDS.filter(({ acts, name }) => {
    return (mayAct || acts !== true) && (isLive || name !== 'charts');
  });
}

function confirm(
  dashboard: Dashboard,
  action: (status: NonNullable<Dashboard['watch']['snapshot']['status']>) => EngineAction,
): void {
  const { status } = dashboard.watch.snapshot;
  if (status !== null) dashboard.open({ kind: 'confirm', action: action(status), text: '' });
}

function turn(dashboard: Dashboard, step: number): void {
  dashboard.focus = (dashboard.focus + step + PANELS.length) % PANELS.length;
  dashboard.changed();
}

function freeze(dashboard: Dashboard): void {
  dashboard.isFrozen = !dashboard.isFrozen;
  dashboard.changed();
}

function on(
  name: string,
  keys: readonly string[],
  group: KeyCommand['group'],
  label: string | null,
  help: string,
  run: KeyCommand['run'],
): KeyCommand {
  return { name, keys, group, label, help, run };
}

function acting(
  name: string,
  keys: readonly string[],
  label: string | null,
  help: string,
  run: KeyCommand['run'],
): KeyCommand {
  return { ...on(name, keys, 'mirror', label, help, run), acts: true };
}
