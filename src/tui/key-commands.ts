/**
 * Everything the dashboard can be told, in one table: keys, `:` command line, help and key bar are all
 * made from it, so they cannot disagree.
 */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { RegionLook } from '../watch/region-picture.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import { openActions, openThrottle } from './action-menu.ts';
import type { Dashboard } from './dashboard.ts';
import { PANELS } from './dashboard.ts';
import type { MirrorAction } from './mirror-actions.ts';
import { deactivation, pauseOrResume } from './mirror-actions.ts';

export interface KeyCommand {
  /** As typed after `:`. */
  readonly name: string;
  /** As `keyName` calls them; the first is shown. */
  readonly keys: readonly string[];
  /** For the key bar; null: not there. */
  readonly label: string | null;
  readonly help: string;
  /** Changes the mirror: not offered with --read-only or on a recording. */
  readonly acts?: true;
  /** What may follow the name after `:`, as the help shows it; absent: nothing. */
  readonly takes?: string;
  /** `words`: what followed the name, '' from a key. */
  readonly run: (dashboard: Dashboard, words: string) => void;
}

const numbered = (...looks: RegionLook[]) => looks.map((look) => REGION_LOOKS.indexOf(look));
const TROUBLED = numbered('nosync', 'quiescing', 'recovering', 'stranded', 'different');

export const KEY_COMMANDS: readonly KeyCommand[] = [
  on('help', ['?'], 'help', 'these words; type to search them', (dashboard) =>
    dashboard.open({ kind: 'help', text: '', scroll: 0 }),
  ),
  on('quit', ['q', 'ctrl+c'], 'quit', 'leave; the engine goes on', ({ doors }) => doors.quit()),
  acting('actions', ['a'], 'actions', 'all that can be done, with the command it is', openActions),
  on('mirrors', ['M'], 'mirrors', 'the other mirrors; enter watches one', (dashboard) =>
    dashboard.open({ kind: 'mirrors', chosen: null, onlyProblems: false }),
  ),
  onMap('zoom in', ['+', '='], 'zoom', 'show fewer regions, around the cursor', ({ map }) =>
    map.zoom(4),
  ),
  onMap('zoom out', ['-', '_'], null, 'show more regions', ({ map }) => map.zoom(1 / 4)),
  onMap('whole', ['0'], null, 'show the whole mirror', ({ map }) => map.showWhole()),
  onMap('left', ['left', 'h'], null, 'cursor to the left', ({ map }) => map.move(-1, 0)),
  onMap('right', ['right', 'l'], null, 'cursor to the right', ({ map }) => map.move(1, 0)),
  onMap('up', ['up', 'k'], null, 'cursor up', ({ map }) => map.move(0, -1)),
  onMap('down', ['down', 'j'], null, 'cursor down', ({ map }) => map.move(0, 1)),
  onMap('back', ['[', 'pageup'], null, 'half a window back', ({ map }) => map.pan(-0.5)),
  onMap('forward', [']', 'pagedown'], null, 'half a window on', ({ map }) => map.pan(0.5)),
  onMap('next', ['n'], 'next', 'to the next region in trouble', (dashboard) =>
    seek(dashboard, 1, TROUBLED, 'in trouble'),
  ),
  onMap('previous', ['N'], null, 'to the previous region in trouble', (dashboard) =>
    seek(dashboard, -1, TROUBLED, 'in trouble'),
  ),
  onMap('next dirty', ['d'], null, 'to the next dirty region', (dashboard) =>
    seek(dashboard, 1, numbered('dirty'), 'dirty'),
  ),
  onMap('head', ['H'], null, 'to where recovery is', ({ map }) => map.point(map.canvas.head)),
  onMap('go', ['g'], 'go', 'to a region, or to @OFFSET in bytes', (dashboard) =>
    dashboard.open({ kind: 'offset', text: '' }),
  ),
  onMap('view', ['v'], 'view', 'states of the regions, or which leg lacks them', ({ map }) => {
    map.subject = map.subject === 'states' ? 'missing' : 'states';
    map.redraw();
  }),
  onMap('order', ['o'], null, 'row by row, or along a Hilbert curve', ({ map }) => {
    map.order = map.order === 'linear' ? 'hilbert' : 'linear';
    map.redraw();
  }),
  on('large', ['z'], null, 'the map alone, or with panels', (dashboard) => dashboard.lay('map')),
  on('panel', ['tab'], 'panel', 'to the next panel', (dashboard) => turn(dashboard, 1)),
  on('panel back', ['shift+tab'], null, 'to the panel before', (dashboard) => turn(dashboard, -1)),
  on('enlarge', ['enter'], null, 'the chosen panel alone under the map, or all', (dashboard) =>
    dashboard.lay('panel'),
  ),
  on('scroll up', ['shift+up', '{'], null, 'the chosen panel up', (dashboard) =>
    scroll(dashboard, -1),
  ),
  on('scroll down', ['shift+down', '}'], null, 'the chosen panel down', (dashboard) =>
    scroll(dashboard, 1),
  ),
  on('filter', ['/'], null, 'show only events with these words', (dashboard) =>
    dashboard.open({ kind: 'filter', text: dashboard.eventFilter }),
  ),
  on('freeze', ['f', ' '], 'freeze', 'hold the picture; the mirror goes on', freeze),
  on('theme', ['t'], null, 'next colours: dark, light, safe for colour-blind', (dashboard) => {
    dashboard.nextTheme();
    dashboard.say(`colours: ${dashboard.map.theme.name}`);
  }),
  on('mouse', ['m'], null, 'mouse off, to select text with it, or on', (dashboard) => {
    dashboard.isMouseOn = !dashboard.isMouseOn;
    dashboard.doors.setMouse(dashboard.isMouseOn);
    dashboard.say(`mouse ${dashboard.isMouseOn ? 'on' : 'off'}`);
  }),
  on('slow', ['s'], null, 'fewer frames, for a slow line', (dashboard) =>
    dashboard.setSlow(!dashboard.map.isSlow),
  ),
  on('charts', ['c'], 'charts', 'the wallboard of charts; q comes back', ({ doors }) =>
    doors.openWallboard(),
  ),
  {
    ...on('export', ['e'], null, 'this view as a picture', (dashboard, words) => {
      void dashboard.exportTo(words === '' ? newPictureName(dashboard) : words);
    }),
    takes: 'FILE.svg|png|txt',
  },
  on('suspend', ['ctrl+z'], null, 'to the shell; fg comes back', ({ doors }) => doors.suspend()),
  on('command', [':'], null, 'any of these by name', (dashboard) =>
    dashboard.open({ kind: 'command', text: '' }),
  ),
  acting('pause', ['p'], 'pause', 'pause or resume recovery', (dashboard) =>
    propose(dashboard, pauseOrResume),
  ),
  acting('throttle', ['T'], null, 'limit recovery: 25%, 100MiB, or not at all', openThrottle),
  acting('less', ['<'], null, 'recovery may use a tenth less of the time', (dashboard) =>
    nudge(dashboard, -10),
  ),
  acting('more', ['>'], null, 'recovery may use a tenth more of the time', (dashboard) =>
    nudge(dashboard, 10),
  ),
  acting('deactivate', ['X'], null, 'stop the engine in order', (dashboard) =>
    propose(dashboard, deactivation),
  ),
];

