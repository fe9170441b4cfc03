/** What the wallboard writes, with blessed's colour tags. Pure, so that it can be read in a test. */
import type { EngineEvent } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { MapLayout, NO_SLOT } from '../tui/map-layout.ts';
import { MapSlots } from '../tui/map-slots.ts';
import { etaWords, grouped, percentWords, rateWords, tail } from '../tui/screen-words.ts';
import type { RegionPicture } from '../watch/region-picture.ts';

/** In the order of `REGION_STATES`. */
const STATE_CELLS = [
  '{green-fg}█',
  '{yellow-fg}▒',
  '{magenta-fg}▓',
  '{blue-fg}█',
  '{cyan-fg}█',
] as const;

/** The map in `width` by `height` cells, the worst state of each; runs share one colour tag. */
export function regionLines(picture: RegionPicture, width: number, height: number): string {
  const window = { first: 0, count: picture.regionCount };
  const slots = new MapSlots(new MapLayout(window, width, height, 'linear'), picture);
  slots.settle();
  return Array.from({ length: height }, (_, row) => {
    const cells = Array.from({ length: width }, (_, column) => {
      const slot = slots.layout.slotAtDot[row * width + column] ?? NO_SLOT;
      return slot === NO_SLOT ? ' ' : (STATE_CELLS[slots.worst[slot] ?? 0] ?? ' ');
    });
    return joinRuns(cells);
  }).join('\n');
}

function joinRuns(cells: readonly string[]): string {
  let line = '';
  let tag = '';
  for (const cell of cells) {
    const own = cell.slice(0, -1);
    line += own === tag ? cell.slice(-1) : `{/}${cell}`;
    tag = own;
  }
  return `${line}{/}`;
}

export function legLines({ legs }: MirrorStatus, width: number): string {
  return legs
    .map((leg) => {
      const colour = leg.letter === 'A' ? 'green' : 'red';
      const errors = (leg.readErrors ?? 0) + (leg.writeErrors ?? 0) + (leg.syncErrors ?? 0);
      const path = tail(leg.path, Math.max(6, width - 30));
      const faults = errors + (leg.flushErrors ?? 0);
      const mark = leg.primary ? '*' : ' ';
      return `${mark} ${plain(path)}  {${colour}-fg}${leg.state}{/}${faults === 0 ? '' : `  ${grouped(faults)} errors`}`;
    })
    .join('\n');
}

const EVENT_COLOURS = { good: 'green', plain: 'white', warning: 'yellow', bad: 'red' } as const;

export function eventLines(events: readonly EngineEvent[], height: number): string {
  return events
    .slice(-height)
    .map(({ at, kind, text }) => `${at.slice(11, 19)} {${EVENT_COLOURS[kind]}-fg}${plain(text)}{/}`)
    .join('\n');
}

/** The last line: health and what is wrong, or how busy it is. */
export function summaryLine(status: MirrorStatus): string {
  const colour = { ok: 'green', degraded: 'yellow', failed: 'red', unknown: 'white' }[
    status.health
  ];
  const { recovery, attention } = status;
  const done = percentWords((recovery.doneRegions ?? 0) / Math.max(1, recovery.totalRegions));
  const words = recovery.active
    ? `${done}, ${rateWords(recovery.bytesPerSecond)}, ${etaWords(recovery.etaSeconds)} to go`
    : status.activity;
  const trouble = attention.status === '' ? '' : `  ${plain(attention.status)}`;
  return `{bold}${status.name}{/bold}  {${colour}-fg}{bold}${status.health.toUpperCase()}{/bold}{/}  ${words}${trouble}`;
}

/** Braces are blessed's tags; names of files may hold them. */
function plain(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}
