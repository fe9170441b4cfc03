/**
 * The whole screen, from the dashboard's state to boxes and text. It draws; it decides nothing. The
 * rows of the map stay blank here, they are the painter's (see painter.ts).
 */
import type { SuspendTerminal } from 'ink';
import { Box, Text, useApp, useInput } from 'ink';
import { useSyncExternalStore } from 'react';
import type { Dashboard, PanelName } from './dashboard.ts';
import type { PlacedPanel } from './deck-plan.ts';
import { deckRows } from './deck-plan.ts';
import { Alert, CanvasRows, Header } from './header.tsx';
import { KeyBar } from './key-bar.tsx';
import { pressKeys } from './keyboard.ts';
import { Legend, MapTitle } from './map-heading.tsx';
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

function Deck({ dashboard }: { readonly dashboard: Dashboard }) {
  return deckRows(dashboard).map((panels) => (
    <Box key={panels[0]?.name} flexShrink={0}>
      {panels.map((panel) => (
        <DeckPanel key={panel.name} dashboard={dashboard} panel={panel} />
      ))}
    </Box>
  ));
}

interface DeckPanelProps {
  readonly dashboard: Dashboard;
  readonly panel: PlacedPanel;
}

function DeckPanel({ dashboard, panel: { name, rect, isFocused } }: DeckPanelProps) {
  const { width, height } = rect;
  const { status } = dashboard.watch.snapshot;
  const Content = CONTENT[name];
  return (
    <Panel {...{ dashboard, isFocused, width, height }} title={TITLES[name]}>
      {status === null ? null : (
        <Content dashboard={dashboard} status={status} width={width - 2} height={height - 2} />
      )}
    </Panel>
  );
}
