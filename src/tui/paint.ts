/** Colours for ink by meaning; nothing at all where the terminal shows no colours. */
import type { Dashboard } from './dashboard.ts';
import type { Theme } from './theme.ts';
import { hex } from './theme.ts';
import { toneColour } from './tones.ts';

export type Meaning = 'accent' | 'good' | 'warning' | 'bad' | 'faint' | 'reads' | 'writes';

export interface Colour {
  readonly color?: string;
  readonly dimColor?: boolean;
}

export function colourOf({ map, settings }: Dashboard, meaning: Meaning): Colour {
  if (settings.traits.depth === 0) return {};
  return { color: ansiOr(map.theme, meaning, settings.traits.depth === 16) };
}

/** For borders, which take a name and not a set of props. */
export function borderOf(dashboard: Dashboard, meaning: Meaning): { borderColor?: string } {
  const { color } = colourOf(dashboard, meaning);
  return color === undefined ? {} : { borderColor: color };
}

/** As the map has it, so that the legend and the map show one colour. */
export function toneInk(dashboard: Dashboard, tone: number): Colour {
  const { depth } = dashboard.settings.traits;
  const colour = depth === 0 ? null : toneColour(dashboard.map.theme, tone);
  if (colour === null) return {};
  const { rgb, ansi } = colour;
  return { color: depth === 16 ? `ansi256(${ansi >= 90 ? ansi - 82 : ansi - 30})` : hex(rgb) };
}

const ANSI_NAMES: Readonly<Record<Meaning, string>> = {
  accent: 'cyan',
  good: 'green',
  warning: 'yellow',
  bad: 'redBright',
  faint: 'gray',
  reads: 'green',
  writes: 'magenta',
};

function ansiOr(theme: Theme, meaning: Meaning, isAnsi: boolean): string {
  return isAnsi ? ANSI_NAMES[meaning] : hex(theme[meaning]);
}
