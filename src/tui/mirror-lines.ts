/** The list of mirrors: one line each, those with problems first to see, in columns. */
import { formatBytes } from '../geometry/size-words.ts';
import type { Dashboard } from './dashboard.ts';
import type { OverlayLine, OverlayOf } from './overlay.ts';
import { etaWords, percentWords, shortPaths, UNKNOWN } from './screen-words.ts';
import type { ListedMirror } from './state-directory.ts';

/** What the list shows now: all mirrors, or those that need somebody. */
export function shownMirrors(
  { mirrors }: Dashboard,
  { onlyProblems }: OverlayOf<'mirrors'>,
): readonly ListedMirror[] {
  return onlyProblems ? mirrors.filter(needsSomebody) : mirrors;
}

/** At first, the one that is watched. */
export function chosenMirror(dashboard: Dashboard, overlay: OverlayOf<'mirrors'>): number {
  const shown = shownMirrors(dashboard, overlay);
  const watched = shown.findIndex(({ name }) => name === dashboard.watch.source.name);
  return Math.min(overlay.chosen ?? Math.max(0, watched), shown.length - 1);
}

/** An inactive mirror is left alone on purpose. */
function needsSomebody(mirror: ListedMirror): boolean {
  if ('fault' in mirror) return true;
  return mirror.status.active && mirror.status.health !== 'ok';
}

export function mirrorLines(
  dashboard: Dashboard,
  overlay: OverlayOf<'mirrors'>,
  room: { readonly width: number; readonly height: number },
): OverlayLine[] {
  const mirrors = shownMirrors(dashboard, overlay);
  const nameWidth = Math.max(8, ...mirrors.map(({ name }) => name.length));
  const lineOf = (cells: readonly string[]) =>
    inColumns(cells, nameWidth).slice(0, room.width).padEnd(room.width);
  const chosen = chosenMirror(dashboard, overlay);
  const height = Math.max(1, room.height - 2);
  const first = Math.max(0, Math.min(chosen - height + 1, mirrors.length - height));
  const shown = mirrors.slice(first, first + height).map((mirror, place): OverlayLine => {
    const tone = first + place === chosen ? 'chosen' : toneOf(mirror);
    return { text: lineOf(cellsOf(mirror)), tone };
  });
  return [
    { text: lineOf(HEADS), tone: 'faint' },
    ...(shown.length === 0 ? [emptyLine(dashboard, overlay)] : shown),
    { text: hintFor(dashboard, overlay), tone: 'faint' },
  ];
}

const HEADS = ['NAME', 'HEALTH', 'DOING', 'IN SYNC', 'TO GO', 'SIZE', 'WHAT'] as const;

function inColumns(cells: readonly string[], nameWidth: number): string {
  const [name = '', health = '', doing = '', done = '', eta = '', size = '', what = ''] = cells;
  const left = [name.padEnd(nameWidth), health.padEnd(9), doing.padEnd(10)];
  const right = [done.padStart(7), eta.padStart(8), size.padStart(10)];
  return [...left, ...right, ` ${what}`].join(' ');
}

function emptyLine({ mirrors }: Dashboard, { onlyProblems }: OverlayOf<'mirrors'>): OverlayLine {
  const isAll = onlyProblems && mirrors.length > 0;
  return isAll
    ? { text: `All ${mirrors.length} mirrors are well or at rest.`, tone: 'good' }
    : { text: 'Looking …', tone: 'faint' };
}

function hintFor({ canAct }: Dashboard, { onlyProblems }: OverlayOf<'mirrors'>): string {
  const filter = onlyProblems ? '!: all' : '!: problems';
  return [
    'arrows: choose',
    'enter: watch',
    filter,
    ...(canAct ? ['c: create'] : []),
    'esc: leave',
  ].join('   ');
}

function cellsOf(mirror: ListedMirror): readonly string[] {
  if ('fault' in mirror) return [mirror.name, 'INVALID', '', '', '', '', mirror.fault.message];
  const { name, health, activity, active, sizeBytes, recovery, attention, legs } = mirror.status;
  const { doneRegions, totalRegions, etaSeconds } = recovery;
  return [
    name,
    health.toUpperCase(),
    active ? activity : 'not active',
    doneRegions === null ? UNKNOWN : percentWords(doneRegions / Math.max(1, totalRegions)),
    active && activity === 'recovering' ? etaWords(etaSeconds) : '',
    formatBytes(sizeBytes),
    attention.status === '' ? `${legs.length} legs` : shortPaths(attention.status, mirror.status),
  ];
}

function toneOf(mirror: ListedMirror): OverlayLine['tone'] {
  if ('fault' in mirror) return 'bad';
  const { active, health } = mirror.status;
  if (!active) return 'faint';
  return ({ ok: 'plain', degraded: 'warning', failed: 'bad', unknown: 'plain' } as const)[health];
}
