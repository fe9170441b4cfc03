/** The dashboard on a terminal in memory: keys go in, the screen can be read. No process, no pty. */
import { PassThrough, Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { DashboardRun, RunOptions, ScreenStream } from '../../src/tui/run-dashboard.tsx';
import { runDashboard } from '../../src/tui/run-dashboard.tsx';
import { DEFAULT_THEME } from '../../src/tui/theme.ts';
import type { Source } from '../../src/watch/mirror-watch.ts';
import { MirrorWatch } from '../../src/watch/mirror-watch.ts';
import { PaintedScreen } from '../terminal/painted-screen.ts';

const PATIENCE_MS = 10_000;

const OPTIONS: RunOptions = {
  traits: { depth: 0, ascii: true },
  theme: DEFAULT_THEME,
  readOnly: false,
  mouse: true,
  host: null,
  choosing: false,
  directory: null,
  openWallboard: async () => {},
};

export class DashboardOnScreen {
  readonly screen: PaintedScreen;
  readonly run: DashboardRun;
  readonly #keyboard = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => {},
    ref: () => {},
    unref: () => {},
  });
  readonly #output: Writable & { columns: number; rows: number };

  constructor(source: Source, columns = 80, rows = 24, options: Partial<RunOptions> = {}) {
    const screen = new PaintedScreen(columns, rows);
    screen.terminal.options.convertEol = true;
    this.screen = screen;
    const write = (chunk: unknown, _: unknown, done: () => void) => {
      screen.write(String(chunk));
      done();
    };
    const stream = new Writable({ decodeStrings: false, write });
    this.#output = Object.assign(stream, { isTTY: true, columns, rows });
    const watch = new MirrorWatch(source, () => performance.now() / 1000);
    const output = this.#output as unknown as ScreenStream;
    this.run = runDashboard(watch, output, this.#keyboard, { ...OPTIONS, ...options });
    onTestFinished(() => this.run.stop());
  }

  press(keys: string): void {
    this.#keyboard.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.screen.terminal.resize(columns, rows);
    Object.assign(this.#output, { columns, rows });
    this.#output.emit('resize');
  }

  async lines(): Promise<string[]> {
    await this.run.flushed();
    const cells = await this.screen.cells();
    const { cols } = this.screen.terminal;
    return Array.from({ length: cells.length / cols }, (_, row) =>
      cells
        .slice(row * cols, (row + 1) * cols)
        .map((cell) => [...cell][0] ?? ' ')
        .join(''),
    );
  }

  /** The screen, once `wanted` holds of it; looks again whenever something may have changed. */
  async until(wanted: RegExp): Promise<string[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const lines = await this.lines();
      if (wanted.test(lines.join('\n'))) return lines;
      if (performance.now() > deadline)
        throw new Error(`never saw ${wanted}:\n${lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
