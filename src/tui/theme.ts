/**
 * Colours by meaning, never by name of a colour at the place of use. A theme gives every state of a
 * region two colours: at rest, and while it is being written hard; in between they are mixed.
 *
 * `safe` uses the palette of Okabe and Ito (2008), whose colours differ for every common kind of colour
 * blindness, and puts states that matter at different brightness besides.
 */
import type { RegionState } from '../region/region-state.ts';

export type Rgb = readonly [number, number, number];

interface StateColours {
  readonly cold: Rgb;
  readonly hot: Rgb;
  /** On terminals of sixteen colours: 30–37 or 90–97. */
  readonly ansi: number;
}

export interface Theme {
  readonly name: string;
  readonly isLight: boolean;
  readonly states: Readonly<Record<RegionState, StateColours>>;
  readonly cursor: Rgb;
  readonly marks: Rgb;
  readonly accent: Rgb;
  readonly good: Rgb;
  readonly warning: Rgb;
  readonly bad: Rgb;
  readonly faint: Rgb;
  readonly reads: Rgb;
  readonly writes: Rgb;
}

const DARK: Theme = {
  name: 'dark',
  isLight: false,
  states: {
    clean: { cold: [32, 98, 64], hot: [134, 242, 170], ansi: 32 },
    dirty: { cold: [190, 136, 36], hot: [255, 238, 150], ansi: 33 },
    nosync: { cold: [104, 52, 82], hot: [214, 110, 160], ansi: 35 },
    quiescing: { cold: [86, 108, 214], hot: [140, 160, 255], ansi: 34 },
    recovering: { cold: [70, 176, 255], hot: [170, 224, 255], ansi: 36 },
  },
  cursor: [255, 255, 255],
  marks: [150, 158, 172],
  accent: [96, 200, 214],
  good: [98, 204, 132],
  warning: [234, 184, 76],
  bad: [255, 107, 107],
  faint: [122, 130, 144],
  reads: [98, 204, 132],
  writes: [222, 140, 240],
};

const LIGHT: Theme = {
  name: 'light',
  isLight: true,
  states: {
    clean: { cold: [176, 220, 188], hot: [24, 128, 72], ansi: 32 },
    dirty: { cold: [238, 190, 84], hot: [186, 112, 0], ansi: 33 },
    nosync: { cold: [222, 168, 200], hot: [166, 40, 110], ansi: 35 },
    quiescing: { cold: [130, 146, 232], hot: [60, 76, 190], ansi: 34 },
    recovering: { cold: [24, 120, 224], hot: [0, 66, 160], ansi: 36 },
  },
  cursor: [0, 0, 0],
  marks: [96, 102, 114],
  accent: [0, 110, 130],
  good: [16, 122, 60],
  warning: [160, 98, 0],
  bad: [196, 30, 40],
  faint: [104, 110, 122],
  reads: [16, 122, 60],
  writes: [140, 50, 170],
};

const SAFE: Theme = {
  ...DARK,
  name: 'safe',
  states: {
    clean: { cold: [0, 72, 116], hot: [120, 200, 255], ansi: 34 },
    dirty: { cold: [230, 159, 0], hot: [255, 226, 140], ansi: 33 },
    nosync: { cold: [134, 78, 112], hot: [230, 160, 200], ansi: 35 },
    quiescing: { cold: [0, 158, 115], hot: [80, 220, 180], ansi: 32 },
    recovering: { cold: [240, 228, 66], hot: [255, 250, 180], ansi: 97 },
  },
  accent: [86, 180, 233],
  good: [86, 180, 233],
  warning: [230, 159, 0],
  bad: [213, 94, 0],
  reads: [86, 180, 233],
  writes: [230, 159, 0],
};

export const THEMES: readonly Theme[] = [DARK, LIGHT, SAFE];
export const DEFAULT_THEME = DARK;

export function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
}

export function hex(rgb: Rgb): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
