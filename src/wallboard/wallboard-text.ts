/** What the wallboard writes, with blessed's colour tags. Pure, so that it can be read in a test. */
import type { EngineEvent } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { MapLayout, NO_SLOT } from '../tui/map-layout.ts';
import { MapSlots } from '../tui/map-slots.ts';
import {
  etaWords,
  grouped,
  latencyWords,
  percentWords,
  rateWords,
  shortPaths,
  tail,
} from '../tui/screen-words.ts';
import type { RegionLook, RegionPicture } from '../watch/region-picture.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import type { LegSample } from '../watch/sample.ts';

interface LookCell {
  readonly look: RegionLook;
  readonly colour: string;
  readonly glyph: string;
  readonly words: string;
}

/** In the order of `REGION_LOOKS`. No two have one glyph, because there may be no colour. */
const LOOK_CELLS: readonly LookCell[] = [
  { look: 'clean', colour: 'green', glyph: '█', words: 'clean' },
  { look: 'dirty', colour: 'yellow', glyph: '▒', words: 'dirty' },
  { look: 'nosync', colour: 'magenta', glyph: '▓', words: 'not in sync' },
  { look: 'quiescing', colour: 'blue', glyph: '▞', words: 'quiescing' },
  { look: 'recovering', colour: 'cyan', glyph: '▶', words: 'recovering' },
  { look: 'stranded', colour: 'red', glyph: '░', words: 'leg out' },
  { look: 'different', colour: 'light-magenta', glyph: '≠', words: 'different' },
];

/** The map in `width` by `height` cells, the worst look of each; runs share one colour tag. */
export function regionLines(picture: RegionPicture, width: number, height: number): string {
  const window = { first: 0, count: picture.regionCount };
  const slots = new MapSlots(new MapLayout(window, width, height, 'linear'), picture);
  slots.settle();
  return Array.from({ length: height }, (_, row) => {
    const cells = Array.from({ length: width }, (_, column) => {
      const slot = slots.layout.slotAtDot[row * width + column] ?? NO_SLOT;
      const cell = slot === NO_SLOT ? undefined : LOOK_CELLS[slots.worst[slot] ?? 0];
      return cell === undefined ? ' ' : `{${cell.colour}-fg}${cell.glyph}`;
    });
    return joinRuns(cells);
  }).join('\n');
}

/** What the glyphs mean, with counts: those that there are, as many as fit into `width`. */
export function legendLine({ tallies }: RegionPicture, width: number): string {
  let room = width;
  return LOOK_CELLS.map(({ look, colour, glyph, words }) => {
    const count = tallies[REGION_LOOKS.indexOf(look)] ?? 0;
    const text = ` ${words} ${grouped(count)}  `;
    if (count === 0 || text.length + 1 > room) return '';
    room -= text.length + 1;
    return `{${colour}-fg}${glyph}{/}${text}`;
  }).join('');
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

const QUEUE_BAR = 12;

/** Two lines a leg: whether it is well, and what it is asked for. */
export function legLines(
  { legs }: MirrorStatus,
  samples: readonly (LegSample | undefined)[],
  width: number,
): string {
  return legs
    .flatMap((leg, place) => {
      const colour = leg.letter === 'A' ? 'green' : 'red';
      const errors = (leg.readErrors ?? 0) + (leg.writeErrors ?? 0) + (leg.syncErrors ?? 0);
      const path = tail(leg.path, Math.max(6, width - 30));
      const faults = errors + (leg.flushErrors ?? 0);
      const mark = leg.primary ? '*' : ' ';
      return [
        `${mark} ${plain(path)}  {${colour}-fg}${leg.state}{/}${faults === 0 ? '' : `  ${grouped(faults)} errors`}`,
        ...loadLine(samples[place], width),
      ];
    })
    .join('\n');
}

/** As much as fits into the width, the queue first. */
function loadLine(sample: LegSample | undefined, width: number): string[] {
  if (sample === undefined) return [];
  const { readBytesPerSecond, writeBytesPerSecond, p99Micros, inFlight } = sample;
  const bar = '▇'.repeat(Math.min(QUEUE_BAR, inFlight));
  const queue = `queue {cyan-fg}${bar}{/} ${grouped(inFlight)}`;
  let room = width - `  queue ${bar} ${grouped(inFlight)}`.length;
  const others = [
    `p99 ${latencyWords(p99Micros)}`,
    `w ${rateWords(writeBytesPerSecond)}`,
    `r ${rateWords(readBytesPerSecond)}`,
  ].filter((words) => {
    room -= words.length + 2;
    return room >= 0;
  });
  return [`  ${[...others.toReversed(), queue].join('  ')}`];
}

const EVENT_COLOURS = { good: 'green', plain: 'white', warning: 'yellow', bad: 'red' } as const;

const TIME_WIDTH = 9;

export function eventLines(events: readonly EngineEvent[], width: number, height: number): string {
  return events
    .slice(-height)
    .map(({ at, kind, text }) => {
      const shown = plain(text).slice(0, Math.max(0, width - TIME_WIDTH));
      return `${at.slice(11, 19)} {${EVENT_COLOURS[kind]}-fg}${shown}{/}`;
    })
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
  const trouble = attention.status === '' ? '' : `  ${plain(shortPaths(attention.status, status))}`;
  return `{bold}${status.name}{/bold}  {${colour}-fg}{bold}${status.health.toUpperCase()}{/bold}{/}  ${words}${trouble}`;
}

/** Braces are blessed's tags; names of files may hold them. */
function plain(text: string): string {
  return text.replaceAll('{', '(').replaceAll('}', ')');
}
