/**
 * The wallboard: charts of one mirror for a screen on the wall, drawn with blessed-contrib. It only
 * looks. It runs in a process of its own, because blessed takes the terminal for itself.
 *
 * What blessed does not do by itself: charts do not follow a resize unless they are attached again;
 * terminals it has no good description of are treated as xterm; and lines are drawn as Unicode, not
 * in the alternate character set, so that tmux can capture them.
 */
import blessed from 'blessed';
import contrib from 'blessed-contrib';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import type { Source } from '../watch/mirror-watch.ts';
import { MirrorWatch } from '../watch/mirror-watch.ts';
import type { Place, WallboardPlan } from './wallboard-plan.ts';
import { planWallboard } from './wallboard-plan.ts';
import { eventLines, legLines, regionLines, summaryLine } from './wallboard-text.ts';

const MIB = 1024 * 1024;
const SAMPLES_SHOWN = 60;
const SAMPLE_SECONDS = 0.8;
const FRAME = 2;

export async function runWallboard(source: Source): Promise<ExitCode> {
  Object.assign(process.env, { NCURSES_NO_UTF8_ACS: '1' });
  const screen = blessed.screen({
    smartCSR: true,
    fullUnicode: true,
    forceUnicode: true,
    terminal: 'xterm-256color',
    title: `mirrorctl top ${source.name}`,
  });
  const board = new Wallboard(screen);
  const watch = new MirrorWatch(source, () => performance.now() / 1000);
  const { promise, resolve } = Promise.withResolvers<void>();
  screen.key(['q', 'escape', 'C-c'], () => resolve());
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
  watch.onChange = () => board.draw(watch);
  screen.on('resize', () => {
    board.place();
    board.draw(watch);
  });
  watch.start();
  await promise;
  watch.close();
  screen.destroy();
  return EXIT.ok;
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
    this.#latency = contrib.line(chartOptions('Latency, ms', plan.latency));
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
    const { status, samples, events, link, problem } = snapshot;
    const plan = this.#plan();
    const shown = samples.slice(-SAMPLES_SHOWN);
    const x = shown.map((_, place) => secondsAgo(shown.length - 1 - place));
    const series = (title: string, line: string, y: number[]) => ({ title, x, y, style: { line } });
    if (shown.length > 1) {
      this.#throughput.setData([
        series(
          'read',
          'green',
          shown.map((sample) => sample.readBytesPerSecond / MIB),
        ),
        series(
          'write',
          'magenta',
          shown.map((sample) => sample.writeBytesPerSecond / MIB),
        ),
      ]);
      const write = shown.map((sample) => sample.latencyMicros.write);
      this.#latency.setData([
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
      this.#legs.setContent(legLines(status, plan.legs.width - FRAME));
      this.#line.setContent(summaryLine(status));
    }
    if (link === 'lost') this.#line.setContent(`{red-fg}{bold}${problem?.message ?? ''}{/}`);
    this.#events.setContent(eventLines(events, plan.events.height - FRAME));
    if (picture !== null) {
      const { width, height } = plan.regions;
      this.#regions.setContent(regionLines(picture, width - FRAME, height - FRAME));
    }
    this.#screen.render();
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

function secondsAgo(samples: number): string {
  const seconds = Math.round(samples * SAMPLE_SECONDS);
  return seconds === 0 ? 'now' : `-${seconds}s`;
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
    numYLabels: 4,
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
