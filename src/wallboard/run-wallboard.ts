/**
 * The wallboard: charts of one mirror for a screen on the wall, drawn with blessed-contrib. It only
 * looks. It runs in a process of its own, because blessed takes the terminal for itself.
 *
 * What blessed does not do by itself: charts do not follow a resize unless they are attached again;
 * terminals it has no good description of are treated as xterm; lines are drawn as Unicode, not in the
 * alternate character set, so that tmux can capture them; colours are left out where nobody wants them
 * (plain-output.ts); Ctrl-Z works; and a defect is said once the terminal has been given back.
 */
import blessed from 'blessed';
import contrib from 'blessed-contrib';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import { scaleFor } from '../tui/area-chart.ts';
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { Sample } from '../watch/sample.ts';
import { plainOutput } from './plain-output.ts';
import type { Place, WallboardPlan } from './wallboard-plan.ts';
import { COLUMNS_MIN, planWallboard, ROWS_MIN } from './wallboard-plan.ts';
import { eventLines, legendLine, legLines, regionLines, summaryLine } from './wallboard-text.ts';

const MIB = 1024 * 1024;
const SAMPLES_SHOWN = 60;
const FRAME = 2;
/** From so many rows on a chart has room for all its labels. */
const TALL_CHART = 12;

export async function runWallboard(source: Source, colours: boolean): Promise<ExitCode> {
  Object.assign(process.env, { NCURSES_NO_UTF8_ACS: '1' });
  const screen = blessed.screen({
    output: colours ? process.stdout : plainOutput(process.stdout),
    smartCSR: true,
    fullUnicode: true,
    forceUnicode: true,
    terminal: 'xterm-256color',
    title: `mirrorctl top ${source.name}`,
  });
  const board = new Wallboard(screen);
  const watch = new MirrorWatch(source, () => performance.now() / 1000);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  screen.key(['q', 'escape', 'C-c'], () => resolve());
  screen.key(['C-z'], () => suspend(screen));
  process.once('uncaughtException', reject);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
  watch.onChange = () => board.draw(watch);
  screen.on('resize', () => {
    board.place();
    board.draw(watch);
  });
  watch.start();
  await promise.finally(() => {
    watch.close();
    screen.destroy();
  });
  return EXIT.ok;
}

/** To the shell, until it lets this process go on. */
function suspend(screen: blessed.Widgets.Screen): void {
  const program = screen.program as unknown as { sigtstp(then: () => void): void };
  program.sigtstp(() => {
    screen.alloc();
    screen.render();
  });
}

class Wallboard {
  readonly #screen: blessed.Widgets.Screen;
  readonly #throughput: contrib.Widgets.LineElement;
  readonly #latency: contrib.Widgets.LineElement;
  readonly #inSync: contrib.Widgets.DonutElement;
  readonly #regions: blessed.Widgets.BoxElement;
  readonly #legs: blessed.Widgets.BoxElement;
  readonly #events: blessed.Widgets.BoxElement;
  readonly #line: blessed.Widgets.BoxElement;

