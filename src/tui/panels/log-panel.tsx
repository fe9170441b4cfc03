/** The dirty log: where it is, what it costs, and how many regions it calls dirty over time. */
import { Box, Text } from 'ink';
import { colourOf } from '../paint.ts';
import {
  frequencyWords,
  grouped,
  percentWords,
  rateWords,
  tail,
  UNKNOWN,
} from '../screen-words.ts';
import { Chart } from './chart-lines.tsx';
import type { PanelSpace } from './panel-space.ts';

const WIDE = 50;

export function LogPanel({ dashboard, status, width, height }: PanelSpace) {
  const { samples } = dashboard.watch.snapshot;
  const last = samples.at(-1);
  const { log, dirtyRegions } = status;
  const half = Math.floor((width - 1) / 2);
  return (
    <>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>{`${log.type} `}</Text>
        {log.path === null ? '' : `${tail(log.path, Math.max(8, width - 20))} `}
        <Text {...colourOf(dashboard, log.letter === 'A' ? 'good' : 'bad')}>{log.state}</Text>
      </Text>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>marks </Text>
        {frequencyWords(last?.marksPerSecond ?? 0)}
        <Text {...colourOf(dashboard, 'faint')}> busy </Text>
        {`${percentWords(last?.logBusyShare ?? 0)} of the time`}
        {width < WIDE ? '' : `, ${rateWords(last?.logBytesPerSecond ?? null)}`}
      </Text>
      <Box gap={1}>
        <Chart
          dashboard={dashboard}
          label="dirty"
          value={dirtyRegions === null ? UNKNOWN : grouped(dirtyRegions)}
          values={samples.map((sample) => sample.dirtyRegions)}
          meaning="warning"
          width={half}
          height={height - 2}
          least={10}
        />
        <Chart
          dashboard={dashboard}
          label="flushes"
          value={frequencyWords(last?.logFlushesPerSecond ?? 0)}
          values={samples.map(({ logFlushesPerSecond }) => logFlushesPerSecond)}
          meaning="accent"
          width={half}
          height={height - 2}
          least={10}
        />
      </Box>
    </>
  );
}
