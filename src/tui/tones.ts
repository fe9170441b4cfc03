/**
 * The tones a dot of the map can have: a look at a level of heat, a leg, or one of a few marks. A tone
 * is a number below 64, so that two of them fit into the code of a cell:
 *
 *   half blocks   code = upper tone × 64 + lower tone         glyphs   code = tone (+ 64: reversed)
 *
 * Colours come from a theme and are reduced to what the terminal can show. Where there is no colour,
 * every look has a glyph of its own, so that nothing is said by colour alone.
 */
import { LEG_COUNT_MAX } from '../geometry/units.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import { HEAT_LEVELS } from './map-slots.ts';
import type { Pen } from './painter.ts';
import type { Rgb, Theme, ToneColour } from './theme.ts';
import { mixed } from './theme.ts';

/** Who misses something: nobody, leg 0 and on, several. */
const NOBODY_TONE = REGION_LOOKS.length * HEAT_LEVELS;
const SEVERAL_TONE = NOBODY_TONE + 1 + LEG_COUNT_MAX;
export const EMPTY_TONE = SEVERAL_TONE + 1;
export const CURSOR_TONE = EMPTY_TONE + 1;
/** Over the overview: the part of the mirror that the map shows. */
export const WINDOW_TONE = EMPTY_TONE + 2;
/** Where recovery is. */
export const HEAD_TONE = EMPTY_TONE + 3;
const TONES = 64;

/** How many colours the terminal has; 0: none. */
export type ColourDepth = 0 | 16 | 256 | 16_777_216;

export const toneOf = (look: number, level: number) => look * HEAT_LEVELS + level;

/** `legs`: those that miss something, bit i for leg i. */
export function missingTone(legs: number): number {
  if (legs === 0) return NOBODY_TONE;
  return (legs & (legs - 1)) === 0 ? NOBODY_TONE + 1 + Math.log2(legs) : SEVERAL_TONE;
}

export const halfBlockCode = (upper: number, lower: number) => upper * TONES + lower;
export const glyphCode = (tone: number, reversed: boolean) => tone + (reversed ? TONES : 0);

/** By look and level: a hot region is one that is being written. Then who misses it, then the marks. */
const MISSING_GLYPHS = '012345678*';
const UNICODE_GLYPHS = [
  ...['·∙•●', 'dwww', '××××', '»»»»', '»»»»', '!!!!', '≠≠≠≠'],
  ...['·', MISSING_GLYPHS, ' ', ' ', ' ', '»'],
].join('');
const ASCII_GLYPHS = [
  ...['.,oo', 'dwww', 'xxxx', '>>>>', '>>>>', '!!!!', '####'],
  ...['.', MISSING_GLYPHS, ' ', ' ', ' ', '>'],
].join('');

export function toneGlyph(tone: number, ascii: boolean): string {
  return [...(ascii ? ASCII_GLYPHS : UNICODE_GLYPHS)][tone] ?? '?';
}

/** The colour of a tone for what is written beside the map; null: the terminal's own. */
export function toneColour(theme: Theme, tone: number): ToneColour | null {
  return tonesOf(theme)[tone] ?? null;
}

/** Two dots in a cell. A half without a region shows the terminal's own background. */
export function halfBlockPen(theme: Theme, depth: ColourDepth): Pen {
  const parts = tonesOf(theme).map((tone) => (tone === null ? '' : coloured(tone, depth)));
  const upper = (code: number) => Math.floor(code / TONES);
  const lower = (code: number) => code % TONES;
  const ground = (tone: number) => (tone === EMPTY_TONE ? '49' : asBackground(parts[tone] ?? ''));
  return {
    foreground(code) {
      const inked = upper(code) === EMPTY_TONE ? lower(code) : upper(code);
      return upper(code) === lower(code) || inked === EMPTY_TONE ? '' : (parts[inked] ?? '');
    },
    background: (code) => ground(upper(code) === EMPTY_TONE ? EMPTY_TONE : lower(code)),
    glyph(code) {
      if (upper(code) === lower(code)) return ' ';
      return upper(code) === EMPTY_TONE ? '▄' : '▀';
    },
  };
}

export function glyphPen(ascii: boolean): Pen {
  const glyphs = [...(ascii ? ASCII_GLYPHS : UNICODE_GLYPHS)];
  return {
    foreground: (code) => (code >= TONES ? '7' : '27'),
    background: () => '',
    glyph: (code) => glyphs[code % TONES] ?? ' ',
  };
}

function tonesOf(theme: Theme): (ToneColour | null)[] {
  const tones: (ToneColour | null)[] = [];
  for (const look of REGION_LOOKS) {
    const { cold, hot, ansi } = theme.looks[look];
    for (let level = 0; level < HEAT_LEVELS; level += 1) {
      tones.push({
        rgb: mixed(cold, hot, level / (HEAT_LEVELS - 1)),
        ansi: level < 2 ? ansi : ansi + 60,
      });
    }
  }
  for (let leg = 0; leg <= LEG_COUNT_MAX + 1; leg += 1) tones.push(missingColour(theme, leg));
  return [
    ...tones,
    null,
    { rgb: theme.cursor, ansi: theme.isLight ? 30 : 97 },
    { rgb: theme.marks, ansi: 37 },
    { rgb: theme.head, ansi: theme.isLight ? 34 : 96 },
  ];
}

/** 0: nobody, then the legs, whose colours repeat, then several of them. */
function missingColour({ missing }: Theme, place: number): ToneColour {
  const { nobody, legs, several } = missing;
  if (place === 0) return nobody;
  return place > LEG_COUNT_MAX ? several : (legs[(place - 1) % legs.length] ?? several);
}

function coloured({ rgb, ansi }: ToneColour, depth: ColourDepth): string {
  if (depth === 16) return String(ansi > 97 ? ansi - 60 : ansi);
  if (depth === 256) return `38;5;${nearest256(rgb)}`;
  return `38;2;${rgb.join(';')}`;
}

/** 38;… becomes 48;…, 30–37 and 90–97 become 40–47 and 100–107. */
function asBackground(foreground: string): string {
  return foreground.startsWith('38;') ? `4${foreground.slice(1)}` : String(Number(foreground) + 10);
}

const CUBE = [0, 95, 135, 175, 215, 255] as const;

/** The nearest of the 6 × 6 × 6 cube and the 24 greys of 256-colour terminals. */
export function nearest256(rgb: Rgb): number {
  const steps = rgb.map((part) => indexOfNearest(CUBE, part)) as [number, number, number];
  const cube = steps.map((step) => CUBE[step] ?? 0) as [number, number, number];
  const grey = Math.max(0, Math.min(23, Math.round(((rgb[0] + rgb[1] + rgb[2]) / 3 - 8) / 10)));
  const greyRgb: Rgb = [8 + grey * 10, 8 + grey * 10, 8 + grey * 10];
  if (distance(rgb, greyRgb) < distance(rgb, cube)) return 232 + grey;
  return 16 + steps[0] * 36 + steps[1] * 6 + steps[2];
}

function indexOfNearest(values: readonly number[], wanted: number): number {
  let best = 0;
  for (const [index, value] of values.entries()) {
    if (Math.abs(value - wanted) < Math.abs((values[best] ?? 0) - wanted)) best = index;
  }
  return best;
}

function distance(a: Rgb, b: Rgb): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}