  constructor(screen: blessed.Widgets.Screen) {
    this.#screen = screen;
    const plan = this.#plan();
    this.#throughput = contrib.line(chartOptions('Throughput, MiB/s', plan.throughput));
    this.#latency = contrib.line(chartOptions('Write latency, ms', plan.latency));
    this.#inSync = contrib.donut(donutOptions(plan.inSync));
    this.#regions = blessed.box(boxOptions('Regions', plan.regions));
    this.#legs = blessed.box(boxOptions('Legs', plan.legs));
    this.#events = blessed.box(boxOptions('Events', plan.events));
    this.#line = blessed.box({ ...plan.line, tags: true });
    for (const widget of this.#widgets()) screen.append(widget);
  }

  /** After a resize: everything to its new place. */
  place(): void {
    const plan = this.#plan();
    const places = [plan.throughput, plan.latency, plan.inSync, plan.regions, plan.legs];
    for (const [index, widget] of this.#widgets().entries()) {
      Object.assign(widget, [...places, plan.events, plan.line][index]);
    }
    for (const chart of [this.#throughput, this.#latency, this.#inSync]) chart.emit('attach');
  }

  draw({ snapshot, picture }: MirrorWatch): void {
    if (this.#isTooSmall()) return;
    const { status, samples, events, link, problem } = snapshot;
    const plan = this.#plan();
    this.#drawCharts(samples.slice(-SAMPLES_SHOWN));
    if (status !== null) {
      const share = (status.inSyncRegions ?? 0) / Math.max(1, status.regionCount);
      const percent = share >= 1 ? 100 : Math.min(99, Math.floor(share * 100));
      this.#inSync.setData([
        {
          percent: String(percent),
          label: status.name,
          color: percent === 100 ? 'green' : 'yellow',
        },
      ]);
      const legs = samples.at(-1)?.legs ?? [];
      this.#legs.setContent(legLines(status, legs, plan.legs.width - FRAME));
      this.#line.setContent(summaryLine(status));
    }
    if (link === 'lost') this.#line.setContent(`{red-fg}{bold}${problem?.message ?? ''}{/}`);
    const { events: place } = plan;
    this.#events.setContent(eventLines(events, place.width - FRAME, place.height - FRAME));
    if (picture !== null) {
      const { width, height } = plan.regions;
      const map = regionLines(picture, width - FRAME, height - FRAME - 1);
      this.#regions.setContent(`${map}\n${legendLine(picture, width - FRAME)}`);
    }
    this.#screen.render();
  }

  #drawCharts(shown: readonly Sample[]): void {
    const last = shown.at(-1);
    if (last === undefined || shown.length < 2) return;
    const x = shown.map(({ at }) => secondsAgo(last.at - at));
    const series = (title: string, line: string, y: number[]) => ({ title, x, y, style: { line } });
    drawChart(this.#throughput, 'Throughput, MiB/s', [
      series(
        'read',
        'green',
        shown.map(({ readBytesPerSecond }) => readBytesPerSecond / MIB),
      ),
      series(
        'write',
        'magenta',
        shown.map(({ writeBytesPerSecond }) => writeBytesPerSecond / MIB),
      ),
    ]);
    const write = shown.map(({ latencyMicros }) => latencyMicros.write);
    drawChart(this.#latency, 'Write latency, ms', [
      series(
        'p50',
        'cyan',
        write.map(({ p50 }) => (p50 ?? 0) / 1000),
      ),
      series(
        'p99',
        'red',
        write.map(({ p99 }) => (p99 ?? 0) / 1000),
      ),
    ]);
  }

  /** Says so instead of drawing into places that are not there. */
  #isTooSmall(): boolean {
    const { width, height } = this.#screen;
    const isTooSmall = Number(width) < COLUMNS_MIN || Number(height) < ROWS_MIN;
    const words = `This terminal is ${width}×${height}; the wallboard needs ${COLUMNS_MIN}×${ROWS_MIN}.`;
    for (const widget of this.#widgets()) {
      if (widget !== this.#line) widget.hidden = isTooSmall;
    }
    if (isTooSmall) {
      this.#line.setContent(words);
      this.#screen.render();
    }
    return isTooSmall;
  }

  #plan(): WallboardPlan {
    return planWallboard(Number(this.#screen.width), Number(this.#screen.height));
  }

  #widgets(): blessed.Widgets.BlessedElement[] {
    return [
      ...[this.#throughput, this.#latency, this.#inSync, this.#regions],
      ...[this.#legs, this.#events, this.#line],
    ];
  }
}

interface Series {
  readonly title: string;
  readonly y: readonly number[];
}

/** The newest values stand in the title, too: without colour the lines look alike. */
function drawChart(chart: contrib.Widgets.LineElement, title: string, series: readonly Series[]) {
  const newest = series.map(({ title: of, y }) => `${of} ${(y.at(-1) ?? 0).toFixed(1)}`);
  const label = ` ${title}: ${newest.join(', ')} `;
  const isNarrow = label.length > Number(chart.width) - 2 * FRAME;
  chart.setLabel(isNarrow ? ` ${newest.join(', ')} ${title.split(', ').at(-1)} ` : label);
  // A scale that rarely moves; the widget's own follows every value.
  const numYLabels = Number(chart.height) < TALL_CHART ? 2 : 5;
  Object.assign(chart.options, {
    maxY: scaleFor(
      series.flatMap(({ y }) => y),
      1,
    ),
    numYLabels,
  });
  chart.setData([...series] as contrib.Widgets.LineData[]);
}

/** No two alike, or the axis would show one twice. */
function secondsAgo(seconds: number): string {
  return seconds < 0.1 ? 'now' : `-${seconds.toFixed(1)}s`;
}

function boxOptions(label: string, place: Place): blessed.Widgets.BoxOptions {
  return {
    ...place,
    label: ` ${label} `,
    tags: true,
    border: { type: 'line' },
    style: { border: { fg: 'cyan' } },
  };
}

function chartOptions(label: string, place: Place): contrib.Widgets.LineOptions {
  return {
    ...boxOptions(label, place),
    showLegend: true,
    legend: { width: 9 },
    minY: 0,
    xLabelPadding: 3,
    xPadding: 6,
    style: { border: { fg: 'cyan' }, line: 'white', text: 'white', baseline: 'black' },
  } as contrib.Widgets.LineOptions;
}

function donutOptions(place: Place): contrib.Widgets.DonutOptions {
  const radius = Math.max(6, Math.min(place.height * 2 - 5, Math.floor(place.width / 2)));
  return {
    ...boxOptions('In sync', place),
    radius,
    arcWidth: Math.max(2, Math.floor(radius / 4)),
    remainColor: 'black',
    yPadding: 1,
    data: [],
  } as unknown as contrib.Widgets.DonutOptions;
}
