/**
 * A picture of the dashboard without a terminal: of a running mirror after a moment of looking, of a log
 * or a recording as if somebody had watched it until then, in no time.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { VirtualTime } from '../watch/virtual-time.ts';
import { MapCanvas } from './map-canvas.ts';
import { settleColours } from './open-dashboard.ts';
import { Painter } from './painter.ts';
import { COLUMNS_MIN, ROWS_MIN } from './screen-plan.ts';
import type { TerminalTraits } from './terminal-traits.ts';
import { themeNamed } from './theme.ts';
import { glyphPen } from './tones.ts';

export interface ViewOptions {
  readonly file: string;
  readonly columns: number;
  readonly rows: number;
  readonly traits: TerminalTraits;
  readonly themeName: string | null;
}

/** Rates are differences of two readings, and one rate is no chart. */
const LIVE_SAMPLES = 3;
const COLUMNS_MAX = 1000;
const ROWS_MAX = 500;

/** Throws USAGE: `160x48`, and neither too small nor absurd. */
export function parseScreenSize(text: string): { columns: number; rows: number } {
  const [, columns = 0, rows = 0] = (/^(\d{1,4})[x×](\d{1,4})$/.exec(text) ?? []).map(Number);
  const isPossible =
    columns >= COLUMNS_MIN && columns <= COLUMNS_MAX && rows >= ROWS_MIN && rows <= ROWS_MAX;
  if (isPossible) return { columns, rows };
  const hint = `give COLUMNSxROWS, from ${COLUMNS_MIN}x${ROWS_MIN} to ${COLUMNS_MAX}x${ROWS_MAX}`;
  throw new MirrorError('USAGE', `--screen-size cannot be ${text}`, { value: text }, hint);
}

/** Of an engine as it is now. Throws what keeps the engine from being watched, USAGE, CANNOT_CREATE. */
export async function exportLive(source: Source, options: ViewOptions): Promise<void> {
  const watch = new MirrorWatch(source, () => performance.now() / 1000);
  await exportView(watch, options, async (changed) => {
    for (;;) {
      await changed();
      const { problem, samples } = watch.snapshot;
      if (problem !== null) {
        throw new MirrorError('ENGINE_UNREACHABLE', problem.message, {}, problem.hint);
      }
      if (samples.length >= LIVE_SAMPLES) return;
    }
  });
}

/** Of what is recorded or on disk, after `seconds` of `time`. Throws USAGE and CANNOT_CREATE. */
export async function exportPast(
  source: Source,
  time: VirtualTime,
  seconds: number,
  options: ViewOptions,
): Promise<void> {
  const watch = new MirrorWatch(source, time.now, time.later);
  await exportView(watch, options, () => time.run(seconds));
}

async function exportView(
  watch: MirrorWatch,
  { file, columns, rows, traits, themeName }: ViewOptions,
  lookAt: (changed: () => Promise<void>) => Promise<void>,
): Promise<void> {
  settleColours(traits);
  const { Dashboard } = await import('./dashboard.ts');
  const { exportScreen, formatOf } = await import('./screen-export.tsx');
  formatOf(file);
  const theme = themeNamed(themeName);
  const canvas = new MapCanvas(new Painter(() => {}, glyphPen(false)));
  const settings = { traits, theme, readOnly: false, directory: null };
  const dashboard = new Dashboard(watch, canvas, settings, NO_DOORS);
  dashboard.resize(columns, rows);
  const changed = () =>
    new Promise<void>((resolve) => {
      const forget = dashboard.subscribe(() => {
        forget();
        resolve();
      });
    });
  watch.start();
  try {
    await lookAt(changed);
    await exportScreen(dashboard, file);
  } finally {
    dashboard.close();
  }
}

const nothing = () => {};
const NO_DOORS = {
  ...{ quit: nothing, suspend: nothing, setMouse: nothing, openWallboard: nothing },
  exportView: async () => {},
};