/** Those that make sense for what is being watched. */
export function commandsFor({ watch, settings, canAct }: Dashboard): readonly KeyCommand[] {
  const isLive = watch.source.kind === 'live';
  const isOffered: Readonly<Record<string, boolean>> = {
    charts: isLive,
    mirrors: isLive && settings.directory !== null,
  };
  return KEY_COMMANDS.filter(({ acts, name }) => {
    return (canAct || acts !== true) && isOffered[name] !== false;
  });
}

/** The commands whose names begin as `text` does, then those that contain it. */
export function completions(dashboard: Dashboard, text: string): readonly KeyCommand[] {
  const commands = commandsFor(dashboard);
  const taking = commands.filter(({ name, takes }) => takes && text.startsWith(`${name} `));
  if (taking.length > 0) return taking;
  const begin = commands.filter(({ name }) => name.startsWith(text));
  const contain = commands.filter(({ name }) => !name.startsWith(text) && name.includes(text));
  return [...begin, ...contain];
}

export function helpLine({ keys, name, help, takes }: KeyCommand): string {
  const shown = keys.slice(0, 2).map((key) => (key === ' ' ? 'space' : key));
  const words = takes === undefined ? help : `${help}: ${takes}`;
  return `${shown.join(' ').padEnd(12)} ${name.padEnd(11)} ${words}`;
}

function newPictureName({ watch }: Dashboard): string {
  const name = watch.source.name.replaceAll(/[^\w.-]+/g, '-').replace(/^-+/, '');
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `mirrorctl-${name}-${time}.svg`;
}

function propose(dashboard: Dashboard, action: (status: MirrorStatus) => MirrorAction): void {
  const { status } = dashboard.watch.snapshot;
  if (status !== null) dashboard.propose(action(status));
}

function nudge(dashboard: Dashboard, by: number): void {
  const { status } = dashboard.watch.snapshot;
  if (status !== null) dashboard.slider.nudge(status, by);
  dashboard.changed();
}

function seek(dashboard: Dashboard, step: 1 | -1, looks: readonly number[], what: string): void {
  if (!dashboard.map.seek(step, looks)) dashboard.say(`no region is ${what}`);
}

function turn(dashboard: Dashboard, step: number): void {
  dashboard.focus = (dashboard.focus + step + PANELS.length) % PANELS.length;
  dashboard.changed();
}

function scroll(dashboard: Dashboard, lines: number): void {
  dashboard.scroll(PANELS[dashboard.focus] ?? 'legs', lines);
}

function freeze(dashboard: Dashboard): void {
  dashboard.isFrozen = !dashboard.isFrozen;
  dashboard.changed();
}

function on(
  name: string,
  keys: readonly string[],
  label: string | null,
  help: string,
  run: KeyCommand['run'],
): KeyCommand {
  return { name, keys, label, help, run };
}

/** Whatever changes the map also changes the words over it. */
function onMap(...[name, keys, label, help, run]: Parameters<typeof on>): KeyCommand {
  return on(name, keys, label, help, (dashboard, words) => {
    run(dashboard, words);
    dashboard.changed();
  });
}

function acting(...words: Parameters<typeof on>): KeyCommand {
  return { ...on(...words), acts: true };
}
