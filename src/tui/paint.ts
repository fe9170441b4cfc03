/** Colours for ink by meaning; nothing at all where the terminal shows no colours. */
import type { Dashboard } from './dashboard.ts';
import type { Rgb, Theme } from './theme.ts';
import { hex } from './theme.ts';

export type Meaning = 'accent' | 'good' | 'warning' | 'bad' | 'faint' | 'reads' | 'writes';

export interface Colour {
  readonly color?: string;
  readonly dimColor?: boolean;
}

export function colourOf({ theme, settings }: Dashboard, meaning: Meaning): Colour {
  if (settings.traits.depth === 0) return {};
  return { color: ansiOr(theme, meaning, settings.traits.depth === 16) };
}

/** For borders, which take a name and not a set of props. */
export function borderOf(dashboard: Dashboard, meaning: Meaning): { borderColor?: string } {
  const { color } = colourOf(dashboard, meaning);
  return color === undefined ? {} : { borderColor: color };
}

export function rgbColour({ settings }: Dashboard, rgb: Rgb): Colour {
  return settings.traits.depth === 0 ? {} : { color: hex(rgb) };
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
