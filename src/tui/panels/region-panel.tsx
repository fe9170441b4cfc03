/** Everything known about the region under the cursor. */
import { Text } from 'ink';
import { colourOf } from '../paint.ts';
import { regionDetail } from '../region-detail.ts';
import type { PanelSpace } from './panel-space.ts';

const LABEL_WIDTH = 9;

export function RegionPanel({ dashboard, status, height }: PanelSpace) {
  const { picture } = dashboard.watch;
  if (dashboard.cursor === null || picture === null) {
    return (
      <>
        <Text wrap="truncate">No region is chosen.</Text>
        <Text wrap="truncate" {...colourOf(dashboard, 'faint')}>
          Arrow keys, a click, g or n choose one.
        </Text>
      </>
    );
  }
  const lines = regionDetail(dashboard.cursor, picture, status, dashboard.watch.now);
  return lines.slice(0, height).map(([label, words]) => (
    <Text key={label} wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{label.padEnd(LABEL_WIDTH)}</Text>
      {words}
    </Text>
  ));
}
