/** The rows over the map: what its colours mean, with counts, and what of the mirror it shows. */
import { Text } from 'ink';
import type { RegionLook } from '../watch/region-picture.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import type { Dashboard } from './dashboard.ts';
import { HEAT_LEVELS } from './map-slots.ts';
import { colourOf, toneInk } from './paint.ts';
import { LOOK_WORDS, lookOf } from './region-detail.ts';
import { baseName, grouped, regionsWord } from './screen-words.ts';
import { HEAD_TONE, missingTone, toneGlyph, toneOf } from './tones.ts';

interface LegendItem {
  readonly tone: number;
  readonly words: string;
  /** Null: a mark that is there or not. */
  readonly count: number | null;
}

/** From this many columns on there is room between the items. */
const ROOMY_COLUMNS = 110;

export function Legend({ dashboard }: { readonly dashboard: Dashboard }) {
  const { settings, plan, map } = dashboard;
  const { depth, ascii } = settings.traits;
  const isRoomy = plan.columns >= ROOMY_COLUMNS;
  const items = map.subject === 'missing' ? missingItems(dashboard) : lookItems(dashboard, isRoomy);
  return (
    <Text wrap="truncate">
      {/* A row without words would vanish, and all below it would move up. */}
      {items.length === 0 ? ' ' : ''}
      {items.map(({ tone, words, count }) => (
        <Text key={tone}>
          <Text {...toneInk(dashboard, tone)}>
            {` ${depth === 0 || ascii ? toneGlyph(tone, ascii) : '■'}`}
          </Text>
          <Text {...(count === 0 ? colourOf(dashboard, 'faint') : {})}>
            {` ${words}${count === null ? '' : ` ${grouped(count)}`}${isRoomy ? '   ' : ' '}`}
          </Text>
        </Text>
      ))}
    </Text>
  );
}

/** A region that quiesces is on its way to be copied, and counted with those that are. */
const LEGEND: readonly (readonly [shown: RegionLook, ...others: RegionLook[]])[] = [
  ['clean'],
  ['dirty'],
  ['nosync'],
  ['recovering', 'quiescing'],
  ['stranded'],
  ['different'],
];

function lookItems({ watch, map }: Dashboard, isRoomy: boolean): LegendItem[] {
  const { picture } = watch;
  const tally = (look: RegionLook) => picture?.tallies[REGION_LOOKS.indexOf(look)] ?? 0;
  const items = LEGEND.map(([shown, ...others]): LegendItem => {
    const count = others.reduce((sum, other) => sum + tally(other), tally(shown));
    return { tone: toneOf(REGION_LOOKS.indexOf(shown), 0), words: LOOK_WORDS[shown], count };
  });
  const hot = toneOf(REGION_LOOKS.indexOf('dirty'), HEAT_LEVELS - 1);
  items.splice(2, 0, { tone: hot, words: 'writing', count: picture?.writingAt(watch.now) ?? 0 });
  const head: LegendItem = { tone: HEAD_TONE, words: 'head', count: null };
  if (map.canvas.head !== null && isRoomy) items.push(head);
  // What there is none of is left out where there is little room, and what is rare everywhere.
  const isRare = (tone: number) => tone >= toneOf(REGION_LOOKS.indexOf('stranded'), 0);
  return items.filter(({ tone, count }) => count !== 0 || (isRoomy && !isRare(tone)));
}

function missingItems({ watch }: Dashboard): LegendItem[] {
  const { picture, snapshot } = watch;
  const legs = snapshot.status?.legs ?? [];
  return [
    { tone: missingTone(0), words: 'on every leg', count: null },
    ...legs.map(({ index, path }) => ({
      tone: missingTone(1 << index),
      words: `${baseName(path)} lacks`,
      count: picture?.missedBy(index) ?? 0,
    })),
    ...(legs.length > 2 ? [{ tone: missingTone(3), words: 'several lack it', count: null }] : []),
  ];
}

/** A rule with what the map shows, and at its right end the region under the cursor. */
export function MapTitle({ dashboard }: { readonly dashboard: Dashboard }) {
  const { plan, map, settings } = dashboard;
  const dash = settings.traits.ascii ? '-' : '─';
  const left = ` ${windowWords(dashboard)} `;
  const right = map.cursor === null ? '' : ` ${cursorWords(dashboard, map.cursor)} `;
  const rule = Math.max(1, plan.columns - left.length - right.length - 3);
  return (
    <Text wrap="truncate">
      <Text {...colourOf(dashboard, 'accent')}>{dash.repeat(2)}</Text>
      <Text bold {...colourOf(dashboard, 'accent')}>
        {left}
      </Text>
      <Text {...colourOf(dashboard, 'accent')}>{dash.repeat(rule)}</Text>
      <Text bold>{right}</Text>
      <Text {...colourOf(dashboard, 'accent')}>{dash}</Text>
    </Text>
  );
}

function windowWords({ map, settings }: Dashboard): string {
  const { window, regionCount, canvas, order, subject } = map;
  const perDot = canvas.regionsPerDot;
  const to = settings.traits.ascii ? '-' : '–';
  const part =
    window.count === regionCount
      ? `all ${regionsWord(regionCount)}`
      : `regions ${grouped(window.first)} ${to} ${grouped(window.first + window.count - 1)} of ${grouped(regionCount)}`;
  return [
    subject === 'missing' ? `who lacks what: ${part}` : part,
    ...(perDot > 1.01 ? [`${perDot < 10 ? perDot.toFixed(1) : grouped(perDot)} in a dot`] : []),
    ...(order === 'hilbert' ? ['Hilbert'] : []),
  ].join(', ');
}

function cursorWords({ watch, plan }: Dashboard, region: number): string {
  if (watch.picture === null) return '';
  const size = watch.snapshot.status?.regionSizeBytes ?? 0;
  const look = LOOK_WORDS[lookOf(watch.picture, region)];
  return plan.columns < ROOMY_COLUMNS
    ? `${grouped(region)} ${look}`
    : `region ${grouped(region)}: ${look}, from byte ${grouped(region * size)}`;
}
