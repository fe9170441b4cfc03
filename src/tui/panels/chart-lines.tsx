/** One chart: a line of words over an area of dots. */
import { Box, Text } from 'ink';
import { areaChart, scaleFor } from '../area-chart.ts';
import type { Dashboard } from '../dashboard.ts';
import type { Meaning } from '../paint.ts';
import { colourOf } from '../paint.ts';

export interface ChartProps {
  readonly dashboard: Dashboard;
  readonly label: string;
  readonly value: string;
  readonly values: readonly (number | null)[];
  readonly meaning: Meaning;
  readonly width: number;
  /** With the line of words. */
  readonly height: number;
  /** The scale never ends below this. */
  readonly least: number;
}

export function Chart(props: ChartProps) {
  const { dashboard, label, value, values, meaning, width, height, least } = props;
  const { ascii } = dashboard.settings.traits;
  const shown = values.slice(-width * 2);
  const lines = areaChart(shown, width, Math.max(1, height - 1), scaleFor(shown, least), ascii);
  return (
    <Box flexDirection="column" width={width}>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>{`${label} `}</Text>
        <Text bold {...colourOf(dashboard, meaning)}>
          {value}
        </Text>
      </Text>
      {lines.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of a chart is its index
        <Text key={row} wrap="truncate" {...colourOf(dashboard, meaning)}>
          {line}
        </Text>
      ))}
    </Box>
  );
}
