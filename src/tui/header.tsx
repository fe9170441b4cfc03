/** The first rows: whose mirror, how it is, what is wrong; then what the colours of the map mean. */
import { Box, Text } from 'ink';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { RegionState } from '../region/region-state.ts';
import { REGION_STATES } from '../region/region-state.ts';
import { recoveryOutlook } from '../watch/recovery-outlook.ts';
import type { Dashboard } from './dashboard.ts';
import type { Meaning } from './paint.ts';
import { colourOf, stateColour } from './paint.ts';
import { ProgressBar } from './progress-bar.tsx';
import { STATE_WORDS, stateOf } from './region-detail.ts';
import { agoWords, etaWords, grouped, percentWords, rateWords } from './screen-words.ts';
import { stateGlyph } from './tones.ts';

const HEALTH_MEANING: Readonly<Record<MirrorStatus['health'], Meaning>> = {
  ok: 'good',
  degraded: 'warning',
  failed: 'bad',
  unknown: 'faint',
};

export function Header({ dashboard }: { readonly dashboard: Dashboard }) {
  const { status, samples } = dashboard.watch.snapshot;
  const { columns } = dashboard.plan;
  if (status === null) return <Bare dashboard={dashboard} words="waiting for the engine" />;
  const outlook = recoveryOutlook(status, samples);
  const moves = status.activity === 'recovering';
  const rate = moves ? ` ${rateWords(status.recovery.bytesPerSecond)}` : '';
  const eta = moves ? `  ${etaWords(outlook.recentEtaSeconds)} to go` : '';
  const words = `  ${percentWords(outlook.doneShare)}${rate}${eta}`;
  const mode = modeWords(dashboard);
  const fixed = 12 + status.name.length + status.health.length + status.activity.length + 7;
  return (
    <Text wrap="truncate">
      <Text bold inverse>
        {' mirrorctl '}
      </Text>
      <Text bold>{`  ${status.name}  `}</Text>
      <Text bold {...colourOf(dashboard, HEALTH_MEANING[status.health])}>
        {status.health.toUpperCase()}
      </Text>
      <Text>{`  ${status.activity}  `}</Text>
      <ProgressBar
        dashboard={dashboard}
        share={outlook.doneShare}
        width={Math.max(4, Math.min(60, columns - fixed - words.length - mode.length - 4))}
      />
      <Text>{words}</Text>
      <Text>{'  '}</Text>
      <Text bold inverse {...colourOf(dashboard, 'warning')}>
        {mode}
      </Text>
    </Text>
  );
}

function Bare({ dashboard, words }: { readonly dashboard: Dashboard; readonly words: string }) {
  return (
    <Text wrap="truncate">
      <Text bold inverse>
        {' mirrorctl '}
      </Text>
      <Text bold>{`  ${dashboard.watch.source.name}  `}</Text>
      <Text {...colourOf(dashboard, 'faint')}>{words}</Text>
    </Text>
  );
}

/** Whatever keeps the screen from being the mirror as it is now; empty if nothing does. */
function modeWords({ watch, isFrozen, isSlow, mapBytes }: Dashboard): string {
  const modes = [
    watch.snapshot.link === 'lost' ? 'NO ENGINE' : null,
    watch.source.kind === 'live' ? null : watch.source.kind.toUpperCase(),
    isFrozen ? 'FROZEN' : null,
    isSlow ? `SLOW ${Math.ceil(mapBytes / 1024)} KiB` : null,
  ].filter((mode) => mode !== null);
  return modes.length === 0 ? '' : ` ${modes.join(', ')} `;
}

/** One row, always there, so that the map does not jump when something goes wrong. */
export function Alert({ dashboard }: { readonly dashboard: Dashboard }) {
  const { message } = dashboard;
  const { link, problem, status } = dashboard.watch.snapshot;
  const line = (meaning: Meaning, words: string, action = '') => (
    <Line dashboard={dashboard} meaning={meaning} words={words} action={action} />
  );
  if (message !== null) return line(message.isBad ? 'bad' : 'good', message.text);
  if (link === 'lost') return line('bad', problem?.message ?? '', problem?.hint);
  if (status === null) return line('faint', '');
  const { attention, health } = status;
  if (attention.status === '') return line('faint', 'every region is in sync');
  const meaning = health === 'failed' ? 'bad' : 'warning';
  return line(meaning, attention.status + sinceWords(dashboard), attention.action);
}

