/**
 * Colours by meaning, never by name of a colour at the place of use. A theme gives every state of a
 * region two colours: at rest, and while it is being written hard; in between they are mixed.
 *
 * `safe` uses the palette of Okabe and Ito (2008), whose colours differ for every common kind of colour
 * blindness, and puts states that matter at different brightness besides.
 */
import type { RegionLook } from '../watch/region-picture.ts';

export type Rgb = readonly [number, number, number];

export interface ToneColour {
  readonly rgb: Rgb;
  /** Of the sixteen: 30–37, and 60 more for the bright ones. */
  readonly ansi: number;
}

interface LookColours {
  readonly cold: Rgb;
  readonly hot: Rgb;
  /** On terminals of sixteen colours: 30–37 or 90–97. */
  readonly ansi: number;
}

export interface Theme {
  readonly name: string;
  readonly isLight: boolean;
  readonly looks: Readonly<Record<RegionLook, LookColours>>;
  /** For the map of who misses what; the colours of the legs repeat. */
  readonly missing: {
    readonly nobody: ToneColour;
    readonly legs: readonly ToneColour[];
    readonly several: ToneColour;
  };
  readonly head: Rgb;
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
  looks: {
    clean: { cold: [32, 98, 64], hot: [134, 242, 170], ansi: 32 },
    dirty: { cold: [190, 136, 36], hot: [255, 238, 150], ansi: 33 },
    nosync: { cold: [122, 62, 98], hot: [224, 124, 172], ansi: 35 },
    quiescing: { cold: [86, 108, 214], hot: [140, 160, 255], ansi: 34 },
    recovering: { cold: [70, 176, 255], hot: [170, 224, 255], ansi: 36 },
    stranded: { cold: [190, 58, 58], hot: [255, 128, 112], ansi: 31 },
    different: { cold: [255, 76, 220], hot: [255, 170, 240], ansi: 95 },
  },
  missing: {
    nobody: { rgb: [36, 66, 54], ansi: 32 },
    legs: [
      { rgb: [74, 158, 232], ansi: 36 },
      { rgb: [232, 128, 56], ansi: 33 },
      { rgb: [196, 112, 214], ansi: 35 },
      { rgb: [222, 208, 72], ansi: 93 },
    ],
    several: { rgb: [240, 84, 84], ansi: 31 },
  },
  head: [196, 234, 255],
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
  looks: {
    clean: { cold: [176, 220, 188], hot: [24, 128, 72], ansi: 32 },
    dirty: { cold: [238, 190, 84], hot: [186, 112, 0], ansi: 33 },
    nosync: { cold: [222, 168, 200], hot: [166, 40, 110], ansi: 35 },
    quiescing: { cold: [130, 146, 232], hot: [60, 76, 190], ansi: 34 },
    recovering: { cold: [24, 120, 224], hot: [0, 66, 160], ansi: 36 },
    stranded: { cold: [214, 72, 72], hot: [150, 16, 24], ansi: 31 },
    different: { cold: [200, 0, 170], hot: [120, 0, 100], ansi: 35 },
  },
  missing: {
    nobody: { rgb: [206, 226, 212], ansi: 32 },
    legs: [
      { rgb: [24, 110, 200], ansi: 36 },
      { rgb: [206, 100, 10], ansi: 33 },
      { rgb: [150, 60, 170], ansi: 35 },
      { rgb: [150, 136, 0], ansi: 93 },
    ],
    several: { rgb: [200, 30, 40], ansi: 31 },
  },
  head: [0, 40, 120],
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
  looks: {
    clean: { cold: [0, 72, 116], hot: [120, 200, 255], ansi: 34 },
    dirty: { cold: [230, 159, 0], hot: [255, 226, 140], ansi: 33 },
    nosync: { cold: [134, 78, 112], hot: [230, 160, 200], ansi: 35 },
    quiescing: { cold: [0, 158, 115], hot: [80, 220, 180], ansi: 32 },
    recovering: { cold: [240, 228, 66], hot: [255, 250, 180], ansi: 97 },
    stranded: { cold: [213, 94, 0], hot: [255, 150, 80], ansi: 31 },
    different: { cold: [255, 140, 210], hot: [255, 200, 235], ansi: 95 },
  },
  missing: {
    ...DARK.missing,
    nobody: { rgb: [0, 52, 84], ansi: 34 },
    legs: [
      { rgb: [86, 180, 233], ansi: 36 },
      { rgb: [230, 159, 0], ansi: 33 },
      { rgb: [204, 121, 167], ansi: 35 },
      { rgb: [240, 228, 66], ansi: 93 },
    ],
    several: { rgb: [213, 94, 0], ansi: 31 },
  },
  head: [255, 255, 255],
  accent: [86, 180, 233],
  good: [86, 180, 233],
  warning: [230, 159, 0],
  bad: [213, 94, 0],
  reads: [86, 180, 233],
  writes: [230, 159, 0],
};

export const THEMES: readonly Theme[] = [DARK, LIGHT, SAFE];
export const DEFAULT_THEME = DARK;

/** The usual one for null. */
export function themeNamed(name: string | null): Theme {
  return THEMES.find((theme) => theme.name === name) ?? DEFAULT_THEME;
}

export function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [part(0), part(1), part(2)];
}

export function hex(rgb: Rgb): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
