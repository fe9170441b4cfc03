/** How far recovery is, how fast, and how long it will take, with two answers to the last question. */
import { Text } from 'ink';
import type { MirrorStatus } from '../../control-protocol/mirror-status.ts';
import type { Pace } from '../../watch/recovery-outlook.ts';
import { recoveryOutlook } from '../../watch/recovery-outlook.ts';
import { areaChart, scaleFor } from '../area-chart.ts';
import { describeThrottle } from '../mirror-actions.ts';
import type { Meaning } from '../paint.ts';
import { colourOf } from '../paint.ts';
import type { Rect } from '../painter.ts';
import { ProgressBar } from '../progress-bar.tsx';
import { etaWords, grouped, percentWords, rateWords } from '../screen-words.ts';
import type { PanelSpace } from './panel-space.ts';

const PACE_WORDS: Readonly<Record<Pace, readonly [string, Meaning]>> = {
  idle: ['nothing to recover', 'good'],
  paused: ['paused: press p to resume', 'warning'],
  running: ['copying', 'accent'],
  stalled: ['stalled: no region came into sync lately', 'bad'],
  diverging: ['not converging: more is lost than copied', 'bad'],
};

const WORD_LINES = 4;
/** The slider in its panel: its line, where it begins, and its cells; the panel's frame counts. */
const SLIDER_LINE = 4;
const SLIDER_LEFT = 7;
const SLIDER_WIDTH = 10;

export function RecoveryPanel(space: PanelSpace) {
  const { dashboard, status, width, height } = space;
  const { samples } = dashboard.watch.snapshot;
  const outlook = recoveryOutlook(status, samples);
  const { recovery } = status;
  const [words, meaning] =
    checkWords(status, outlook.pace) ?? waitWords(status, outlook.pace) ?? PACE_WORDS[outlook.pace];
  const rates = samples.map(({ recoveredBytesPerSecond }) => recoveredBytesPerSecond);
  const shown = rates.slice(-width * 2);
  const rows = Math.max(0, height - WORD_LINES);
  const scale = scaleFor(shown, 1024 * 1024);
  const chart = areaChart(shown, width, rows, scale, dashboard.settings.traits.ascii);
  const counts = ` ${grouped(recovery.doneRegions ?? 0)}/${grouped(recovery.totalRegions)}`;
  const percent = ` ${percentWords(outlook.doneShare).padStart(6)}`;
  return (
    <>
      <Text wrap="truncate">
        <ProgressBar
          dashboard={dashboard}
          share={outlook.doneShare}
          width={Math.max(8, width - counts.length - percent.length)}
        />
        {percent}
        <Text {...colourOf(dashboard, 'faint')}>{counts}</Text>
      </Text>
      <Text wrap="truncate" {...colourOf(dashboard, meaning)}>
        {words}
      </Text>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>now </Text>
        {`${rateWords(recovery.bytesPerSecond)}, ${etaWords(outlook.recentEtaSeconds)} `}
        <Text {...colourOf(dashboard, 'faint')}>mean </Text>
        {`${rateWords(outlook.meanBytesPerSecond)}, ${etaWords(outlook.meanEtaSeconds)}`}
      </Text>
      <Slider {...space} />
      {chart.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of a chart is its index
        <Text key={row} wrap="truncate" {...colourOf(dashboard, 'accent')}>
          {line}
        </Text>
      ))}
    </>
  );
}

/** A check gives way to recovery, so it has something to say only when recovery has not. */
function checkWords({ check }: MirrorStatus, pace: Pace): readonly [string, Meaning] | null {
  if (pace !== 'idle' || check === null) return null;
  const { state, firstRegion, nextRegion, endRegion, differentRegions } = check;
  if (state !== 'running' && state !== 'paused') return null;
  const share = (nextRegion - firstRegion) / Math.max(1, endRegion - firstRegion);
  const doing = state === 'paused' ? 'check paused' : 'comparing';
  const speed = state === 'paused' ? '' : `, ${etaWords(check.etaSeconds)} to go`;
  const found = `${grouped(differentRegions)} differ`;
  const meaning = differentRegions > 0 ? 'bad' : state === 'paused' ? 'warning' : 'accent';
  return [`${doing}: ${percentWords(share)}, ${found}${speed}`, meaning];
}

/** What only a leg out of service lacks is nobody's work until it is back. */
function waitWords({ recovery }: MirrorStatus, pace: Pace): readonly [string, Meaning] | null {
  const isDone = (recovery.doneRegions ?? recovery.totalRegions) >= recovery.totalRegions;
  return pace !== 'idle' || isDone ? null : ['waits for a leg to come back: press a', 'warning'];
}

function Slider({ dashboard, status }: PanelSpace) {
  const { ascii } = dashboard.settings.traits;
  const percent = dashboard.slider.percent(status);
  const [line, knob] = ascii ? ['-', 'O'] : ['─', '●'];
  const at = percent === null ? null : Math.max(0, Math.round((percent / 100) * SLIDER_WIDTH) - 1);
  const words =
    percent === null || percent === 100
      ? describeThrottle(status.recovery.throttle)
      : `${percent} % of the time`;
  return (
    <Text wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{'limit '}</Text>
      <Text {...colourOf(dashboard, 'accent')}>
        {at === null
          ? line.repeat(SLIDER_WIDTH)
          : line.repeat(at) + knob + line.repeat(SLIDER_WIDTH - at - 1)}
      </Text>
      {` ${words} `}
      <Text {...colourOf(dashboard, 'faint')}>{dashboard.canAct ? '< >' : ''}</Text>
    </Text>
  );
}

/** Where on the slider a cell of the terminal is, 0.1 to 1; null: beside it. `panel`: with its frame. */
export function sliderShare(panel: Rect, x: number, y: number): number | null {
  const place = x - panel.x - SLIDER_LEFT;
  if (y - panel.y !== SLIDER_LINE || place < 0 || place >= SLIDER_WIDTH) return null;
  return (place + 1) / SLIDER_WIDTH;
}
