/**
 * The view of a dashboard as a picture: SVG, PNG or text, by the end of the file's name. Drawn anew and
 * not copied from the terminal, so it is the same with and without one.
 *
 *   ink, to a string ──┐
 *                      ├─▶ grid ─▶ text
 *   painter, all cells ┘       └─▶ SVG ─▶ PNG (by resvg, with the fonts of this machine)
 */
import { writeFileSync } from 'node:fs';
import { renderToString } from 'ink';
import { MirrorError } from '../errors/mirror-error.ts';
import { App } from './app.tsx';
import type { Dashboard } from './dashboard.ts';
import { MapCanvas } from './map-canvas.ts';
import { overlayRect } from './overlay-plan.ts';
import { Painter } from './painter.ts';
import { ScreenGrid } from './screen-grid.ts';
import { DARK_FRAME, LIGHT_FRAME, screenSvg } from './screen-svg.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import { glyphPen } from './tones.ts';

const EXPORT_FORMATS = ['svg', 'png', 'txt'] as const;
const BRAILLE_BLANK = '\u2800';
type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Throws USAGE where the name says nothing that is known. */
export function formatOf(file: string): ExportFormat {
  const format = EXPORT_FORMATS.find((known) => file.toLowerCase().endsWith(`.${known}`));
  if (format !== undefined) return format;
  const hint = `end its name in ${EXPORT_FORMATS.map((known) => `.${known}`).join(', ')}`;
  throw new MirrorError('USAGE', `${file} can be no picture`, { path: file }, hint);
}

/** Writes a new file. Throws USAGE and CANNOT_CREATE. */
export async function exportScreen(dashboard: Dashboard, file: string): Promise<void> {
  const picture = await pictureOf(dashboard, formatOf(file));
  try {
    writeFileSync(file, picture, { flag: 'wx' });
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const message = isThere ? `${file} exists` : `cannot create ${file}`;
    const hint = isThere ? 'name a new file' : 'see that its directory is there and can be written';
    throw new MirrorError('CANNOT_CREATE', message, { path: file }, hint, cause);
  }
}

async function pictureOf(dashboard: Dashboard, format: ExportFormat): Promise<string | Uint8Array> {
  const { traits } = dashboard.settings;
  if (format === 'txt') {
    const { lines } = drawScreen(dashboard, { ...traits, depth: 0 });
    return `${lines.map((line) => line.replaceAll(BRAILLE_BLANK, ' ').trimEnd()).join('\n')}\n`;
  }
  const title = `mirrorctl tui ${dashboard.watch.source.name}`;
  const frame = { title, ...(dashboard.map.theme.isLight ? LIGHT_FRAME : DARK_FRAME) };
  const svg = screenSvg(drawScreen(dashboard, traits), frame);
  return format === 'svg' ? svg : await asPng(svg);
}

/** The whole screen, as a terminal of these traits would show it. */
export function drawScreen(dashboard: Dashboard, traits: TerminalTraits): ScreenGrid {
  const { columns, rows, canvas: rect, isTooSmall } = dashboard.plan;
  const grid = new ScreenGrid(columns, rows);
  const painter = new Painter((text) => grid.write(text), glyphPen(false));
  const canvas = new MapCanvas(painter);
  dashboard.drawAs(traits, canvas, isTooSmall ? null : rect, () => {
    grid.write(
      renderToString(<App dashboard={dashboard} terminal={{ suspend: null }} />, { columns }),
    );
    painter.spare(overlayRect(dashboard));
    canvas.frame(Infinity);
  });
  return grid;
}

/** resvg is an optional package, and of no use without a font. */
async function asPng(svg: string): Promise<Uint8Array> {
  const hint = 'name an .svg or a .txt file instead';
  const { Resvg } = await import('@resvg/resvg-js').catch((cause: unknown) => {
    const message = 'a PNG needs the package @resvg/resvg-js, which does not load here';
    throw new MirrorError('CANNOT_CREATE', message, {}, hint, cause);
  });
  const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' };
  const letter = `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="18"><text y="14" font-size="14">M</text></svg>`;
  if (new Resvg(letter, { font }).render().pixels.every((part) => part === 0)) {
    throw new MirrorError('CANNOT_CREATE', 'a PNG needs a font, and there is none', {}, hint);
  }
  return new Resvg(svg, { font }).render().asPng();
}
