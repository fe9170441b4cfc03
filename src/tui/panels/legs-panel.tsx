/**
 * The legs as a tree under the mirror: what went wrong on each, in the manner of `zpool status`, and
 * what it is asked for. The more important a column, the narrower a panel it still appears in.
 */
import { Text } from 'ink';
import type { LegStatus } from '../../control-protocol/mirror-status.ts';
import type { LegSample } from '../../watch/sample.ts';
import type { Meaning } from '../paint.ts';
import { colourOf } from '../paint.ts';
import {
  baseName,
  grouped,
  latencyWords,
  rateWords,
  shortCount,
  tail,
  UNKNOWN,
} from '../screen-words.ts';
import type { PanelSpace } from './panel-space.ts';

interface LegFacts {
  readonly leg: LegStatus;
  readonly sample: LegSample | undefined;
  readonly missed: number;
}

interface Column {
  readonly title: string;
  readonly width: number;
  readonly words: (facts: LegFacts) => string;
  /** Of the words, when they are no matter of course. */
  readonly meaning?: (facts: LegFacts) => Meaning | null;
}

const BRANCH_WIDTH = 5;
const PATH_WIDTH_MIN = 8;

/** As they stand from left to right. */
const COLUMNS: readonly Column[] = [
  {
    title: 'STATE',
    width: 13,
    words: ({ leg }) => leg.state,
    meaning: ({ leg }) => (leg.letter === 'A' ? 'good' : 'bad'),
  },
  errorColumn('READ', 'readErrors'),
  errorColumn('WRITE', 'writeErrors'),
  errorColumn('SYNC', 'syncErrors'),
  errorColumn('FLUSH', 'flushErrors'),
  {
    title: 'ERR',
    width: 4,
    words: ({ leg }) => (leg.readErrors === null ? UNKNOWN : shortCount(errorsOf(leg))),
    meaning: ({ leg }) => (errorsOf(leg) > 0 ? 'bad' : 'faint'),
  },
  {
    title: 'LACKS',
    width: 7,
    words: ({ missed }) => shortCount(missed),
    meaning: ({ missed }) => (missed > 0 ? 'warning' : 'faint'),
  },
  {
    title: 'READ/S',
    width: 11,
    words: ({ sample }) => rateWords(sample?.readBytesPerSecond ?? null).replace('/s', ''),
  },
  {
    title: 'WRITE/S',
    width: 11,
    words: ({ sample }) => rateWords(sample?.writeBytesPerSecond ?? null).replace('/s', ''),
  },
  { title: 'P50', width: 8, words: ({ sample }) => latencyWords(sample?.p50Micros ?? null) },
  { title: 'P99', width: 8, words: ({ sample }) => latencyWords(sample?.p99Micros ?? null) },
  {
    title: 'QD',
    width: 4,
    words: ({ sample }) => (sample === undefined ? UNKNOWN : grouped(sample.inFlight)),
  },
];

/** Which columns go first where there is little room; the sum of errors stands in for its parts. */
const IMPORTANCE = [
  ...['STATE', 'ERR', 'LACKS', 'P99', 'QD', 'WRITE/S', 'READ/S', 'P50'],
  ...['READ', 'WRITE', 'SYNC', 'FLUSH'],
];
const PARTS_OF_ERR = ['READ', 'WRITE', 'SYNC', 'FLUSH'];

export function LegsPanel(space: PanelSpace) {
  const { dashboard, status, width, height } = space;
  const columns = columnsFor(width);
  const taken = columns.reduce((sum, column) => sum + column.width, BRANCH_WIDTH + 1);
  const pathWidth = Math.max(PATH_WIDTH_MIN, width - taken);
  const head = columns.map(({ title, width: room }, place) => cell(title, room, place)).join('');
  const first = Math.min(dashboard.scrolls.legs, Math.max(0, status.legs.length - height + 1));
  return (
    <>
      <Text wrap="truncate" {...colourOf(dashboard, 'faint')}>
        {`${' '.repeat(BRANCH_WIDTH)}${'LEG'.padEnd(pathWidth + 1)}${head}`}
      </Text>
      {status.legs.slice(first, first + height - 1).map((leg) => (
        <LegLine key={leg.index} {...{ space, leg, pathWidth, columns }} />
      ))}
    </>
  );
}

interface LegLineProps {
  readonly space: PanelSpace;
  readonly leg: LegStatus;
  readonly pathWidth: number;
  readonly columns: readonly Column[];
}

function LegLine({ space, leg, pathWidth, columns }: LegLineProps) {
  const { dashboard, status } = space;
  const { picture, snapshot } = dashboard.watch;
  const facts: LegFacts = {
    leg,
    sample: snapshot.samples.at(-1)?.legs[leg.index],
    missed: picture?.missedBy(leg.index) ?? 0,
  };
  const path = pathWidth < leg.path.length ? baseName(leg.path) : leg.path;
  const isLast = leg.index === status.legs.length - 1;
  const [branch, corner, star] = dashboard.settings.traits.ascii
    ? ['|', '`', '*']
    : ['├', '└', '★'];
  return (
    <Text wrap="truncate">
      <Text {...colourOf(dashboard, 'faint')}>{` ${isLast ? corner : branch} `}</Text>
      <Text {...colourOf(dashboard, 'accent')}>{leg.primary ? `${star} ` : '  '}</Text>
      <Text bold={leg.primary}>{`${tail(path, pathWidth).padEnd(pathWidth)} `}</Text>
      {columns.map(({ title, width, words, meaning }, place) => {
        const tone = meaning?.(facts) ?? null;
        return (
          <Text
            key={title}
            bold={tone === 'bad'}
            {...(tone === null ? {} : colourOf(dashboard, tone))}
          >
            {cell(words(facts), width, place)}
          </Text>
        );
      })}
    </Text>
  );
}

/** Words to the left, as the first column has them, numbers to the right. */
function cell(words: string, width: number, place: number): string {
  return place === 0 ? words.padEnd(width) : words.padStart(width);
}

function columnsFor(width: number): readonly Column[] {
  const chosen = new Set<string>();
  let room = width - BRANCH_WIDTH - 1 - PATH_WIDTH_MIN;
  for (const title of IMPORTANCE) {
    room -= COLUMNS.find((column) => column.title === title)?.width ?? 0;
    if (room < 0) break;
    chosen.add(title);
  }
  if (PARTS_OF_ERR.every((title) => chosen.has(title))) chosen.delete('ERR');
  else for (const title of PARTS_OF_ERR) chosen.delete(title);
  return COLUMNS.filter(({ title }) => chosen.has(title));
}

type ErrorCount = 'readErrors' | 'writeErrors' | 'syncErrors' | 'flushErrors';

function errorColumn(title: string, count: ErrorCount): Column {
  return {
    title,
    width: 7,
    words: ({ leg }) => (leg[count] === null ? UNKNOWN : grouped(leg[count])),
    meaning: ({ leg }) => ((leg[count] ?? 0) > 0 ? 'bad' : 'faint'),
  };
}

function errorsOf({ readErrors, writeErrors, syncErrors, flushErrors }: LegStatus): number {
  return (readErrors ?? 0) + (writeErrors ?? 0) + (syncErrors ?? 0) + (flushErrors ?? 0);
}
