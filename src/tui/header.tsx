/** The first rows: whose mirror, how it is, what is wrong and what to do. */
import { Box, Text } from 'ink';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { recoveryOutlook } from '../watch/recovery-outlook.ts';
import type { Dashboard } from './dashboard.ts';
import type { Meaning } from './paint.ts';
import { colourOf } from './paint.ts';
import { ProgressBar } from './progress-bar.tsx';
import { etaWords, lengthWords, percentWords, rateWords, shortPaths } from './screen-words.ts';

const HEALTH_MEANING: Readonly<Record<MirrorStatus['health'], Meaning>> = {
  ok: 'good',
  degraded: 'warning',
  failed: 'bad',
  unknown: 'faint',
};

const BADGE = ' mirrorctl ';
const ROOMY_COLUMNS = 100;

export function Header({ dashboard }: { readonly dashboard: Dashboard }) {
  const { status, samples } = dashboard.watch.snapshot;
  const { columns } = dashboard.plan;
  if (status === null) return <Bare dashboard={dashboard} words="waiting for the engine" />;
  const outlook = recoveryOutlook(status, samples);
  const moves = status.activity === 'recovering';
  const rate = moves ? `  ${rateWords(status.recovery.bytesPerSecond)}` : '';
  const eta = moves ? `  ${etaWords(outlook.recentEtaSeconds)} to go` : '';
  const words = `  ${percentWords(outlook.doneShare)}${rate}${eta}`;
  const mode = modeWords(dashboard);
  // A rate and a time to go say that it recovers, where there is little room for more.
  const doing = moves && columns < ROOMY_COLUMNS ? '' : `${status.activity}  `;
  const fixed = BADGE.length + status.name.length + status.health.length + doing.length + 6;
  const bar = columns - fixed - words.length - (mode === '' ? 0 : mode.length + 2);
  return (
    <Text wrap="truncate">
      <Text bold inverse>
        {BADGE}
      </Text>
      <Text bold>{`  ${status.name}  `}</Text>
      <Text bold {...colourOf(dashboard, HEALTH_MEANING[status.health])}>
        {status.health.toUpperCase()}
      </Text>
      <Text>{`  ${doing}`}</Text>
      <ProgressBar
        dashboard={dashboard}
        share={outlook.doneShare}
        width={Math.max(4, Math.min(60, bar))}
      />
      <Text>{words}</Text>
      <Text>{mode === '' ? '' : '  '}</Text>
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
        {BADGE}
      </Text>
      <Text bold>{`  ${dashboard.watch.source.name}  `}</Text>
      <Text {...colourOf(dashboard, 'faint')}>{words}</Text>
    </Text>
  );
}

/** Whatever keeps the screen from being the mirror as it is now; empty if nothing does. */
function modeWords({ watch, isFrozen, map, settings }: Dashboard): string {
  const modes = [
    watch.snapshot.link === 'lost' ? 'NO ENGINE' : null,
    watch.source.kind === 'live' ? null : watch.source.kind.toUpperCase(),
    isFrozen ? 'FROZEN' : null,
    settings.readOnly && watch.source.kind === 'live' ? 'READ-ONLY' : null,
    map.isSlow ? `SLOW ${Math.ceil(map.bytes / 1024)} KiB` : null,
  ].filter((mode) => mode !== null);
  return modes.length === 0 ? '' : ` ${modes.join(', ')} `;
}

/**
 * Two rows, always there, so that the map does not jump when something goes wrong: what is wrong and
 * since when, and what to do about it. When nothing is, where clients find the device.
 */
export function Alert({ dashboard }: { readonly dashboard: Dashboard }) {
  const { message } = dashboard;
  const { meaning, words, advice } = alertOf(dashboard);
  const arrow = dashboard.settings.traits.ascii ? '->' : '→';
  const said = message === null ? meaning : message.isBad ? 'bad' : 'good';
  return (
    <>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>
          {message === null ? sinceWords(dashboard) : ' '}
        </Text>
        <Text {...colourOf(dashboard, said)}>{message?.text ?? words}</Text>
      </Text>
      <Text wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>{advice === '' ? ' ' : ` ${arrow} `}</Text>
        <Text
          bold={meaning !== 'faint'}
          {...(meaning === 'faint' ? colourOf(dashboard, 'faint') : {})}
        >
          {advice}
        </Text>
      </Text>
    </>
  );
}

interface AlertWords {
  readonly meaning: Meaning;
  readonly words: string;
  readonly advice: string;
}

function alertOf(dashboard: Dashboard): AlertWords {
  const { link, problem, status } = dashboard.watch.snapshot;
  if (link === 'lost') {
    return { meaning: 'bad', words: problem?.message ?? '', advice: problem?.hint ?? '' };
  }
  if (status === null) return { meaning: 'faint', words: '', advice: '' };
  const { attention, health } = status;
  if (attention.status === '') {
    const clients = status.io.connections ?? 0;
    const served = `${clients} ${clients === 1 ? 'client' : 'clients'} of ${status.exports.join(' ')}`;
    const advice = status.exports.length === 0 ? '' : served;
    return { meaning: 'faint', words: 'every region is in sync', advice };
  }
  return {
    meaning: health === 'failed' ? 'bad' : 'warning',
    words: shortPaths(attention.status, status),
    advice: adviceOf(dashboard, shortPaths(attention.action, status)),
  };
}

/** What the mirror advises, and the key that leads to it. */
function adviceOf({ canAct, watch }: Dashboard, action: string): string {
  if (!canAct) return action;
  if (watch.snapshot.status?.activity === 'recovering') {
    return action === '' ? 'nothing to do: it heals by itself   (p: pause, < >: limit)' : action;
  }
  return action === '' ? '' : `${action}   (a: all that can be done)`;
}

/** Since when this screen has seen the trouble; before what is wrong, because there it is never cut. */
function sinceWords({ watch }: Dashboard): string {
  const { troubledSince, link } = watch.snapshot;
  if (troubledSince === null || link === 'lost') return ' ';
  return ` ${lengthWords(watch.now - troubledSince).padStart(6)}  `;
}

/** Rows in which ink draws nothing: they are the painter's. */
export function CanvasRows({ dashboard }: { readonly dashboard: Dashboard }) {
  return <Box height={dashboard.plan.canvas.height} flexShrink={0} />;
}
