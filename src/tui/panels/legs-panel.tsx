/** The legs as a tree under the mirror, with what went wrong on each, in the manner of `zpool status`. */
import { Text } from 'ink';
import type { LegStatus } from '../../control-protocol/mirror-status.ts';
import { colourOf } from '../paint.ts';
import { grouped, tail, UNKNOWN } from '../screen-words.ts';
import type { PanelSpace } from './panel-space.ts';

const STATE_WIDTH = 13;
const FAULTS_WIDE = ['READ', 'WRITE', 'SYNC', 'FLUSH'] as const;
const FAULTS_NARROW = ['R', 'W', 'S', 'F'] as const;
const WIDE = 60;

export function LegsPanel(space: PanelSpace) {
  const { dashboard, status, width, height } = space;
  const countWidth = width < WIDE ? 3 : 6;
  const faults = width < WIDE ? FAULTS_NARROW : FAULTS_WIDE;
  const pathWidth = Math.max(6, width - 6 - STATE_WIDTH - 4 * countWidth);
  const counts = faults.map((word) => word.padStart(countWidth)).join('');
  const head = `     ${'LEG'.padEnd(pathWidth + 1)}${'STATE'.padEnd(STATE_WIDTH)}${counts}`;
  return (
    <>
      <Text wrap="truncate" {...colourOf(dashboard, 'faint')}>
        {head}
      </Text>
      {status.legs.slice(0, height - 1).map((leg) => (
        <LegLine key={leg.index} {...{ space, leg, pathWidth, countWidth }} />
      ))}
    </>
  );
}

interface LegLineProps {
  readonly space: PanelSpace;
  readonly leg: LegStatus;
  readonly pathWidth: number;
  readonly countWidth: number;
}

function LegLine({ space, leg, pathWidth, countWidth }: LegLineProps) {
  const { dashboard, status } = space;
  const path = pathWidth < leg.path.length ? leg.path.replace(/^.*\//, '') : leg.path;
  const isLast = leg.index === status.legs.length - 1;
  const [branch, corner, star] = dashboard.settings.traits.ascii
    ? ['|', '`', '*']
    : ['├', '└', '★'];
  const errors = [leg.readErrors, leg.writeErrors, leg.syncErrors, leg.flushErrors];
  const isWell = leg.letter === 'A';
  return (
    <Text wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{` ${isLast ? corner : branch} `}</Text>
      <Text {...colourOf(dashboard, 'accent')}>{leg.primary ? `${star} ` : '  '}</Text>
      <Text bold={leg.primary}>{`${tail(path, pathWidth).padEnd(pathWidth)} `}</Text>
      <Text {...colourOf(dashboard, isWell ? 'good' : 'bad')} bold={!isWell}>
        {leg.state.padEnd(STATE_WIDTH)}
      </Text>
      {errors.map((count, place) => (
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: the four counts of one leg, always in this order
          key={place}
          {...((count ?? 0) > 0 ? colourOf(dashboard, 'bad') : colourOf(dashboard, 'faint'))}
        >
          {(count === null ? UNKNOWN : grouped(count)).padStart(countWidth)}
        </Text>
      ))}
    </Text>
  );
}
