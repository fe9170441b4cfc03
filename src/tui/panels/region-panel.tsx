/** Everything known about the region under the cursor. */
import { Text } from 'ink';
import { colourOf } from '../paint.ts';
import { regionDetail } from '../region-detail.ts';
import type { PanelSpace } from './panel-space.ts';

const LABEL_WIDTH = 9;

export function RegionPanel({ dashboard, status, height }: PanelSpace) {
  const { picture } = dashboard.watch;
  if (dashboard.map.cursor === null || picture === null) {
    return (
      <>
        <Text wrap="truncate">No region is chosen.</Text>
        <Text wrap="truncate" {...colourOf(dashboard, 'faint')}>
          Arrow keys, a click, g or n choose one.
        </Text>
      </>
    );
  }
  const lines = regionDetail(dashboard.map.cursor, picture, status, dashboard.watch.now);
  const first = Math.min(dashboard.scrolls.region, Math.max(0, lines.length - height));
  return lines.slice(first, first + height).map(([label, words]) => (
    <Text key={label} wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{label.padEnd(LABEL_WIDTH)}</Text>
      {words}
    </Text>
  ));
}
