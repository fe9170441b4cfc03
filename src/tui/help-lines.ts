/** The help: every key that makes sense now, searched and scrolled. */
import type { Dashboard } from './dashboard.ts';
import { commandsFor, helpLine } from './key-commands.ts';
import type { OverlayLine, OverlayOf } from './overlay.ts';

/** What is written over and under the keys. */
const OTHER_LINES = 3;

export function helpLines(
  dashboard: Dashboard,
  { text, scroll }: OverlayOf<'help'>,
  height: number,
): OverlayLine[] {
  const wanted = text.toLowerCase();
  const found = commandsFor(dashboard).filter((command) =>
    helpLine(command).toLowerCase().includes(wanted),
  );
  const room = Math.max(1, height - OTHER_LINES);
  const first = Math.min(scroll, Math.max(0, found.length - room));
  const shown = found.slice(first, first + room);
  const more =
    found.length > room ? `${first + 1} to ${first + shown.length} of ${found.length}, ` : '';
  return [
    { text: text === '' ? 'type to search' : `search: ${text}_`, tone: 'strong' },
    ...shown.map((command): OverlayLine => ({ text: helpLine(command), tone: 'plain' })),
    { text: 'mouse: click a region, a panel or a key; wheel zooms, or scrolls', tone: 'faint' },
    { text: `${more}arrows: scroll   esc: leave`, tone: 'faint' },
  ];
}
