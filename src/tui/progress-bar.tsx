/** A bar that fills from the left; nothing in it says "unknown". */
import { Text } from 'ink';
import type { Dashboard } from './dashboard.ts';
import { colourOf } from './paint.ts';

export interface ProgressBarProps {
  readonly dashboard: Dashboard;
  /** 0 to 1; null: unknown. */
  readonly share: number | null;
  readonly width: number;
}

export function ProgressBar({ dashboard, share, width }: ProgressBarProps) {
  const full = share === null ? 0 : Math.floor(share * width);
  const [done, left] = dashboard.settings.traits.ascii ? ['=', '-'] : ['━', '─'];
  return (
    <>
      <Text {...colourOf(dashboard, share === 1 ? 'good' : 'accent')}>{done.repeat(full)}</Text>
      <Text {...colourOf(dashboard, 'faint')}>{left.repeat(width - full)}</Text>
    </>
  );
}
