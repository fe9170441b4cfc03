/** A box with a title in its upper edge; the focused one has an edge of another colour, or a star. */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';
import type { Dashboard } from '../dashboard.ts';
import { borderOf, colourOf } from '../paint.ts';

export interface PanelProps {
  readonly dashboard: Dashboard;
  readonly title: string;
  readonly isFocused: boolean;
  readonly width: number;
  readonly height: number;
  readonly children: ReactNode;
}

export function Panel({ dashboard, title, isFocused, width, height, children }: PanelProps) {
  const { ascii, depth } = dashboard.settings.traits;
  const [left, dash, right] = ascii ? ['+', '-', '+'] : ['╭', '─', '╮'];
  const edge = isFocused ? 'accent' : 'faint';
  const shown = isFocused && depth === 0 ? `* ${title}` : title;
  return (
    <Box width={width} height={height} flexDirection="column" flexShrink={0}>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, edge)}>{`${left}${dash} `}</Text>
        <Text bold {...(isFocused ? colourOf(dashboard, 'accent') : {})}>
          {shown}
        </Text>
        <Text {...colourOf(dashboard, edge)}>
          {` ${dash.repeat(Math.max(0, width - shown.length - 5))}${right}`}
        </Text>
      </Text>
      <Box
        width={width}
        height={height - 1}
        flexDirection="column"
        overflow="hidden"
        borderStyle={ascii ? 'classic' : 'round'}
        borderTop={false}
        {...borderOf(dashboard, edge)}
      >
        {children}
      </Box>
    </Box>
  );
}
