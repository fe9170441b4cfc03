/**
 * The whole screen, from the dashboard's state to boxes and text. It draws; it decides nothing. The
 * rows of the map stay blank here, they are the painter's (see painter.ts).
 */
import type { SuspendTerminal } from 'ink';
import { Box, Text, useApp, useInput } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Dashboard, PanelName } from './dashboard.ts';
import { PANELS } from './dashboard.ts';
import { Alert, CanvasRows, Header, Legend, MapTitle } from './header.tsx';
import { KeyBar } from './key-bar.tsx';
import { pressKeys } from './keyboard.ts';
import { OverlayBox } from './overlay-box.tsx';
import { EventsPanel } from './panels/events-panel.tsx';
import { LegsPanel } from './panels/legs-panel.tsx';
import { LogPanel } from './panels/log-panel.tsx';
import { Panel } from './panels/panel.tsx';
import type { PanelSpace } from './panels/panel-space.ts';
import { RecoveryPanel } from './panels/recovery-panel.tsx';
import { RegionPanel } from './panels/region-panel.tsx';
import { TrafficPanel } from './panels/traffic-panel.tsx';
import { COLUMNS_MIN, ROWS_MIN } from './screen-plan.ts';

const CONTENT: Readonly<Record<PanelName, (space: PanelSpace) => React.ReactNode>> = {
  legs: LegsPanel,
  traffic: TrafficPanel,
  recovery: RecoveryPanel,
  log: LogPanel,
  region: RegionPanel,
  events: EventsPanel,
};

const TITLES: Readonly<Record<PanelName, string>> = {
  legs: 'Legs',
  traffic: 'Clients',
  recovery: 'Recovery',
  log: 'Dirty log',
  region: 'Region',
  events: 'Events',
};

export interface AppProps {
  readonly dashboard: Dashboard;
  /** Filled here: only inside of ink can the terminal be lent to another program. */
  readonly terminal: { suspend: SuspendTerminal | null };
}

export function App({ dashboard, terminal }: AppProps) {
  const { suspendTerminal } = useApp();
  terminal.suspend = suspendTerminal;
  useSyncExternalStore(dashboard.subscribe, dashboard.version);
  useInput((input, key) => pressKeys(dashboard, input, key));
  const { columns, rows, isTooSmall } = dashboard.plan;
  if (isTooSmall) {
    return (
      <Text>{`This terminal is ${columns}×${rows}; mirrorctl needs ${COLUMNS_MIN}×${ROWS_MIN}.`}</Text>
    );
  }
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Header dashboard={dashboard} />
      <Alert dashboard={dashboard} />
      <Legend dashboard={dashboard} />
      <MapTitle dashboard={dashboard} />
      <CanvasRows dashboard={dashboard} />
      <Deck dashboard={dashboard} />
      <KeyBar dashboard={dashboard} />
      <OverlayBox dashboard={dashboard} />
    </Box>
  );
}

/** As many panels as there is room for, those around the focused one. */
function Deck({ dashboard }: { readonly dashboard: Dashboard }) {
  const { deckColumns, deckRows } = dashboard.plan;
  const perPage = deckColumns * deckRows;
  if (perPage === 0) return null;
  const first = Math.floor(dashboard.focus / perPage) * perPage;
  return Array.from({ length: deckRows }, (_, row) => (
    <Box key={PANELS[row * deckColumns]} flexShrink={0}>
      {PANELS.slice(first + row * deckColumns, first + (row + 1) * deckColumns).map((name) => (
        <DeckPanel key={name} dashboard={dashboard} name={name} />
      ))}
    </Box>
  ));
}

function DeckPanel({
  dashboard,
  name,
}: {
  readonly dashboard: Dashboard;
  readonly name: PanelName;
}) {
  const { columns, deckColumns, panelHeight } = dashboard.plan;
  const place = PANELS.indexOf(name) % deckColumns;
  const edge = (column: number) => Math.floor((column * columns) / deckColumns);
  const width = edge(place + 1) - edge(place);
  const { status } = dashboard.watch.snapshot;
  const Content = CONTENT[name];
  return (
    <Panel
      dashboard={dashboard}
      title={TITLES[name]}
      isFocused={PANELS[dashboard.focus] === name}
      width={width}
      height={panelHeight}
    >
      {status === null ? null : (
        <Content dashboard={dashboard} status={status} width={width - 2} height={panelHeight - 2} />
      )}
    </Panel>
  );
}
