/** Everything known about the region under the cursor: what `why` says, or, of a recording, what it shows. */
import { Text } from 'ink';
import { colourOf } from '../paint.ts';
import { regionDetail } from '../region-detail.ts';
import { shortPaths, wrap } from '../screen-words.ts';
import type { PanelSpace } from './panel-space.ts';

const LABEL_WIDTH = 9;

export function RegionPanel(space: PanelSpace) {
  const { dashboard, status, height } = space;
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
  const { lines: said, region } = dashboard.inquiry;
  if (region === dashboard.map.cursor && said.length > 0) return <Said {...space} lines={said} />;
  const lines = regionDetail(dashboard.map.cursor, picture, status, dashboard.watch.now);
  const first = Math.min(dashboard.scrolls.region, Math.max(0, lines.length - height));
  return lines.slice(first, first + height).map(([label, words]) => (
    <Text key={label} wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{label.padEnd(LABEL_WIDTH)}</Text>
      {words}
    </Text>
  ));
}

interface SaidProps extends PanelSpace {
  /** A column of labels, and words; `state:` is the first. */
  readonly lines: readonly string[];
}

/** Words that are too long go on in the next line, under their beginning. */
function Said({ dashboard, status, lines, width, height }: SaidProps) {
  const left = /^\S+ +/.exec(lines[0] ?? '')?.[0].length ?? 0;
  const rows = lines.flatMap((line) =>
    wrap(shortPaths(line.slice(left), status), Math.max(10, width - left)).map((part, place) => ({
      label: place === 0 ? line.slice(0, left) : ' '.repeat(left),
      part,
    })),
  );
  const first = Math.min(dashboard.scrolls.region, Math.max(0, rows.length - height));
  return rows.slice(first, first + height).map(({ label, part }, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a row of the panel is its index
    <Text key={row} wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{label}</Text>
      {part}
    </Text>
  ));
}
