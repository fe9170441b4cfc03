/** Colours for ink by meaning; nothing at all where the terminal shows no colours. */
import type { RegionState } from '../region/region-state.ts';
import type { Dashboard } from './dashboard.ts';
import type { Theme } from './theme.ts';
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

/** As the map has it, so that the legend and the map show one colour. */
export function stateColour(dashboard: Dashboard, state: RegionState, isHot: boolean): Colour {
  const { depth } = dashboard.settings.traits;
  const { cold, hot, ansi } = dashboard.theme.states[state];
  if (depth === 0) return {};
  if (depth === 16) return { color: `ansi256(${ansi - 30 + (isHot ? 8 : 0)})` };
  return { color: hex(isHot ? hot : cold) };
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