/** Since when this screen has seen the trouble; nothing at first. */
function sinceWords({ watch }: Dashboard): string {
  const { troubledSince } = watch.snapshot;
  const since = troubledSince === null ? 0 : watch.now - troubledSince;
  return since < 2 ? '' : ` (seen ${agoWords(since)})`;
}

interface LineProps {
  readonly dashboard: Dashboard;
  readonly meaning: Meaning;
  readonly words: string;
  readonly action: string;
}

function Line({ dashboard, meaning, words, action }: LineProps) {
  const arrow = dashboard.settings.traits.ascii ? '->' : '→';
  return (
    <Text wrap="truncate">
      <Text {...colourOf(dashboard, meaning)}>{` ${words}`}</Text>
      {action === '' ? '' : ` ${arrow} `}
      <Text bold>{action}</Text>
    </Text>
  );
}

/** A region that quiesces is on its way to be copied, and counted with those that are. */
const LEGEND: readonly { state: RegionState; counted: readonly RegionState[] }[] = [
  { state: 'clean', counted: ['clean'] },
  { state: 'dirty', counted: ['dirty'] },
  { state: 'nosync', counted: ['nosync'] },
  { state: 'recovering', counted: ['quiescing', 'recovering'] },
];

export function Legend({ dashboard }: { readonly dashboard: Dashboard }) {
  const { picture } = dashboard.watch;
  const { settings, plan } = dashboard;
  const isPlain = settings.traits.depth === 0 || settings.traits.ascii;
  const gap = plan.columns < 100 ? ' ' : '   ';
  return (
    <Text wrap="truncate">
      {LEGEND.map(({ state, counted }) => {
        const number = REGION_STATES.indexOf(state);
        const mark = isPlain ? stateGlyph(number, settings.traits.ascii) : '■';
        const count = counted.reduce(
          (sum, other) => sum + (picture?.tallies[REGION_STATES.indexOf(other)] ?? 0),
          0,
        );
        return (
          <Text key={state}>
            <Text {...stateColour(dashboard, state, false)}>{` ${mark}`}</Text>
            <Text {...(count === 0 ? colourOf(dashboard, 'faint') : {})}>
              {` ${STATE_WORDS[state]} ${grouped(count)}${gap}`}
            </Text>
          </Text>
        );
      })}
      {isPlain ? null : (
        <Text>
          <Text {...stateColour(dashboard, 'clean', true)}> ■</Text> written now
        </Text>
      )}
    </Text>
  );
}

/** A rule with what the map shows, and at its right end the region under the cursor. */
export function MapTitle({ dashboard }: { readonly dashboard: Dashboard }) {
  const { window, cursor, regionCount, plan, order } = dashboard;
  const { picture, snapshot } = dashboard.watch;
  const dash = dashboard.settings.traits.ascii ? '-' : '─';
  const perDot = dashboard.canvas.regionsPerDot;
  const part = window.count === regionCount ? `all ${grouped(regionCount)} regions` : windowWords();
  const dots =
    perDot > 1.01 ? `, ${perDot < 10 ? perDot.toFixed(1) : grouped(perDot)} in a dot` : '';
  const left = ` ${part}${dots}${order === 'hilbert' ? ', Hilbert' : ''} `;
  const right = cursor === null || picture === null ? '' : cursorWords(cursor);
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

  function windowWords() {
    const last = window.first + window.count - 1;
    return `regions ${grouped(window.first)} – ${grouped(last)} of ${grouped(regionCount)}`;
  }

  function cursorWords(region: number) {
    const size = snapshot.status?.regionSizeBytes ?? 0;
    const state = picture === null ? '' : STATE_WORDS[stateOf(picture, region)];
    return plan.columns < 100
      ? ` ${grouped(region)} ${state} `
      : ` region ${grouped(region)}: ${state}, from byte ${grouped(region * size)} `;
  }
}

/** Rows in which ink draws nothing: they are the painter's. */
export function CanvasRows({ dashboard }: { readonly dashboard: Dashboard }) {
  return <Box height={dashboard.plan.canvas.height} flexShrink={0} />;
}
