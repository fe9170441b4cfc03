/** How far recovery is, how fast, and how long it will take, with two answers to the last question. */
import { Text } from 'ink';
import type { Pace } from '../../watch/recovery-outlook.ts';
import { recoveryOutlook } from '../../watch/recovery-outlook.ts';
import { areaChart, scaleFor } from '../area-chart.ts';
import { describeThrottle } from '../engine-actions.ts';
import type { Meaning } from '../paint.ts';
import { colourOf } from '../paint.ts';
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

export function RecoveryPanel({ dashboard, status, width, height }: PanelSpace) {
  const { samples } = dashboard.watch.snapshot;
  const outlook = recoveryOutlook(status, samples);
  const { recovery } = status;
  const [words, meaning] = PACE_WORDS[outlook.pace];
  const rates = samples.map(({ recoveredBytesPerSecond }) => recoveredBytesPerSecond);
  const chart = areaChart(
    rates.slice(-width * 2),
    width,
    Math.max(0, height - 4),
    scaleFor(rates.slice(-width * 2), 1024 * 1024),
    dashboard.settings.traits.ascii,
  );
  return (
    <>
      <Text wrap="truncate">
        <ProgressBar
          dashboard={dashboard}
          share={outlook.doneShare}
          width={Math.max(8, width - 30)}
        />
        {` ${percentWords(outlook.doneShare)} `}
        <Text {...colourOf(dashboard, 'faint')}>
          {`${grouped(recovery.doneRegions ?? 0)}/${grouped(recovery.totalRegions)}`}
        </Text>
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
      <Text wrap="truncate" {...colourOf(dashboard, 'faint')}>
        {`uses ${describeThrottle(recovery.throttle)}`}
      </Text>
      {chart.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of a chart is its index
        <Text key={row} wrap="truncate" {...colourOf(dashboard, 'accent')}>
          {line}
        </Text>
      ))}
    </>
  );
}
