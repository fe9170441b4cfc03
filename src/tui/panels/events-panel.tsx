/** What happened, newest last, those that match the filter. */
import { Text } from 'ink';
import type { EngineEvent } from '../../control-protocol/control-request.ts';
import type { Dashboard } from '../dashboard.ts';
import type { Meaning } from '../paint.ts';
import { colourOf } from '../paint.ts';
import { shortPaths } from '../screen-words.ts';
import type { PanelSpace } from './panel-space.ts';

const MEANING_OF: Readonly<Record<EngineEvent['kind'], Meaning | null>> = {
  good: 'good',
  plain: null,
  warning: 'warning',
  bad: 'bad',
};

export function EventsPanel({ dashboard, status, height }: PanelSpace) {
  const all = filteredEvents(dashboard);
  // Scrolled down to the newest at first; `scrolls` counts from there back.
  const last = all.length - Math.min(dashboard.scrolls.events, Math.max(0, all.length - height));
  const events = all.slice(Math.max(0, last - height), last);
  if (events.length === 0) {
    const words = dashboard.eventFilter === '' ? 'Nothing has happened yet.' : 'No event matches.';
    return <Text {...colourOf(dashboard, 'faint')}>{words}</Text>;
  }
  return events.map(({ number, at, kind, text }) => {
    const meaning = MEANING_OF[kind];
    return (
      <Text key={number} wrap="truncate">
        <Text {...colourOf(dashboard, 'faint')}>{`${at.slice(11, 19)} `}</Text>
        <Text {...(meaning === null ? {} : colourOf(dashboard, meaning))}>
          {shortPaths(text, status)}
        </Text>
      </Text>
    );
  });
}

function filteredEvents({ watch, eventFilter }: Dashboard): readonly EngineEvent[] {
  const wanted = eventFilter.toLowerCase();
  return watch.snapshot.events.filter(({ text }) => text.toLowerCase().includes(wanted));
}
