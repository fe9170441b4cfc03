/**
 * Runs the dashboard on a terminal, from the first frame to the terminal given back as it was.
 *
 *   terminal input ─▶ pointer input ─▶ ink ─▶ keys            terminal output ◀─ tap ◀─ ink
 *                          └─▶ clicks, wheel                                  ◀─ painter
 *
 * ink and the painter share the terminal by these rules: ink writes through a tap, which tells the
 * painter when ink has erased something; the painter writes only inside its rectangle, saves and
 * restores the cursor, and leaves out the rectangle of an open overlay. After a resize the painter
 * stops at once, and both begin anew when the size has settled.
 *
 * Whatever ends the process, mouse reports are switched off again; ink leaves the alternate screen and
 * shows the cursor. Stopped (Ctrl-Z) it gives the terminal back as well, and takes it again afterwards.
 */
import type { RenderOptions } from 'ink';
import { render } from 'ink';
import type { MirrorWatch } from '../watch/mirror-watch.ts';
import { App } from './app.tsx';
import type { DashboardSettings } from './dashboard.ts';
import { Dashboard } from './dashboard.ts';
import type { Host } from './leaving.ts';
import { leavingChoice } from './leaving.ts';
import { MapCanvas } from './map-canvas.ts';
import { overlayRect } from './overlay-plan.ts';
import { EMPTY_RECT, Painter } from './painter.ts';
import { point } from './pointer-commands.ts';
import type { KeyboardStream } from './pointer-input.ts';
import { PointerInput } from './pointer-input.ts';
import { exportScreen } from './screen-export.tsx';
import { MOUSE_OFF, MOUSE_ON, TerminalLoan } from './terminal-loan.ts';
import { glyphPen } from './tones.ts';

const CLEAR = '\x1b[2J\x1b[H';
const SETTLE_MS = 120;

export type ScreenStream = NodeJS.WriteStream;

export interface DashboardRun {
  readonly dashboard: Dashboard;
  /** Resolves when the terminal has been given back. */
  readonly ended: Promise<void>;
  /** Everything that ink was asked to draw is on its way to the terminal. */
  flushed(): Promise<void>;
  stop(): void;
  /** Ends it because of a defect: the terminal is given back, then `ended` rejects. */
  fail(error: unknown): void;
}

export interface RunOptions extends DashboardSettings {
  readonly mouse: boolean;
  /** Null: the engine is somebody else's. */
  readonly host: Host | null;
  /** Begins with the list of mirrors. */
  readonly choosing: boolean;
  readonly openWallboard: (name: string) => Promise<void>;
}

export function runDashboard(
  watch: MirrorWatch,
  output: ScreenStream,
  keyboard: KeyboardStream,
  options: RunOptions,
): DashboardRun {
  const input = new PointerInput(keyboard);
  const painter = new Painter((text) => output.write(text), glyphPen(false));
  const tap = new OutputTap(output, painter);
  const dashboard: Dashboard = new Dashboard(watch, new MapCanvas(painter), options, {
    quit: () =>
      options.host === null ? stop() : dashboard.open(leavingChoice(options.host, stop)),
    suspend: () => loan.suspend(),
    exportView: (file) => exportScreen(dashboard, file),
    setMouse: (on) => output.write(on ? MOUSE_ON : MOUSE_OFF),
    openWallboard: () => void loan.lend(() => options.openWallboard(dashboard.watch.source.name)),
  });
  const loan = new TerminalLoan(dashboard, output, painter);
  const sparing = dashboard.subscribe(() => spareOverlay(dashboard, painter, tap));
  input.onPointer = (event) => point(dashboard, event);
  dashboard.resize(output.columns, output.rows);
  dashboard.isMouseOn = options.mouse;
  if (options.mouse) output.write(MOUSE_ON);
  const app = <App dashboard={dashboard} terminal={loan.terminal} />;
  const instance = render(app, inkOptions(tap.stream, input));
  const resizing = new Resizing(output, painter, () => {
    output.write(CLEAR);
    instance.clear();
    dashboard.resize(output.columns, output.rows);
    instance.rerender(app);
  });
  const defects: unknown[] = [];
  watch.start();
  if (options.choosing) dashboard.open({ kind: 'mirrors', chosen: null, onlyProblems: false });

  function fail(error: unknown): void {
    defects.push(error);
    stop();
  }

  function stop(): void {
    dashboard.close();
    sparing();
    resizing.stop();
    painter.place(EMPTY_RECT, glyphPen(false));
    output.write(MOUSE_OFF);
    instance.unmount();
  }

  const ended = instance
    .waitUntilExit()
    .catch(fail)
    .then(() => {
      dashboard.close();
      input.detach();
      loan.end();
      if (defects.length > 0) throw defects[0];
    });
  return { dashboard, ended, stop, fail, flushed: () => instance.waitUntilRenderFlush() };
}

function inkOptions(stdout: ScreenStream, input: PointerInput): RenderOptions {
  return {
    stdout,
    stdin: input as unknown as NodeJS.ReadStream,
    // Without this, ink draws nothing where CI is set, terminal or not.
    interactive: true,
    alternateScreen: true,
    incrementalRendering: true,
    exitOnCtrlC: false,
    patchConsole: false,
    maxFps: 30,
  };
}

/** ink's stdout: passes everything on, and notes what it does to the painter's cells. */
class OutputTap {
  readonly stream: ScreenStream;
  /** While it is, ink may write to rows of the map. */
  isOverlayOpen = false;
  /** The first write after it has gone still clears its rows. */
  #wasOverlayOpen = false;

  constructor(output: ScreenStream, painter: Painter) {
    const write = (chunk: string, ...rest: never[]) => {
      const taken = output.write(chunk, ...rest);
      this.#note(String(chunk), painter);
      return taken;
    };
    this.stream = new Proxy(output, {
      get(target, key) {
        if (key === 'write') return write;
        const value = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  #note(chunk: string, painter: Painter): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
    const erases = /\x1b\[[0-3]?J|\x1b\[2K|\x1b\[\?1049h/.test(chunk);
    if (!erases && !this.isOverlayOpen && !this.#wasOverlayOpen) return;
    this.#wasOverlayOpen = this.isOverlayOpen;
    painter.forget();
    // At once, so that nobody sees the hole; after whatever ink still has to say in this turn.
    queueMicrotask(() => painter.paint(Infinity));
  }
}

function spareOverlay(dashboard: Dashboard, painter: Painter, tap: OutputTap): void {
  painter.spare(overlayRect(dashboard));
  tap.isOverlayOpen = dashboard.overlay !== null;
}

/** A new size holds once it has not changed for a moment; until then nothing is painted. */
class Resizing {
  readonly #output: ScreenStream;
  readonly #changed: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(output: ScreenStream, painter: Painter, settled: () => void) {
    this.#output = output;
    this.#changed = () => {
      painter.place(EMPTY_RECT, glyphPen(false));
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = setTimeout(settled, SETTLE_MS);
    };
    // Before ink hears of it, which paints at once.
    output.prependListener('resize', this.#changed);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#output.off('resize', this.#changed);
  }
}
